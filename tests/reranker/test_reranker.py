from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.records import Page, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import Bm25, NamedPages, fuse, score_tokens, score_windows

QUESTION = "How many litres does the water plant treat?"


def test_the_page_that_answers_comes_first(untrained: Reranker, topic_pages: list[Page]) -> None:
    ranked = untrained.rank(QUESTION, topic_pages)
    assert ranked[0]["corpus_id"] == 2
    assert ranked[0]["page"] is topic_pages[2]
    assert sorted(hit["corpus_id"] for hit in ranked) == [0, 1, 2, 3, 4]


def test_top_k_cuts_the_ranking(untrained: Reranker, topic_pages: list[Page]) -> None:
    cut, whole = (untrained.rank(QUESTION, topic_pages, top_k=top_k) for top_k in (2, None))
    assert len(cut) == 2
    assert [hit["score"] for hit in cut] == pytest.approx([hit["score"] for hit in whole[:2]], abs=1e-5)


def test_plain_strings_rank_like_their_pages(untrained: Reranker, topic_pages: list[Page]) -> None:
    as_text = untrained.rank(QUESTION, [page.text for page in topic_pages])
    as_pages = untrained.rank(QUESTION, topic_pages)
    texts, pages = ({hit["corpus_id"]: hit["score"] for hit in ranked} for ranked in (as_text, as_pages))
    assert texts == pytest.approx(pages, abs=1e-5)


def test_predict_gives_a_probability_for_each_pair_whatever_the_others_are(
    untrained: Reranker, topic_pages: list[Page]
) -> None:
    pairs = [(QUESTION, page) for page in topic_pages] + [("net sales", topic_pages[0])]
    scores = untrained.predict(pairs)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_allclose(scores[2], untrained.predict([pairs[2]])[0], atol=1e-6)


def test_unfused_ranking_is_the_order_of_predict(untrained: Reranker, topic_pages: list[Page]) -> None:
    ranked = untrained.rank(QUESTION, topic_pages, fused=False)
    scores = untrained.predict([(QUESTION, page) for page in topic_pages])
    assert [hit["score"] for hit in ranked] == pytest.approx(sorted(scores.tolist(), reverse=True), abs=1e-6)


def test_equal_pages_keep_their_order(untrained: Reranker, topic_pages: list[Page]) -> None:
    ranked = untrained.rank(QUESTION, [topic_pages[2]] * 3)
    assert [hit["corpus_id"] for hit in ranked] == [0, 1, 2]


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_told(untrained: Reranker, topic_pages: list[Page], query: str) -> None:
    with pytest.raises(UserError, match="query is empty"):
        untrained.rank(query, topic_pages)


def test_no_pages_are_told(untrained: Reranker) -> None:
    with pytest.raises(UserError, match="no pages"):
        untrained.rank(QUESTION, [])


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model in"):
        Reranker.from_pretrained(tmp_path / "absent")


def test_a_folder_that_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a reranker"):
        Reranker.from_pretrained(tmp_path)


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text('{"model_type": "MultiVectorEncoder"}')
    with pytest.raises(UserError, match="cannot be loaded"):
        Reranker.from_pretrained(tmp_path)


def test_a_damaged_card_is_told(tmp_path: Path) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text('{"model_type": "MultiVectorEncoder"}')
    (tmp_path / "docrerank.json").write_text("{}")
    with pytest.raises(UserError, match=r"docrerank\.json cannot be read"):
        Reranker.from_pretrained(tmp_path)


def test_the_start_is_loaded_by_default_and_its_fusion_takes_minilms_windows(
    untrained: Reranker, topic_pages: list[Page]
) -> None:
    mini = Reranker.from_pretrained()
    assert isinstance(mini, Reranker)
    own = score_tokens(mini.encode_queries([QUESTION]), mini.encode_pages(topic_pages))[0]
    windows = score_windows(untrained.encode_queries([QUESTION]), untrained.encode_pages(topic_pages))[0]
    bm25 = Bm25([page.text for page in topic_pages]).score(QUESTION)
    expected = fuse(bm25, windows, own, named=NamedPages(topic_pages).score(QUESTION))
    ranked = {hit["corpus_id"]: hit["score"] for hit in mini.rank(QUESTION, topic_pages)}
    np.testing.assert_allclose([ranked[place] for place in range(len(topic_pages))], expected, atol=1e-5)
