from __future__ import annotations

from pathlib import Path

from docrerank.datasets.card import write_card
from docrerank.report.audit import AuditSummary, Rate
from docrerank.runs import Run


def test_the_rates_of_an_audit_stand_in_the_card_with_their_intervals(whole_run: Run, tmp_path: Path) -> None:
    rates = Rate(3, 40, 0.01, 0.2), Rate(0, 18, 0.0, 0.2), {"year": Rate(3, 30, 0.02, 0.3), "": Rate(0, 0, 0, 1)}
    summary = AuditSummary(7, ("a", "b"), 60, 2, *rates, agreement=0.9)
    try:
        summary.write(whole_run.path)
        text = write_card(whole_run, "hf", {"default": {"train": 9}}, {})
    finally:
        (whole_run.path / "audit.json").unlink()
    assert "60 questions, drawn at random (seed 7), were held against their page by 2 people; 2 were unclear." in text
    assert "| hard negatives that the page answers | 3 | 40 | 7.5% | 1.0% to 20.0% |" in text
    assert "| hard negatives: property unknown | 0 | 0 | - |" in text
    assert "Fleiss' kappa 0.90." in text


def test_a_card_escapes_what_would_break_its_tables(whole_run: Run) -> None:
    text = write_card(whole_run, "hf", {"default": {"train": 9}}, {"a | reason\nof two lines": 2}, "mit")
    assert "| export | a \\| reason of two lines | 2 |" in text
    assert "license: mit" in text
    assert "Not audited" in text
