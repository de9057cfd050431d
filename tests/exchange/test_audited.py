from __future__ import annotations

from types import SimpleNamespace

from docrerank.exchange.audited import describe_audit, write_audit
from docrerank.runs import Run


def rate(cases: int, of: int) -> SimpleNamespace:
    return SimpleNamespace(cases=cases, of=of, low=0.01, high=0.2)


def test_the_rates_of_an_audit_stand_in_the_card_with_their_intervals() -> None:
    summary = SimpleNamespace(
        seed=7,
        auditors=("a", "b"),
        judged=60,
        unclear=2,
        false_negatives=rate(3, 40),
        false_positives=rate(0, 18),
        by_property={"year": rate(3, 30), "": rate(0, 0)},
        agreement=0.9,
    )
    text = write_audit(summary)
    assert "60 questions, drawn at random (seed 7), were held against their page by 2 people; 2 were unclear." in text
    assert "| hard negatives that the page answers | 3 | 40 | 7.5% | 1.0% to 20.0% |" in text
    assert "| hard negatives: property unknown | 0 | 0 | - |" in text
    assert "Agreement between people: 90.0%." in text


def test_a_run_that_nobody_audited_says_nothing(whole_run: Run) -> None:
    assert describe_audit(whole_run) == ""
