"""The baseline of serving.py: plain sentence-transformers behind FastAPI, as one would write it in an hour.

python benchmarks/plain_server.py FOLDER
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from PIL import Image
from sentence_transformers import CrossEncoder

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    """Load the folder and serve it on a free port, which is printed."""
    torch.set_num_threads(1)
    model = load(sys.argv[1])
    app = FastAPI()

    @app.get("/ready")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/v1/rerank")
    def rerank(body: dict[str, Any]) -> dict[str, Any]:
        pairs = [(body["query"], read(document)) for document in body["documents"]]
        scores = model.predict(pairs, show_progress_bar=False)
        order = sorted(range(len(pairs)), key=lambda index: -float(scores[index]))
        return {"results": [{"index": index, "relevance_score": float(scores[index])} for index in order]}

    config = uvicorn.Config(app, port=0, log_level="warning")
    sock = config.bind_socket()
    print(f"http://127.0.0.1:{sock.getsockname()[1]}/", flush=True)
    uvicorn.Server(config).run([sock])


def load(folder: str) -> Any:
    """The model; without torchvision a vision model's processor goes without its video part."""
    if not (Path(folder) / "preprocessor_config.json").is_file():
        return CrossEncoder(folder)
    import pytest
    from fixtures import tiny_vision as tiny

    return tiny.load_cross_encoder(Path(folder), pytest.MonkeyPatch())


def read(document: dict[str, str]) -> Any:
    """A document as CrossEncoder takes it."""
    if "text" in document:
        return document["text"]
    return Image.open(io.BytesIO(base64.b64decode(document["image"]))).convert("RGB")


if __name__ == "__main__":
    main()
