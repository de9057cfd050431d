"""What is decided over the whole corpus."""

from __future__ import annotations

from pathlib import Path

from scripted import make_run

from docrerank.generation.corpus import CorpusIndex, gate_document
from docrerank.queries import NearDuplicates
from docrerank.records import Query

TEXT = "How many litres did the plant of Graz treat in 1991?"
FIRST = Query("volume-000/1#1", "volume-000/1", TEXT, "positive", "question")
AGAIN = Query("volume-001/1#1", "volume-001/1", TEXT, "positive", "question")
MADE = Query("volume-001/1#1/n1", "volume-001/1", TEXT.replace("1991", "1993"), "hard_negative", "question", AGAIN.id)


def test_a_repeated_positive_goes_with_all_made_from_it_unless_it_was_imported_complete(tmp_path: Path) -> None:
    corpus = CorpusIndex(make_run(tmp_path / "run", "http://127.0.0.1:9/v1", 2, 2))
    seen = NearDuplicates(0.85)
    gate_document([FIRST], seen, corpus)
    kept, rejected = gate_document([AGAIN, MADE], seen, corpus)
    assert (kept, [row.reason for row in rejected]) == ([], ["near-duplicate in the corpus"])
    kept, rejected = gate_document([AGAIN, MADE], seen, corpus, {AGAIN.id})
    assert ([query.id for query in kept], rejected) == ([AGAIN.id, MADE.id], [])
