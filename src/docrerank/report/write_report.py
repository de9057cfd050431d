"""The report: everything worth seeing of a run, in one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from docrerank.evaluation import read_evaluation
from docrerank.recipe import dump_recipe
from docrerank.report.charts import draw_thresholds, draw_training
from docrerank.report.examples import Written, find_evidence, read_written
from docrerank.report.left_out import count_left_out, name_subject, read_ingested
from docrerank.report.results import (
    choose_figures,
    describe_gain,
    describe_threshold,
    lay_out,
    write,
)
from docrerank.report.thumbnails import LARGE, draw_thumbnails
from docrerank.runs import Run, write_text


def write_report(run: Run) -> Path:
    """Write `RUN/report.html`; it says which stages are still to be done.

    Everything that comes from documents and questions is escaped, and the file forbids scripts and loads nothing.

    Raises:
        UserError: a part of the run, or its evaluation, is damaged.

    Examples:
        >>> write_report(Run.open("RUN"))  # doctest: +SKIP
        PosixPath('RUN/report.html')
    """
    evaluation = read_evaluation(run) if run.evaluation.is_file() else {}
    ingested = read_ingested(run)  # before the manifest: finding what repeats adds to it
    manifest, written = run.manifest.read(), read_written(run)
    write_template(
        run.report,
        "report.html",
        name=run.path.resolve().name,
        ingested=ingested,
        left_out=count_left_out(run),
        written=written,
        training=draw_training(run),
        trained=run.model.is_dir(),
        recipe=dump_recipe(run.recipe),
        versions=manifest.get("versions", {}),
        stages=manifest.get("stages", {}),
        evaluation=evaluation,
        **_show_evaluation(evaluation),
        **_show_pages(run, written),
    )
    return run.report


def write_template(path: Path, template: str, **values: Any) -> None:
    """Fill a template in and write the page; a lone surrogate of a PDF's text becomes a question mark."""
    page = make_environment().get_template(template).render(**values)
    write_text(path, page.encode("utf-8", "replace").decode("utf-8"))


def make_environment() -> Environment:
    """Load the templates; autoescape is on for all that is put into them."""
    environment = Environment(
        loader=PackageLoader("docrerank.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "thousands": lambda number: f"{number:,}",
        "of": lambda number, noun: f"{number:,} {noun}{'' if number == 1 else 's'}",
        "subject": name_subject,
        "interval": lambda found: "{} ({})".format(*write(found)),
        "signed": lambda found: "{} ({})".format(*write(found, signed=True)),
    }
    return environment


def _show_evaluation(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    relevance = evaluation.get("relevance")
    return {
        "figures": choose_figures(evaluation),
        "gain": describe_gain(evaluation),
        "systems": lay_out(evaluation) if evaluation else [],
        "threshold": describe_threshold(relevance) if relevance else "",
        "thresholds": draw_thresholds(relevance) if relevance else "",
    }


def _show_pages(run: Run, written: Written) -> dict[str, Any]:
    """Draw the examples' pages, and find the evidence on them."""
    ids = [example.page_id for example in written.examples]
    documents = dict.fromkeys(page.rpartition("/")[0] for page in ids)
    pages = {page.id: page for name in documents for page in run.pages.read(name) if page.id in ids}
    marks = {
        example.page_id: find_evidence(pages[example.page_id], positive.query.evidence)
        for example in written.examples
        for positive in example.shown[:1]
        if example.page_id in pages
    }
    shown = [pages[page] for page in ids if page in pages]
    return {
        "marks": marks,
        "thumbnails": draw_thumbnails(shown, LARGE, run.recipe.ingest.max_image_pixels, run.recipe.workers),
    }
