"""In a large run, too, a page is found by its kind where its words say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import ENCODINGS, LargePages, PageStore, TokenEncoder, open_index
from docrerank.runs import Run


@pytest.fixture
def pages(tmp_path: Path, topic_pages: list[Page], untrained: Reranker) -> LargePages:
    """Two documents of five pages, of which the last is a balance sheet."""
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    for name in ("a", "b"):
        own = [replace(page, id=f"{name}/{page.number}", document=name) for page in topic_pages]
        own[-1] = replace(own[-1], kinds=("balance sheet",), certainties=(0.95,))
        run.pages.write(name, own, "1")
    scorer: Any = untrained.scorer
    return open_index(run, PageStore(run.path / ENCODINGS, scorer))[1]


def find(pages: LargePages, encoder: TokenEncoder, query: str) -> dict[str, float]:
    """The candidates' ids, and how surely the query names each."""
    encoded = encoder.encode_queries([query])[0]
    found = pages.find(query, encoded, 1, "a")
    return dict(zip([page.id for page in found.pages], found.named.tolist(), strict=True))


def test_a_page_of_the_kind_that_is_asked_for_is_a_candidate_in_its_document(
    pages: LargePages, topic_pages: list[Page], untrained: Reranker
) -> None:
    encoder: Any = untrained.scorer
    words = " ".join(topic_pages[0].text.split()[:8])
    assert find(pages, encoder, words) == {"a/1": 0}  # the control: nothing is named
    named = find(pages, encoder, f"{words}, and what is the quick ratio?")
    assert named["a/1"] == 0
    assert named["a/5"] > 0.9
