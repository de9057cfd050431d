"""The probe to look at: accuracy by what was edited, and the worst cases with their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from docrerank.evaluation.probe import Case, Probed, ProbeSet, compare_probed, find_worst
from docrerank.report.marked_edits import mark_edit
from docrerank.report.results import Estimate, estimate
from docrerank.report.thumbnails import SMALL, draw_thumbnails
from docrerank.report.write_report import write_template
from docrerank.runs import Run

WORST = 8
TITLES = {"property": "By edited property", "writer": "By writer", "form": "By form"}


def describe_probe(found: ProbeSet, probed: Sequence[Probed], seed: int) -> dict[str, Any]:
    """Collect all numbers of a probe, for JSON.

    Args:
        found: the cases.
        probed: what each model made of them; later ones are compared with the first.
        seed: of the intervals.
    """
    models = [_describe_model(each, found.cases) for each in probed]
    for each, model in zip(probed[1:], models[1:], strict=True):
        model["difference_from_first"] = asdict(compare_probed(each, probed[0], found.cases, seed))
    return {
        "pages": len(found.pages),
        "cases": len(found.cases),
        "part": found.part,
        "seed": seed,
        "models": models,
    }


def write_probe(path: Path, run: Run, found: ProbeSet, probed: Sequence[Probed], content: Mapping[str, Any]) -> Path:
    """Write one HTML file that needs nothing else; documents' and questions' words are escaped.

    Args:
        path: where.
        run: its pages are drawn.
        found: the cases.
        probed: what each model made of them.
        content: of `describe_probe`.
    """
    worst = [(each.model, find_worst(each, found.cases, WORST)) for each in probed]
    pages = [found.pages[case.positive.page_id] for _, cases in worst for case, _ in cases]
    limit = run.recipe.ingest.max_image_pixels
    models = content["models"]
    differences = [(each["model"], each["difference_from_first"]) for each in models[1:]]
    reach = max((abs(one[edge]) for _, one in differences for edge in ("low", "high")), default=0.0) or 0.1
    write_template(
        path,
        "probe.html",
        name=run.path.resolve().name,
        content=content,
        overall=[_draw(each["model"], each["accuracy"]) for each in models],
        differences=[estimate(model, "", one, (-reach, reach), 2) for model, one in differences],
        breakdowns=[(title, _break_down(models, name)) for name, title in TITLES.items()],
        worst=[(model, [_show_case(case, margin) for case, margin in cases]) for model, cases in worst],
        thumbnails=draw_thumbnails(pages, SMALL, limit, run.recipe.workers),
    )
    return path


def _describe_model(probed: Probed, cases: Sequence[Case]) -> dict[str, Any]:
    return {
        "model": probed.model,
        "accuracy": asdict(probed.accuracy),
        "breakdowns": {
            name: {value: {"cases": count, **asdict(interval)} for value, (count, interval) in rows.items()}
            for name, rows in probed.breakdowns.items()
        },
        "difference_from_first": None,
        "worst": [_describe_case(case, margin) for case, margin in find_worst(probed, cases, WORST)],
    }


def _break_down(models: Sequence[Mapping[str, Any]], name: str) -> list[Estimate]:
    return [
        _draw(f"{value} ({row['cases']:,})" + (f", {each['model']}" if len(models) > 1 else ""), row)
        for value in models[0]["breakdowns"][name]
        for each in models
        for row in [each["breakdowns"][name][value]]
    ]


def _draw(title: str, interval: Mapping[str, Any]) -> Estimate:
    return estimate(title, "", interval, (0.0, 1.0), 2)


def _describe_case(case: Case, margin: float) -> dict[str, Any]:
    return {
        "page": case.positive.page_id,
        "positive": case.positive.text,
        "negative": case.negative.text,
        "property": case.negative.property,
        "answer": case.positive.answer,
        "evidence": case.positive.evidence,
        "margin": margin,
    }


def _show_case(case: Case, margin: float) -> dict[str, Any]:
    return {**_describe_case(case, margin), "pieces": mark_edit(case.positive, case.negative), "gap": f"{-margin:.3g}"}
