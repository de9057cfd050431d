"""A vision-language model behind the server: it sees the images, and says so where it is given none."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.servers import Served, start_server
from PIL import Image

pytest.importorskip("peft")

QUERY = "net sales in 2021"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model, saved as anyone's would be."""
    from fixtures.tiny_vision import make_model, make_tokenizer, save_base

    tokenizer = make_tokenizer()
    place = tmp_path_factory.mktemp("models") / "tiny-vl"
    return save_base(place, "qwen2_vl", make_model("qwen2_vl", tokenizer), tokenizer)


@pytest.fixture(scope="module")
def served(folder: Path, served_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    started = start_server(tmp_path_factory.mktemp("vision"), str(folder), "--pages", str(served_run.path))
    yield started
    started.kill()


def draw_pages() -> list[Image.Image]:
    from fixtures.tiny_vision import make_page

    return [make_page(seed) for seed in range(3)]


def to_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_images_score_as_in_the_same_process(served: Served, folder: Path, encode_image: Any) -> None:
    from docrerank.reranker import Reranker

    pages = draw_pages()
    documents = [{"image": encode_image(to_png(page))} for page in pages]
    answer = served.post("/v1/rerank", {"query": QUERY, "documents": documents})
    assert answer.status_code == 200, answer.text
    scores = {hit["index"]: hit["relevance_score"] for hit in answer.json()["results"]}
    expected = np.asarray(Reranker.from_pretrained(folder).predict([(QUERY, page) for page in pages]))
    np.testing.assert_allclose([scores[index] for index in range(3)], expected, atol=1e-4)
    assert len(set(scores.values())) == 3


def test_a_document_without_an_image_is_told(served: Served, encode_image: Any) -> None:
    image = encode_image(to_png(draw_pages()[0]))
    answer = served.post("/v1/rerank", {"query": QUERY, "documents": [{"image": image}, "only words"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "needs_image")
    assert answer.json()["field"] == "documents[1]"
    limited = served.post("/v1/rerank", {"query": QUERY, "documents": [{"image": image}], "max_tokens_per_doc": 5})
    assert limited.json()["field"] == "max_tokens_per_doc"


def test_a_damaged_image_is_the_clients_fault(served: Served, encode_image: Any) -> None:
    data = to_png(draw_pages()[0])
    answer = served.post(
        "/v1/rerank", {"query": QUERY, "documents": [{"image": encode_image(data[: len(data) // 2])}]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_image")


def test_pages_of_the_run_are_searched_and_seen(served: Served, served_run: Any) -> None:
    found = served.post("/v1/search", {"query": "employees", "top_k": 2, "candidates": 3})
    assert found.status_code == 200, found.text
    hits = found.json()["results"]
    assert len(hits) == 2
    marks = served.get(f"/v1/support/{hits[0]['page_id']}", params={"query": "employees"}).json()
    assert [match["word"] for match in marks["matches"]] == ["employees"]
    assert list((served_run.path / "cache").rglob("*.safetensors"))
