"""The batched scores against a plain loop, and against sentence-transformers itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from docrerank.records import Page
from docrerank.retrieval import Encoding, TokenEncoder, late_interaction, score_tokens, score_windows

QUERIES = ["How much were net sales in 2020?", "employees in Canada", "?!"]


def score_plainly(query: Encoding, page: Encoding) -> float:
    if not len(query.tokens) or not len(page.tokens):
        return 0.0
    return sum(max(float(np.dot(q, p)) for p in page.tokens) for q in query.tokens) / len(query.tokens)


@pytest.fixture(scope="module")
def encoded(encoder: TokenEncoder, topic_pages: list[Page]) -> tuple[list[Encoding], list[Encoding]]:
    return encoder.encode_queries(QUERIES), encoder.encode_pages([page.text for page in topic_pages])


def test_batched_scores_equal_a_plain_loop(encoded: tuple[list[Encoding], list[Encoding]]) -> None:
    queries, pages = encoded
    plain = [[score_plainly(query, page) for page in pages] for query in queries]
    np.testing.assert_allclose(score_tokens(queries, pages), plain, atol=1e-5)


def test_scores_are_the_same_in_small_chunks(
    encoded: tuple[list[Encoding], list[Encoding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score_tokens(*encoded)
    monkeypatch.setattr(late_interaction, "CHUNK", 1)
    np.testing.assert_allclose(score_tokens(*encoded), whole, atol=1e-6)


def test_a_score_with_one_window_left_out_differs(encoded: tuple[list[Encoding], list[Encoding]]) -> None:
    """The control: leaving out the rows of the page that match must show."""
    queries, pages = encoded
    rows = pages[0].tokens
    shortened = Encoding(rows[len(rows) // 2 :], pages[0].windows)
    assert abs(score_tokens(queries[:1], [shortened])[0, 0] - score_tokens(queries[:1], pages[:1])[0, 0]) > 0.01


def test_an_empty_page_and_a_query_of_punctuation_score_zero(encoded: tuple[list[Encoding], list[Encoding]]) -> None:
    scores = score_tokens(*encoded)
    assert not scores[2].any()
    assert not scores[:, 4].any()


def test_the_page_that_answers_is_the_best_by_tokens_and_by_windows(
    encoded: tuple[list[Encoding], list[Encoding]],
) -> None:
    assert score_tokens(*encoded).argmax(axis=1)[:2].tolist() == [0, 1]
    assert score_windows(*encoded).argmax(axis=1)[:2].tolist() == [0, 1]


def test_scores_equal_those_of_plain_sentence_transformers(
    encoder: TokenEncoder, encoded: tuple[list[Encoding], list[Encoding]], topic_pages: list[Page]
) -> None:
    queries, pages = encoded
    cut = encoder.cutter.cut([page.text for page in topic_pages[:4]])
    joined = [torch.cat(encoder.model.encode_document(windows)) for windows in cut]
    plain = encoder.model.similarity(encoder.model.encode_query(QUERIES[:2]), joined)
    np.testing.assert_allclose(score_tokens(queries[:2], pages[:4]), plain.cpu().numpy(), atol=1e-5)


def test_special_tokens_and_punctuation_do_not_take_part(encoder: TokenEncoder) -> None:
    bare, dotted = encoder.encode_queries(["net sales", "net, sales."])
    assert len(bare.tokens) == len(dotted.tokens) == 2


def test_a_text_is_encoded_the_same_whatever_stands_beside_it(encoder: TokenEncoder) -> None:
    alone = encoder.encode(["net sales rose"], "document")[0]
    among = encoder.encode(["a much longer text about many other things " * 4, "net sales rose"], "document")[1]
    np.testing.assert_allclose(alone.tokens, among.tokens, atol=1e-5)
    np.testing.assert_allclose(alone.windows, among.windows, atol=1e-5)
