"""A vision-language model behind the server: it sees the images, and says so where it is given none."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.servers import Served, serve_here
from PIL import Image

pytest.importorskip("peft")
pytest.importorskip("fastapi")

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
    from docrerank.serving import LOOPBACK, Settings

    settings = Settings((str(folder),), served_run.path, hosts=LOOPBACK, is_local=True)
    with serve_here(tmp_path_factory.mktemp("vision"), settings) as started:
        yield started


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


def test_every_form_of_an_image_is_the_same_image(served: Served, encode_image: Any) -> None:
    image = encode_image(to_png(draw_pages()[0]))
    url, wrapped = f"data:image/png;base64,{image}", "\n".join(image[at : at + 76] for at in range(0, len(image), 76))
    parts = [{"type": "image_url", "image_url": {"url": url, "detail": "high"}}]
    documents = [{"image": image}, {"image": url}, {"image": wrapped}, {"content": parts}, url]
    answer = served.post("/v1/rerank", {"query": QUERY, "documents": documents})
    assert answer.status_code == 200, answer.text
    assert len({hit["relevance_score"] for hit in answer.json()["results"]}) == 1


def write_png_head(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def gif() -> bytes:
    buffer = io.BytesIO()
    Image.new("P", (10, 10)).save(buffer, "GIF")
    return buffer.getvalue()


def cut() -> bytes:
    data = to_png(draw_pages()[0])
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (write_png_head(60_000, 60_000), 413, "too_many_pixels"),
        (write_png_head(10_000, 9_000), 413, "too_many_pixels"),
        (write_png_head(200, 200), 422, "bad_image"),
        (cut(), 422, "bad_image"),
        (gif(), 422, "bad_image"),
        (b"%PDF-1.7 not an image", 422, "bad_image"),
        (b"", 422, "bad_image"),
    ],
    ids=["bomb", "large", "truncated", "cut", "other format", "a PDF", "nothing"],
)
def test_a_bad_image_is_the_clients_fault_and_named(
    served: Served, encode_image: Any, data: bytes, status: int, code: str
) -> None:
    image = encode_image(to_png(draw_pages()[0]))
    documents = [{"image": image}, {"image": encode_image(data)}]
    answer = served.post("/v1/rerank", {"query": QUERY, "documents": documents})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["field"] == "documents[1].image"
    assert served.get("/health").status_code == 200


@pytest.mark.parametrize(
    "image", ["%%%", "/etc/passwd", "http://127.0.0.1/a.png", "file:///etc/passwd", "data:image/png;base64,%"]
)
def test_what_is_no_base64_is_told_and_nothing_is_fetched(served: Served, image: str) -> None:
    """vLLM PR 33468: a bad image gave 500."""
    answer = served.post("/v1/rerank", {"query": QUERY, "documents": [{"image": image}]})
    assert (answer.status_code, answer.json()["field"]) == (422, "documents[0].image")
    assert "base64" in answer.json()["hint"]


def test_damaged_images_of_every_kind_never_fail_the_server(served: Served, encode_image: Any) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        draw_pages()[0].save(buffer, kind)
        whole = bytearray(buffer.getvalue())
        for place in range(len(whole) // 7, len(whole), len(whole) // 4):
            whole[place : place + 3] = b"\xff\x00\xff"
            body = {"query": QUERY, "documents": [{"image": encode_image(bytes(whole[: place + len(whole) // 3]))}]}
            assert served.post("/v1/rerank", body).status_code in (200, 413, 422)


def test_pages_of_the_run_are_searched_and_seen(served: Served, served_run: Any) -> None:
    found = served.post("/v1/search", {"query": "employees", "top_k": 2, "candidates": 3})
    assert found.status_code == 200, found.text
    hits = found.json()["results"]
    assert len(hits) == 2
    marks = served.get(f"/v1/support/{hits[0]['page_id']}", params={"query": "employees"}).json()
    assert [match["word"] for match in marks["matches"]] == ["employees"]
    assert list((served_run.path / "cache").rglob("*.safetensors"))
