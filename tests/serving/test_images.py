"""Images in requests: read, never taken for text; bad and hostile ones are the client's fault."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("rapidocr")

QUERY = "How high were net sales?"


def as_url(text: str) -> str:
    return f"data:image/png;base64,{text}"


def test_an_image_is_read_by_ocr_and_beats_unrelated_text(
    server: Any, revenue_image: bytes, encode_image: Any
) -> None:
    """llama.cpp #25921: an image's base64 was scored as if it were words."""
    image = encode_image(revenue_image)
    forms = [{"image": image}, {"image": as_url(image)}]
    forms += [{"content": [{"type": "image_url", "image_url": {"url": as_url(image), "detail": "high"}}]}]
    wrapped = "\n".join(image[start : start + 76] for start in range(0, len(image), 76))
    forms += [{"image": wrapped}, as_url(image)]
    answer = server.post("/v1/rerank", {"query": QUERY, "documents": ["The cat sleeps.", image[:400], *forms]})
    assert answer.status_code == 200, answer.text
    scores = {hit["index"]: hit["relevance_score"] for hit in answer.json()["results"]}
    assert len({scores[place] for place in range(2, 7)}) == 1
    assert scores[2] > 5 * max(scores[0], scores[1])


def test_an_image_with_its_text_scores_as_that_text(server: Any, revenue_image: bytes, encode_image: Any) -> None:
    text = "Net sales 41 million dollars"
    documents = [{"text": text, "image": encode_image(revenue_image)}, text]
    found = server.post("/v1/rerank", {"query": QUERY, "documents": documents}).json()["results"]
    assert found[0]["relevance_score"] == found[1]["relevance_score"]


def test_a_query_may_be_an_image_with_text(server: Any, revenue_image: bytes, encode_image: Any) -> None:
    """vLLM #35268: image and text together in a query were refused."""
    image = as_url(encode_image(revenue_image))
    query = {
        "content": [{"type": "text", "text": "Whose are these?"}, {"type": "image_url", "image_url": {"url": image}}]
    }
    body = {"query": query, "documents": ["Net sales of 41 million dollars.", "A cat sleeps."]}
    answer = server.post("/v1/rerank", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["index"] == 0


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


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (write_png_head(60_000, 60_000), 413, "too_many_pixels"),
        (write_png_head(200, 200), 422, "bad_image"),
        (gif(), 422, "bad_image"),
        (b"%PDF-1.7 not an image", 422, "bad_image"),
        (b"", 422, "bad_image"),
    ],
    ids=["bomb", "truncated", "other format", "a PDF", "nothing"],
)
def test_a_bad_image_is_the_clients_fault_and_named(
    server: Any, encode_image: Any, data: bytes, status: int, code: str
) -> None:
    answer = server.post("/v1/rerank", {"query": QUERY, "documents": ["a", {"image": encode_image(data)}]})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["field"] == "documents[1].image"
    assert server.get("/health").status_code == 200


def test_damaged_images_of_every_kind_never_fail_the_server(
    server: Any, encode_image: Any, revenue_image: bytes
) -> None:
    image = Image.open(io.BytesIO(revenue_image))
    for kind in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        image.save(buffer, kind)
        whole = bytearray(buffer.getvalue())
        for place in range(len(whole) // 7, len(whole), len(whole) // 4):
            whole[place : place + 3] = b"\xff\x00\xff"
            body = {"query": QUERY, "documents": [{"image": encode_image(bytes(whole[: place + len(whole) // 3]))}]}
            assert server.post("/v1/rerank", body).status_code in (200, 413, 422)
