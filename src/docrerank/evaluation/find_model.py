"""From what a user names to a model that scores: run folders, model folders, peers by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docrerank.evaluation.names import BASELINES
from docrerank.evaluation.scorers import (
    EmbedderScorer,
    ImageScorer,
    Scorer,
    TextScorer,
    VisionScorer,
    predict_images,
    run_own_code,
)
from docrerank.recipe import Train, fingerprint
from docrerank.recipe.extras import require
from docrerank.records import MissingExtra, UserError, one_line
from docrerank.reranker import FirstEncoder, Reranker, load_first, locate
from docrerank.retrieval import STARTS, hash_start, read_card
from docrerank.runs import hash_file, read_json
from docrerank.vision import find_folder, is_vision_model, reads_images

#: Peers by a short name.
PEERS = {
    "jina-reranker-m0": "jinaai/jina-reranker-m0",
    "monoqwen": "lightonai/MonoQwen2-VL-v0.1",
    "monoqwen2-vl-v0.1": "lightonai/MonoQwen2-VL-v0.1",
    "qwen3-vl-reranker-2b": "Qwen/Qwen3-VL-Reranker-2B",
    "qwen3-vl-reranker-8b": "Qwen/Qwen3-VL-Reranker-8B",
    "docrerank-reranker": "DocReRank/DocReRank-Reranker",
    "lychee-rerank-mm": "vec-ai/lychee-rerank-mm",
    "lighton-rerank-pw-0.8b": "lightonai/LightOn-rerank-PW-0.8B",
    "lighton-rerank-pw-2b": "lightonai/LightOn-rerank-PW-2B",
    "lighton-rerank-pw-4b": "lightonai/LightOn-rerank-PW-4B",
}
#: Peers whose weights need the code of their repository.
OWN_CODE = ("jinaai/jina-reranker-m0",)
#: Files above this size are known by their size and date, not by their bytes.
HASHED_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is named, not yet loaded.

    Attributes:
        name: in tables and file names.
        path: a folder, a hub name, or a start: `docrerank-mini`, `minilm`.
        trained: whether it learned from data that this project made.
    """

    name: str
    path: str
    trained: bool

    def fingerprint(self) -> str:
        """Changes with the model's files; of a hub name with the revision that is in the hub's cache."""
        folder, snapshot = Path(self.path), find_folder(self.path)
        if self.path in STARTS:
            return fingerprint("model", self.path, hash_start(self.path))
        if not folder.is_dir():
            return fingerprint("model", self.path, snapshot.name if snapshot else "")
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return fingerprint("model", [[file.name, _identify(file)] for file in files])


def find_model(name: str) -> Model:
    """What a user's word stands for; nothing is loaded.

    Args:
        name: a run folder (its model is meant), a model's folder, `minilm`, a short name of `PEERS`, or a hub name.

    Raises:
        UserError: a folder that is not there, or a run without a model.

    Examples:
        >>> find_model("monoqwen").path
        'lightonai/MonoQwen2-VL-v0.1'
    """
    folder = Path(name)
    if name in STARTS:
        return Model(name, name, trained=False)
    if (folder / "recipe.yaml").is_file():
        if not (folder / "model").is_dir():
            raise UserError(f"the run '{name}' has no model yet: docrerank train {name}")
        return Model(folder.resolve().name, str(folder / "model"), trained=True)
    if folder.is_dir():
        return Model(folder.resolve().name, str(folder), trained=bool(read_card(folder).made_from))
    peer = PEERS.get(name.lower(), name)
    if "/" not in peer or peer.startswith((".", "/")) or peer.count("/") != 1:
        known = ", ".join([*STARTS, *BASELINES, *PEERS])
        raise UserError(f"no model in '{name}': give a run, a model's folder, a hub name, or one of {known}")
    return Model(peer, peer, trained=False)


def load_scorer(model: Model, with_text: bool = False, trust_code: bool = False, **reading: Any) -> Scorer:
    """Load a model.

    Args:
        model: see `find_model`.
        with_text: give a vision model the page's text beside its image.
        trust_code: run the code in a repository that needs it.
        reading: `pixels` and `prompt` of a vision model, if not its own.

    Raises:
        UserError: weights not found locally, or not a model that scores pages.
    """
    path = model.path if model.path in STARTS else str(locate(model.path))
    architectures = read_json(Path(path) / "config.json").get("architectures") or []
    if model.path in OWN_CODE or "JinaVLForRanking" in architectures:
        return _load_own_code(model.name, path, trust_code, reading)
    if is_vision_model(path):
        from docrerank.vision import PageCache, VisionReranker

        return VisionScorer(VisionReranker.from_pretrained(path, cache=PageCache(), **reading), with_text)
    if read_kind(Path(path)) == "SentenceTransformer":
        return EmbedderScorer(load_embedder(path))
    if reads_images(Path(path)):
        return _load_cross_encoder(model.name, path, trust_code, reading)
    reranker = Reranker.from_pretrained(path)
    if not isinstance(reranker, Reranker):
        raise UserError(f"'{model.name}' is not a model that scores pages")
    return TextScorer(reranker)


def load_embedder(path: str) -> FirstEncoder:
    """An embedder, dense or of late interaction; of page images if it reads them.

    Raises:
        UserError: weights not found locally, or not an embedder.
    """
    with _explaining(f"the embedder '{path}'"):
        return load_first(path, Train())


def read_kind(folder: Path) -> str:
    """`SentenceTransformer`, `MultiVectorEncoder`, `CrossEncoder` or nothing, as a folder says of itself."""
    kind = read_json(folder / "config_sentence_transformers.json").get("model_type")
    modules = folder / "modules.json"
    if kind is None and modules.is_file():
        kind = (
            "CrossEncoder" if "LogitScore" in modules.read_text("utf-8", errors="replace") else "SentenceTransformer"
        )
    architectures = read_json(folder / "config.json").get("architectures") or [""]
    if kind is None and str(architectures[0]).endswith("ForSequenceClassification"):
        kind = "CrossEncoder"
    return str(kind or "")


@contextmanager
def _explaining(what: str) -> Iterator[None]:
    """Whatever sentence-transformers raises becomes one line."""
    try:
        yield
    except Exception as error:
        if "torchvision" in str(error).lower():  # processors of images and videos ask for it
            raise MissingExtra("torchvision", "vision") from error
        if isinstance(error, UserError):
            raise
        raise UserError(f"{what} cannot be loaded: {one_line(error)}") from error


def _load_cross_encoder(name: str, path: str, trust_code: bool, reading: dict[str, Any]) -> ImageScorer:
    """A CrossEncoder of any family on page images, as sentence-transformers runs it: by its own prompt.

    Raises:
        UserError: its files do not say how it scores an image, or it cannot be loaded.
    """
    kind = read_json(Path(path) / "config.json").get("model_type")
    if read_kind(Path(path)) != "CrossEncoder":
        raise UserError(
            f"'{name}' is a {kind} model that reads images, and its files do not say how it scores a page: "
            "only CrossEncoders of sentence-transformers are scored in this family"
        )
    if "prompt" in reading:
        raise UserError(f"'{name}' brings its own prompt: leave --prompt out")
    loader = require("sentence_transformers", extra="train").CrossEncoder
    on_gpu = require("torch", extra="train").cuda.is_available()
    options = {"model_kwargs": {"dtype": "auto"} if on_gpu else None}
    with _explaining(f"'{name}'"):
        model = loader(path, local_files_only=True, trust_remote_code=trust_code, **options)
    if "image" not in model.modalities:
        raise UserError(f"'{name}' is a {kind} model that sentence-transformers gives no page image")
    return ImageScorer(partial(predict_images, model), **reading)


def _load_own_code(name: str, path: str, trust_code: bool, reading: dict[str, Any]) -> ImageScorer:
    if not trust_code:
        raise UserError(f"'{name}' runs code from its repository: read it, then give --trust-remote-code")
    require("torchvision", extra="vision")  # its code loads the whole processor, the part for videos too
    transformers = require("transformers", extra="train")
    loaded: Any = transformers.AutoModel.from_pretrained(path, trust_remote_code=True, dtype="auto").eval()
    loaded.to("cuda" if require("torch", extra="train").cuda.is_available() else "cpu")
    if not hasattr(loaded, "compute_score"):
        raise UserError(f"'{name}' has no compute_score: it is not a reranker of this kind")
    return ImageScorer(partial(run_own_code, loaded), **reading)


def _identify(file: Path) -> list[Any]:
    status = file.stat()
    if status.st_size > HASHED_BYTES:
        return [status.st_size, status.st_mtime_ns]
    return [hash_file(file)]
