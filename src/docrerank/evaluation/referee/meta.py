"""What mteb wants to know of a model: its `ModelMeta`, filled from the model itself."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

from docrerank.evaluation import EmbedderScorer, Model, OwnCodeScorer, Scorer, TextScorer, VisionScorer
from docrerank.recipe.extras import require
from docrerank.retrieval import MINI, STARTS, UNTRAINED, TokenEncoder, minilm_folder

PAPER = "https://arxiv.org/abs/2505.22584"
HUB = "https://huggingface.co"
CITATION = """@misc{docrerank2025,
  title = {DocReRank: Single-Page Hard Negative Query Generation for Training Multi-Modal RAG Rerankers},
  year = {2025},
  url = {https://arxiv.org/abs/2505.22584},
}"""
#: When the weights of the starts were made.
START_DATES = {UNTRAINED: "2021-08-30", MINI: "2026-11-25"}
TRAINING = "docrerank train; the recipe stands beside the model"


def build_meta(model: Model, scorer: Scorer, loader: Any = None) -> Any:
    """The `ModelMeta` of a model as it is evaluated here.

    Its revision is the fingerprint of its files, so that mteb never takes another model's results for its own. A text
    model counts as reading images too: it is given their OCR.

    Args:
        model: what was named.
        scorer: the loaded model.
        loader: what mteb calls to load it again.
    """
    metas = require("mteb.models.model_meta", extra="bench")
    torch_model = _unwrap(scorer)
    total = sum(weights.numel() for weights in torch_model.parameters())
    size = sum(weights.numel() * weights.element_size() for weights in torch_model.parameters())
    kind = "dense" if isinstance(scorer, EmbedderScorer) else "cross-encoder"
    late = isinstance(scorer, TextScorer) and isinstance(scorer.reranker.scorer, TokenEncoder)
    license_, adapted = _read_card(model)
    return _meta_class()(
        loader=loader,
        name=model.name if "/" in model.name else f"docrerank/{model.name}",
        revision=model.fingerprint()[:40],
        release_date=_find_date(model),
        languages=["eng-Latn"],
        n_parameters=total,
        n_embedding_parameters=_count_embeddings(torch_model),
        memory_usage_mb=round(size / 2**20),
        max_tokens=_find_length(scorer),
        embed_dim=scorer.reranker.scorer.dimension if late else None,  # type: ignore[attr-defined]
        license=license_,
        open_weights=True,
        public_training_code=TRAINING if model.trained else None,
        public_training_data=False if model.trained else None,
        framework=["Sentence Transformers", "PyTorch", "safetensors"],
        reference=_find_reference(model),
        similarity_fn_name=metas.ScoringFunction.MAX_SIM if late else None,
        use_instructions=isinstance(scorer, VisionScorer),
        training_datasets=set() if model.trained else None,
        adapted_from=adapted,
        modalities=["image", "text"],
        model_type=["late-interaction" if late else kind],
        citation=CITATION if model.trained else None,
        contacts=None,
    )


@cache
def _meta_class() -> Any:
    """mteb's `ModelMeta` for a model that needs none of mteb's own code for images, and so not torchvision."""
    base = require("mteb.models.model_meta", extra="bench").ModelMeta
    return type("DocrerankMeta", (base,), {"_resolve_extras_groups": lambda self: [], "__module__": __name__})


def _unwrap(scorer: Scorer) -> Any:
    if isinstance(scorer, TextScorer):
        return scorer.reranker.scorer.model
    if isinstance(scorer, VisionScorer):
        return scorer.reranker.model
    assert isinstance(scorer, EmbedderScorer | OwnCodeScorer)
    return scorer.model


def _count_embeddings(model: Any) -> int | None:
    torch = require("torch", extra="train")
    tables = [each for each in model.modules() if isinstance(each, torch.nn.Embedding)]
    return max((table.weight.numel() for table in tables), default=None)


def _find_length(scorer: Scorer) -> int | None:
    """The longest sequence that the model takes."""
    if isinstance(scorer, VisionScorer):
        config = getattr(scorer.reranker.model, "config", None)
        text = config.get_text_config() if config is not None else None
        return getattr(text, "max_position_embeddings", None)
    length = getattr(_unwrap(scorer), "max_seq_length", None)
    return int(length) if length else None


def _find_date(model: Model) -> str:
    """The day on which a model's newest file was written."""
    folder = Path(model.path)
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []
    newest = max((file.stat().st_mtime for file in files), default=None)
    if newest is None:
        return START_DATES.get(model.path) or datetime.date.today().isoformat()
    return datetime.datetime.fromtimestamp(newest, datetime.UTC).date().isoformat()


def _find_reference(model: Model) -> str | None:
    if model.path in STARTS:
        return f"{HUB}/sentence-transformers/all-MiniLM-L6-v2"
    return PAPER if model.trained else f"{HUB}/{model.name}" if "/" in model.name else None


def _read_card(model: Model) -> tuple[str | None, str | None]:
    """Licence and base model as a model's README says them."""
    if model.path in STARTS:
        bases = {UNTRAINED: "nreimers/MiniLM-L6-H384-uncased", MINI: "sentence-transformers/all-MiniLM-L6-v2"}
        return "apache-2.0", bases[model.path]
    card = Path(model.path) / "README.md"
    if not card.is_file():
        return None, None
    yaml = require("yaml", extra="bench")
    parts = card.read_text("utf-8", "replace")[:100_000].split("---", 2)
    try:
        values = yaml.safe_load(parts[1]) if len(parts) == 3 else {}
    except yaml.YAMLError:
        values = {}
    values = values if isinstance(values, dict) else {}
    licence, base = values.get("license"), values.get("base_model")
    base = base[0] if isinstance(base, list) and base else base
    name = str(base) if isinstance(base, str) and "/" in base and str(minilm_folder()) not in base else None
    return (str(licence).lower() if isinstance(licence, str) else None), name
