"""The report: everything worth seeing of a run, in one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from docrerank.evaluation import read_evaluation
from docrerank.evaluation.benchmark import find_pages
from docrerank.evaluation.statistics import HEADLINE
from docrerank.recipe import dump_recipe
from docrerank.records import Page
from docrerank.report.curves import read_curves
from docrerank.report.documents import name_subject, read_ingested
from docrerank.report.moved import AFTER, METRIC, Move, find_moves
from docrerank.report.relevance import read_relevance
from docrerank.report.samples import SamplePage, read_written
from docrerank.report.scores import lay_out, show, show_change
from docrerank.report.thumbnails import Thumbnail, draw_thumbnails
from docrerank.runs import Run, write_text


def write_report(run: Run) -> Path:
    """Write `RUN/report.html`; stages that were not done yet are told as such.

    Everything that comes from documents and questions is escaped, and the file forbids scripts and loads nothing.

    Raises:
        UserError: a part of the run, or its evaluation, is damaged.

    Example:
        >>> write_report(Run.open("RUN"))  # doctest: +SKIP
        PosixPath('RUN/report.html')
    """
    page = make_environment().get_template("report.html").render(_gather(run))
    write_text(run.report, page.encode("utf-8", "replace").decode("utf-8"))
    return run.report


def make_environment() -> Environment:
    """Autoescape is on for all that is put into the template."""
    environment = Environment(
        loader=PackageLoader("docrerank.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["subject"] = name_subject
    environment.filters["change"] = show_change
    return environment


def _gather(run: Run) -> dict[str, Any]:
    evaluation = read_evaluation(run) if run.evaluation.is_file() else {}
    ingested = read_ingested(run)  # before the manifest: what repeats may have to be found first
    manifest, written = run.manifest.read(), read_written(run)
    risen, fallen = find_moves(evaluation)
    return {
        "name": run.path.resolve().name,
        "ingested": ingested,
        "written": written,
        "curves": read_curves(run),
        "evaluation": evaluation,
        "scores": lay_out(evaluation) if evaluation else None,
        "headline": _sum_up(evaluation),
        "relevance": read_relevance(evaluation),
        "risen": risen,
        "fallen": fallen,
        "metric": METRIC,
        "after": AFTER,
        "thumbnails": _draw(run, written.samples, [*risen, *fallen], evaluation),
        "recipe": dump_recipe(run.recipe),
        "versions": manifest.get("versions", {}),
        "stages": manifest.get("stages", {}),
        "trained": run.model.is_dir(),
    }


def _draw(
    run: Run, samples: list[SamplePage], moves: list[Move], evaluation: Mapping[str, Any]
) -> dict[str, Thumbnail]:
    """Pictures of the pages shown. A page of a benchmark's own copy of a document stands for the run's."""
    ids = [sample.id for sample in samples]
    pages = find_pages(run, "", ids)
    asked = [page for move in moves for page in move.pages()]
    pages |= find_pages(run, evaluation.get("benchmark", ""), asked) if asked else {}
    wanted: list[Page] = [pages[page] for page in [*ids, *asked] if page in pages]
    return draw_thumbnails(wanted, run.recipe.ingest.max_image_pixels, run.recipe.workers)


def _sum_up(evaluation: Mapping[str, Any]) -> dict[str, str] | None:
    """The main number: the fused trained system, or the best untrained one, with its interval."""
    if not evaluation:
        return None
    comparison = evaluation["comparison"]
    systems, baseline = comparison["systems"], comparison["baseline"]
    name = AFTER if AFTER in systems else baseline
    difference = systems[name]["differences"].get(HEADLINE, {}).get("interval")
    return {
        "system": name,
        "value": show(systems[name]["metrics"][HEADLINE]["value"]),
        "baseline": baseline,
        "floor": show(systems[baseline]["metrics"][HEADLINE]["value"]),
        "difference": show_change(difference["value"]) if difference else "",
        "interval": f"{show_change(difference['low'])} to {show_change(difference['high'])}" if difference else "",
    }
