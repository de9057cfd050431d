"""The probe to look at: accuracy by what was edited, the shortcut check, the worst cases with their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from docrerank.evaluation import draw_whisker
from docrerank.evaluation.probe import Case, Probed, ProbeSet, Shortcut, compare_probed, find_worst
from docrerank.evaluation.statistics import Interval
from docrerank.report.edits import mark_edit
from docrerank.report.thumbnails import draw_thumbnails
from docrerank.report.write_report import make_environment
from docrerank.runs import Run, write_text

WORST = 8


def describe_probe(found: ProbeSet, probed: Sequence[Probed], shortcut: Shortcut | str, seed: int) -> dict[str, Any]:
    """All numbers of a probe, for JSON.

    Args:
        found: the cases.
        probed: what each model made of them; later ones are compared with the first.
        shortcut: the shortcut check, or why it was not done.
        seed: of the intervals.
    """
    done = isinstance(shortcut, Shortcut)
    return {
        "pages": len(found.pages),
        "cases": len(found.cases),
        "part": found.part,
        "seed": seed,
        "models": [
            {
                "model": each.model,
                "accuracy": asdict(each.accuracy),
                "breakdowns": {
                    name: {value: {"cases": count, **asdict(interval)} for value, (count, interval) in rows.items()}
                    for name, rows in each.breakdowns.items()
                },
                "difference_from_first": asdict(compare_probed(each, probed[0], found.cases, seed)) if place else None,
                "worst": [_describe_case(case, margin) for case, margin in find_worst(each, found.cases, WORST)],
            }
            for place, each in enumerate(probed)
        ],
        "shortcut": asdict(shortcut) if isinstance(shortcut, Shortcut) else None,
        "shortcut_missing": "" if done else shortcut,
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
    text = (
        make_environment()
        .get_template("probe.html")
        .render(
            name=run.path.resolve().name,
            content=content,
            overall=[_row(each.model, each.accuracy, (0.0, 1.0)) for each in probed],
            differences=_differences(content),
            breakdowns=_breakdowns(probed),
            shortcuts=_shortcuts(content),
            worst=[(model, [_show_case(case, margin) for case, margin in cases]) for model, cases in worst],
            thumbnails=draw_thumbnails(pages, limit, run.recipe.workers),
        )
    )
    write_text(path, text.encode("utf-8", "replace").decode("utf-8"))
    return path


def _breakdowns(probed: Sequence[Probed]) -> list[tuple[str, list[dict[str, Any]]]]:
    titles = {"property": "By edited property", "writer": "By writer", "form": "By form"}
    tables = []
    for name, title in titles.items():
        rows = [
            _row(f"{value} ({count:,})" + (f", {each.model}" if len(probed) > 1 else ""), interval, (0.0, 1.0))
            for value in probed[0].breakdowns[name]
            for each in probed
            for count, interval in [each.breakdowns[name][value]]
        ]
        tables.append((title, rows))
    return tables


def _differences(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [(each["model"], Interval(**each["difference_from_first"])) for each in content["models"][1:]]
    reach = max((abs(edge) for _, one in found for edge in (one.low, one.high)), default=0.0) or 0.1
    return [_row(model, interval, (-reach, reach)) for model, interval in found]


def _shortcuts(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not content["shortcut"]:
        return []
    named = {"words": "words and letters of the query", "template": "its template alone"}
    return [_row(title, Interval(**content["shortcut"][key]), (0.0, 1.0)) for key, title in named.items()]


def _row(name: str, interval: Interval, axis: tuple[float, float]) -> dict[str, Any]:
    signed = "+" if axis[0] < 0 else ""
    return {
        "name": name,
        "drawing": draw_whisker(interval, axis),
        "value": format(interval.value, f"{signed}.3f"),
        "interval": f"{interval.low:{signed}.3f} to {interval.high:{signed}.3f}",
    }


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
