"""From what a user names to a model that scores: run folders, model folders, peers by name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docrerank.evaluation.names import BASELINES
from docrerank.evaluation.peer_scorers import EmbedderScorer, OwnCodeScorer
from docrerank.evaluation.scorers import Scorer, TextScorer, VisionScorer
from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import MissingExtra, UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import STARTS, hash_start, read_card
from docrerank.vision import is_vision_model

#: Peers by a short name.
PEERS = {
    "jina-reranker-m0": "jinaai/jina-reranker-m0",
    "monoqwen": "lightonai/MonoQwen2-VL-v0.1",
    "monoqwen2-vl-v0.1": "lightonai/MonoQwen2-VL-v0.1",
    "qwen3-vl-reranker-2b": "Qwen/Qwen3-VL-Reranker-2B",
    "qwen3-vl-reranker-8b": "Qwen/Qwen3-VL-Reranker-8B",
    "docrerank-reranker": "DocReRank/DocReRank-Reranker",
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

    @property
    def is_vision(self) -> bool:
        """Whether it reads images."""
        return self.path in OWN_CODE or is_vision_model(self.path)

    def fingerprint(self) -> str:
        """Changes with the model's files; of a hub name it is the name."""
        folder = Path(self.path)
        if self.path in STARTS:
            return fingerprint("model", self.path, hash_start(self.path))
        if not folder.is_dir():
            return fingerprint("model", self.path)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return fingerprint("model", [[file.name, _identify(file)] for file in files])


def find_model(name: str) -> Model:
    """What a user's word stands for; nothing is loaded.

    Args:
        name: a run folder (its model is meant), a model's folder, `minilm`, a short name of `PEERS`, or a hub name.

    Raises:
        UserError: a folder that is not there, or a run without a model.

    Example:
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
        UserError: no weights at hand, or not a model that scores pages.
    """
    path = _find_weights(model.path)
    if model.path in OWN_CODE or _needs_own_code(Path(path)):
        return _load_own_code(model.name, path, trust_code)
    if model.is_vision:
        from docrerank.vision import PageCache, VisionReranker

        return VisionScorer(VisionReranker.from_pretrained(path, cache=PageCache(), **reading), with_text)
    if read_kind(Path(path)) == "SentenceTransformer":
        return load_embedder(path, images=False)
    reranker = Reranker.from_pretrained(path)
    assert isinstance(reranker, Reranker)
    return TextScorer(reranker)


def load_embedder(path: str, images: bool) -> EmbedderScorer:
    """A sentence-transformers embedder, dense or multi-vector.

    Args:
        path: a folder or a hub name whose weights are in the cache.
        images: encode page images, if the model can.

    Raises:
        UserError: no weights at hand, or not an embedder.
    """
    encoders = require("sentence_transformers", extra="train")
    path = _find_weights(path)
    kind = read_kind(Path(path))
    load = encoders.MultiVectorEncoder if kind in ("MultiVectorEncoder", "ColBERT") else encoders.SentenceTransformer
    try:
        model = load(path, local_files_only=True)
    except Exception as error:
        if "torchvision" in str(error).lower():  # processors of images and videos ask for it
            raise MissingExtra("torchvision", "vision") from error
        raise UserError(f"the embedder '{path}' cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    sees = "image" in (getattr(model, "modalities", None) or ("text",))
    return EmbedderScorer(model, images and sees, path)


def read_kind(folder: Path) -> str:
    """`SentenceTransformer`, `MultiVectorEncoder`, `CrossEncoder` or nothing, as a folder says of itself."""
    try:
        kind = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        kind = None
    if kind is None and (folder / "modules.json").is_file():
        kind = "SentenceTransformer"
    return str(kind or "")


def _find_weights(name: str) -> str:
    """A folder as it is, `minilm` too; the hub's cache for a hub name.

    Raises:
        UserError: the weights are not there, or the cache cannot be read.
    """
    if name in STARTS or Path(name).is_dir():
        return name
    hub = require("huggingface_hub", extra="hub")
    absent = f"the weights of '{name}' are not here: hf download {name} (into the hub's cache), or give their folder"
    try:
        folder = Path(hub.snapshot_download(name, local_files_only=True))
    except hub.errors.LocalEntryNotFoundError as error:
        raise UserError(absent) from error
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"'{name}' cannot be looked up in the hub's cache: {reason}") from error
    if not any(folder.rglob("*.safetensors")) and not any(folder.rglob("*.bin")):
        raise UserError(absent)
    return str(folder)


def _load_own_code(name: str, path: str, trust_code: bool) -> OwnCodeScorer:
    if not trust_code:
        raise UserError(f"'{name}' runs code from its repository: read it, then give --trust-remote-code")
    require("torchvision", extra="vision")  # its code loads the whole processor, the part for videos too
    transformers = require("transformers", extra="train")
    loaded: Any = transformers.AutoModel.from_pretrained(path, trust_remote_code=True, dtype="auto").eval()
    loaded.to("cuda" if require("torch", extra="train").cuda.is_available() else "cpu")
    if not hasattr(loaded, "compute_score"):
        raise UserError(f"'{name}' has no compute_score: it is not a reranker of this kind")
    return OwnCodeScorer(loaded)


def _needs_own_code(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "JinaVLForRanking" in (config.get("architectures") or [])


def _identify(file: Path) -> list[Any]:
    status = file.stat()
    if status.st_size > HASHED_BYTES:
        return [status.st_size, status.st_mtime_ns]
    with file.open("rb") as handle:
        return [hashlib.file_digest(handle, "sha256").hexdigest()]
