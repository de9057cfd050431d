from __future__ import annotations

import math
from dataclasses import replace

import pytest
from fixtures.rankings import make_collection, make_measured, make_table, rank

from docrerank.evaluation import build_table
from docrerank.evaluation.benchmark import BenchmarkQuery
from docrerank.evaluation.find_candidates import Candidates
from docrerank.evaluation.measured import Measured
from docrerank.evaluation.scorers import UNREADABLE
from docrerank.records import UserError

SECOND = 1 / math.log2(3)
BM25 = make_measured("BM25", (2, 0, 0))
MINILM = make_measured("MiniLM", (2, 2, 2))
OURS = make_measured("ours", (1, 1, 2), trained=True)


def test_the_best_untrained_system_is_the_baseline_and_the_judgements_are_none() -> None:
    oracle = make_measured("oracle", (1, 1, 1))
    assert make_table([BM25, MINILM, oracle, OURS]).baseline == "MiniLM"


def test_only_trained_systems_leave_no_baseline() -> None:
    with pytest.raises(UserError, match="no untrained system"):
        make_table([OURS])


def test_differences_are_paired_by_query_whatever_their_order() -> None:
    backwards = Measured("backwards", True, dict(reversed(OURS.ranking.items())))
    table = make_table([MINILM, OURS, backwards])
    gain = (2 * (1 - SECOND)) / 3
    for name in ("ours", "backwards"):
        found = table.difference(name, "MiniLM")["NDCG@5"]
        assert found.interval.value == pytest.approx(gain)
        assert 0 <= found.interval.low < gain < found.interval.high
        assert found.p == 0.5  # two of three documents differ: a quarter of the exchanges are as far, on either side


def test_a_table_holds_the_baseline_s_pairs_or_every_pair_either_way_round() -> None:
    assert set(make_table([BM25, MINILM, OURS]).pairs) == {("BM25", "MiniLM"), ("ours", "MiniLM")}
    table = make_table([BM25, MINILM, OURS], every_pair=True)
    assert len(table.pairs) == 3
    there, back = (table.difference(*pair)["R@1"] for pair in (("ours", "BM25"), ("BM25", "ours")))
    assert there.p == back.p
    assert (back.interval.value, back.interval.low) == (-there.interval.value, -there.interval.high)
    assert table.difference("BM25", "BM25") == {}


def test_the_breakdown_counts_a_query_once_in_each_of_its_kinds() -> None:
    kinds = {"q0": ("Table", "Chart", "Table"), "q1": ("Table",), "q2": ()}
    table, chart = make_table([BM25, OURS], kinds).breakdowns["evidence"]
    assert (table.value, table.queries, chart.value, chart.queries) == ("Table", 2, "Chart", 1)
    assert table.means["ours"].value == 1
    assert chart.means["BM25"].value == pytest.approx(SECOND)


def test_questions_of_one_document_make_wider_intervals_than_as_many_documents() -> None:
    ids = [f"q{number}" for number in range(12)]
    ranking = rank({query: 1 if number < 6 else 2 for number, query in enumerate(ids)})
    qrels = {query: {f"{query}/1": 1} for query in ids}
    apart = make_collection([BenchmarkQuery(query, "Why?") for query in ids], qrels)
    asked = [BenchmarkQuery(query, "Why?", document=f"d{number // 3}") for number, query in enumerate(ids)]
    together = replace(apart, benchmark=replace(apart.benchmark, queries=tuple(asked)))
    tables = [
        build_table(each, Candidates("bm25", ranking, ""), [Measured("BM25", False, ranking)], every_pair=False)
        for each in (apart, together)
    ]
    assert [table.documents for table in tables] == [12, 4]
    widths = [table.systems[0].means["NDCG@5"].high - table.systems[0].means["NDCG@5"].low for table in tables]
    assert widths[1] > 1.3 * widths[0]


def test_two_systems_of_one_name_and_a_benchmark_without_judgements_are_refused() -> None:
    with pytest.raises(UserError, match="two systems are called 'BM25'"):
        make_table([BM25, BM25])
    empty = make_collection([BenchmarkQuery("q0", "Why?")], {})
    with pytest.raises(UserError, match="no question with a relevant page"):
        build_table(empty, Candidates("bm25", {}, ""), [BM25], every_pair=False)


def test_pairs_without_a_score_are_told() -> None:
    ranking = OURS.ranking | {"q1": dict.fromkeys(OURS.ranking["q1"], UNREADABLE)}
    table = make_table([BM25, replace(OURS, ranking=ranking)])
    assert "ours: 3 pairs have no score, and stand last." in table.notes
