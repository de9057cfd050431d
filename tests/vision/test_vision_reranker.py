from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from docrerank.records import Page, UserError
from docrerank.retrieval import ModelCard
from docrerank.vision import PageCache, VisionReranker, save_reranker
from docrerank.vision import vision_reranker as scoring_module
from docrerank.vision.images import open_page

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
QUERIES = ["net sales in 2021", "Which year had the highest total revenue?", "margin", "of the second year, " * 6]


@pytest.fixture
def reranker(bases: dict[str, Path]) -> VisionReranker:
    return VisionReranker.from_pretrained(bases["qwen2_vl"])


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_plain_cross_encoder_on_the_same_folder(
    family: str, bases: dict[str, Path], pages: Any, tmp_path: Path, cross_encoder: Any
) -> None:
    pairs: list[Any] = [(query, page) for query in QUERIES for page in pages]
    pairs += [(query, {"image": pages[0], "text": "Net sales 41"}) for query in QUERIES] + [(pages[1], QUERIES[0])]
    ours = VisionReranker.from_pretrained(bases[family])
    fresh, cached = ours.predict(pairs), ours.predict(pairs)
    plain = cross_encoder(save_reranker(ours.parts, tmp_path / "saved"))
    for batch_size in (1, 32):
        np.testing.assert_allclose(fresh, plain.predict(pairs, batch_size=batch_size), atol=1e-5)
    np.testing.assert_allclose(fresh, cached, atol=1e-6)
    assert plain.predict(pairs).std() > 0.01
    theirs = {hit["corpus_id"]: hit["score"] for hit in plain.rank(QUERIES[1], list(pages))}
    ranked = ours.rank(QUERIES[1], list(pages))
    assert [hit["score"] for hit in ranked] == sorted((hit["score"] for hit in ranked), reverse=True)
    for hit in ranked:
        assert hit["score"] == pytest.approx(theirs[hit["corpus_id"]], abs=1e-5)


@torch.no_grad()
def test_a_score_does_not_depend_on_its_batch(reranker: VisionReranker, pages: Any) -> None:
    pairs = [(query, page) for query in QUERIES for page in pages]
    together = reranker.score(pairs).values
    alone = []
    for pair in pairs:
        reranker.cache = PageCache()
        alone.append(reranker.score([pair]).values[0])
    reranker.cache, reranker.batch_tokens = PageCache(), 100
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together, reranker.score(pairs[::-1]).values[::-1], atol=1e-5)


def test_a_page_is_encoded_once_for_all_its_queries(
    reranker: VisionReranker, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    plain = scoring_module.encode_pages
    monkeypatch.setattr(
        scoring_module, "encode_pages", lambda model, batch: (encoded.append(len(batch)), plain(model, batch))[1]
    )
    reranker.predict([(query, page.copy()) for query in QUERIES for page in pages])
    reranker.rank("another", list(pages))
    assert sum(encoded) == 3


def test_a_query_first_prompt_scores_every_pair_by_itself(
    bases: dict[str, Path], pages: Any, tmp_path: Path, cross_encoder: Any
) -> None:
    ours = VisionReranker.from_pretrained(bases["qwen3_vl"], prompt="qwen3")
    pairs = [(query, page) for query in QUERIES[:2] for page in pages]
    plain = cross_encoder(save_reranker(ours.parts, tmp_path / "saved"))
    np.testing.assert_allclose(ours.predict(pairs), plain.predict(pairs), atol=1e-5)
    assert ours.cache.hits["memory"] == 0
    with pytest.raises(UserError, match="before the page"):
        ours.warm(pages)


def test_a_ranking_has_the_form_of_a_text_rerankers(reranker: VisionReranker, pages: Any) -> None:
    scores = reranker.predict([("margin", page) for page in pages])
    hits = reranker.rank("margin", pages, top_k=2)
    assert [set(hit) for hit in hits] == [{"corpus_id", "score", "page", "error"}] * 2
    assert hits[0]["score"] == pytest.approx(float(scores.max()), abs=1e-6)
    assert hits[0]["page"] is pages[hits[0]["corpus_id"]]
    assert hits[0]["error"] is None
    raw = reranker.score([("margin", pages[0])]).values
    assert 1 / (1 + np.exp(-raw[0])) == pytest.approx(float(scores[0]), abs=1e-6)
    with pytest.raises(UserError, match="no pages"):
        reranker.rank("margin", [])


def test_an_unreadable_image_among_fifty_leaves_the_others_their_scores(
    reranker: VisionReranker, pages: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    pages[0].save(good)
    bad.write_bytes(good.read_bytes()[:200])
    documents: list[Any] = [good] * 46 + [str(bad), tmp_path / "absent.png", 7, pages[2].resize((600, 2))]
    scored = reranker.score([("margin", document) for document in documents])
    assert np.isfinite(scored.values[:46]).all()
    assert np.isnan(scored.values[46:]).all()
    assert "cannot be" in scored.reasons[46]
    assert "no image file" in scored.reasons[47]
    assert "not int" in scored.reasons[48]
    assert "aspect ratio" in scored.reasons[49]
    assert np.isnan(reranker.predict([("margin", document) for document in documents])[46:]).all()
    assert "pair 47 has no score" in caplog.text
    last = reranker.rank("margin", documents)[-4:]
    assert [hit["corpus_id"] for hit in last] == [46, 47, 48, 49]
    assert "cannot be" in str(last[0]["error"])


def test_a_path_scores_as_its_image_and_a_large_page_is_shrunk(
    reranker: VisionReranker, pages: Any, tmp_path: Path
) -> None:
    large = pages[1].resize((1500, 2100))
    large.save(tmp_path / "large.png")
    scores = reranker.predict([("margin", large), ("margin", tmp_path / "large.png")])
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    small = reranker.parts.reader
    assert len(small.read(open_page(large, small.pixels)).ids) < small.pixels // 784 + 40


def test_pages_of_a_pdf_are_drawn_at_the_size_that_is_read(reranker: VisionReranker, tmp_path: Path) -> None:
    page = read_pdf(tmp_path)
    assert np.isfinite(reranker.predict([("margin", page)])).all()
    assert "whole PDF" in reranker.score([("margin", page.source)]).reasons[0]
    reader = reranker.parts.reader
    drawn = open_page(page, reader.pixels).draw(28)
    grid = reader.read(open_page(page, reader.pixels)).grid[0].tolist()
    assert [grid[2] * 14, grid[1] * 14] == list(drawn.size)  # the processor has nothing left to resize


def test_a_model_trained_with_page_text_reads_pages_with_their_text(reranker: VisionReranker, tmp_path: Path) -> None:
    page = replace(read_pdf(tmp_path), text="net sales 41")
    bare, given = reranker.score([("margin", page), ("margin", {"image": page, "text": page.text})]).values
    assert bare != pytest.approx(given, abs=1e-4)
    folder = save_reranker(reranker.parts, tmp_path / "saved")
    ModelCard(page_text=True).write(folder)
    assert VisionReranker.from_pretrained(folder).score([("margin", page)]).values == pytest.approx([given], abs=1e-5)


def read_pdf(folder: Path) -> Page:
    import pypdfium2

    pdf = pypdfium2.PdfDocument.new()
    pdf.new_page(200, 260)
    pdf.save(folder / "empty.pdf")
    pdf.close()
    sha256 = hashlib.sha256((folder / "empty.pdf").read_bytes()).hexdigest()
    source = str(folder / "empty.pdf")
    return Page("empty/1", "empty", 1, source, sha256, 200, 260, "", "none", np.zeros((0, 4), np.float32))


@pytest.mark.parametrize("pair", [("", "x.png"), ("  ", "x.png")])
def test_an_empty_query_is_refused(reranker: VisionReranker, pages: Any, pair: Any) -> None:
    with pytest.raises(UserError, match="pair 2: the query is empty"):
        reranker.predict([("margin", pages[0]), pair])


def test_a_pair_without_a_query_is_refused(reranker: VisionReranker, pages: Any) -> None:
    with pytest.raises(UserError, match="no query"):
        reranker.predict([(pages[0], pages[1])])


def test_out_of_memory_halves_the_batch_and_says_so(
    reranker: VisionReranker, pages: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = reranker.predict([("margin", page) for page in pages])
    plain = scoring_module.encode_pages

    def tight(model: Any, batch: Sequence[Any]) -> list[Any]:
        if len(batch) > 1 or len(batch[0].ids) > 60:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(model, batch)

    monkeypatch.setattr(scoring_module, "encode_pages", tight)
    reranker.cache = PageCache()
    scored = reranker.score([("margin", page) for page in pages])
    assert "going on with" in caplog.text
    assert "out of memory on a single page" in scored.reasons[1]
    found = torch.sigmoid(torch.from_numpy(scored.values)).numpy()
    np.testing.assert_allclose(found[[0, 2]], expected[[0, 2]], atol=1e-5)
