"""The export behind a real vLLM server on a processor: its scores and its order are ours."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.servers import Served
from fixtures.tiny_vision import FAMILIES, make_model, make_page, save_base
from fixtures.vllm import StartVllm
from PIL import Image

from docrerank.reranker import Reranker
from docrerank.vision import export_classifier

pytestmark = pytest.mark.servers
QUERIES = ["net sales in 2021", "Does the total margin of 2022 show revenue?"]
#: The fifth is larger than the bound: both sides resize it.
SIZES = [(112, 140), (140, 112), (300, 200), (60, 60), (600, 800), (84, 112)]
#: Both compute in float32: the largest difference seen was 6e-5.
TOLERANCE = 1e-3


@dataclass
class Twin:
    """One tiny random model, here and behind vLLM."""

    ours: Any
    folder: Path
    served: Served

    def rerank(self, query: str, documents: list[Any]) -> np.ndarray:
        body = self.ask("/v1/rerank", {"query": query, "documents": documents})
        return np.array([row["relevance_score"] for row in sorted(body["results"], key=lambda row: row["index"])])

    def score(self, query: str, documents: list[Any]) -> np.ndarray:
        body = self.ask("/score", {"queries": query, "documents": documents})
        return np.array([row["score"] for row in body["data"]])

    def ask(self, path: str, body: Any) -> Any:
        answer = self.served.post(path, body)
        assert answer.status_code == 200, answer.text + self.served.log.read_text()[-2000:]
        return answer.json()


@pytest.fixture(scope="module", params=FAMILIES)
def twin(
    request: pytest.FixtureRequest, tokenizer: Any, start_vllm: StartVllm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twin]:
    """Heads of 32: vLLM's attention for processors has none smaller."""
    root = tmp_path_factory.mktemp(request.param)
    base = save_base(root / "base", request.param, make_model(request.param, tokenizer, width=128), tokenizer)
    ours = Reranker.from_pretrained(base)
    folder = export_classifier(ours.parts, root / "classifier")  # type: ignore[attr-defined]
    template = str(folder / "chat_template.jinja")
    with start_vllm(folder, "--runner", "pooling", "--chat-template", template) as served:
        yield Twin(ours, folder, served)


def test_vllm_gives_the_scores_and_the_order_of_the_model_that_was_exported(twin: Twin) -> None:
    pages = [make_page(seed, *size) for seed, size in enumerate(SIZES)]
    documents = [as_document(page) for page in pages]
    for query in QUERIES:
        ours = np.array(twin.ours.predict([(query, page) for page in pages]))
        assert np.ptp(ours) > 100 * TOLERANCE, "these scores could not be told apart"
        for theirs in (twin.rerank(query, documents), twin.score(query, documents)):
            print(f"{twin.folder.parent.name}: largest difference {np.abs(theirs - ours).max():.1e}")
            np.testing.assert_allclose(theirs, ours, atol=TOLERANCE)
            apart = ours[:, None] > ours[None] + TOLERANCE
            assert (theirs[:, None] > theirs[None])[apart].all()


def test_text_beside_the_image_is_read_by_vllm_as_here(twin: Twin) -> None:
    page, text = make_page(1), "total revenue 2021"
    ours = twin.ours.predict([(QUERIES[0], {"image": page, "text": text}), (QUERIES[0], page)])
    beside = {"content": [*as_document(page)["content"], {"type": "text", "text": text}]}
    theirs = twin.rerank(QUERIES[0], [beside, as_document(page)])
    np.testing.assert_allclose(theirs, ours, atol=TOLERANCE)
    assert abs(ours[0] - ours[1]) > 2 * TOLERANCE, "the text changes nothing: the test says nothing"


def as_document(page: Image.Image) -> dict[str, Any]:
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {"content": [{"type": "image_url", "image_url": {"url": url}}]}
