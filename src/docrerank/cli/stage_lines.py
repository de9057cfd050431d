"""What a stage did, in a line for a person; the counts themselves are in `run.json` and the report."""

from __future__ import annotations

from typing import Any

from docrerank.cli.output import describe

#: In words, the keys of an evaluation's counts.
FIGURES = (("best untrained", "best_untrained"), ("start", "start"), ("trained", "trained"))

Counts = dict[str, Any]


def describe_stage(name: str, counts: Counts) -> str:
    """One line, without the stage's name.

    Examples:
        >>> describe_stage("mine", {"mined": 315, "redone": 105, "queries": 105})
        '315 wrong pages for 105 questions'
    """
    if name == "report":
        return str(counts["path"])
    lines = {"ingest": _ingest, "generate": _generate, "mine": _mine, "train": _train, "evaluate": _evaluate}
    return lines[name](counts) if name in lines else describe(counts)


def _ingest(counts: Counts) -> str:
    parts = [f"{counts['read']:,} read", f"{counts['left_out']:,} left out"]
    if known := counts["documents"] - counts["read"]:
        parts.insert(1, f"{known:,} read before")
    by_ocr = f", {counts['ocr']:,} of them by OCR" if counts["ocr"] else ""
    return f"{_count(counts['documents'], 'document')}: {', '.join(parts)}; {_count(counts['pages'], 'page')}{by_ocr}"


def _generate(counts: Counts) -> str:
    kinds = (("positive", "question"), ("hard_negative", "hard negative"), ("rephrased", "rephrasing"))
    found = ", ".join(_count(counts.get(kind, 0), word) for kind, word in kinds)
    return found + _as_before(counts, "documents_redone")


def _mine(counts: Counts) -> str:
    of = f" for {_count(counts['queries'], 'question')}" if "queries" in counts else ""
    return f"{_count(counts['mined'], 'wrong page')}{of}{_as_before(counts, 'redone')}"


def _train(counts: Counts) -> str:
    if not counts.get("redone", 1):
        return "as before"
    parts = [_count(counts[name], word) for name, word in (("groups", "group"), ("steps", "step")) if name in counts]
    if "dev_ndcg" in counts:
        before, after = _share(counts.get("dev_ndcg_untrained", 0.0)), _share(counts["dev_ndcg"])
        parts.append(f"NDCG@5 on held-out documents {before} before, {after} after")
    return ", ".join(parts) + ("; the start is kept" if counts.get("kept") == "untrained" else "")


def _evaluate(counts: Counts) -> str:
    return _count(counts["questions"], "question") if "questions" in counts else describe(counts)


def describe_figures(counts: Counts) -> list[str]:
    """The three figures of an evaluation and what training gained; nothing without an evaluation."""
    found = {name: counts[key] for name, key in FIGURES if isinstance(counts.get(key), dict)}
    if not found:
        return []
    lines = ["NDCG@5: " + ", ".join(f"{name} {_share(figure['value'])}" for name, figure in found.items())]
    if gain := counts.get("gain_of_training"):
        low, high = f"{gain['low']:+.3f}", f"{gain['high']:+.3f}"
        verdict = "" if gain["low"] > 0 or gain["high"] < 0 else ": no difference that these questions show"
        lines.append(f"training gained {gain['value']:+.3f} [{low}, {high}]{verdict}")
    return lines


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _as_before(counts: Counts, name: str) -> str:
    return "" if counts.get(name, 1) else " (as before)"


def _share(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else f"{value:.3f}"
