"""Loads a vision-language reranker: base model, adapter, merged model or CrossEncoder folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from peft import PeftConfig, PeftModel
from torch import Tensor

from docrerank.records import UserError, one_line
from docrerank.vision.backbone import cut_head
from docrerank.vision.checkpoint_files import (
    Checkpoint,
    choose_template,
    choose_tokens,
    explain_absence,
    find_file,
    read_checkpoint,
)
from docrerank.vision.detect import FAMILIES
from docrerank.vision.images import ImageReader
from docrerank.vision.prompt import Prompt

#: Adapters saved before transformers 4.52, such as MonoQwen's, use other names for the text layers and the tower.
FORMER_NAMES = {r"^model\.layers\.": "model.language_model.layers.", r"^visual\.": "model.visual."}


@dataclass(frozen=True, slots=True)
class Parts:
    """A loaded reranker in its parts.

    Attributes:
        model: transformers model, in training an adapter around one; in evaluation mode.
        tokenizer: its tokenizer.
        reader: image processor and prompt.
        tokens: ids of the true and the false word.
        activation: `sigmoid` or `identity`.
        name: what it was loaded from.
        is_zero_shot: whether nothing says that it was ever trained to tell relevant pages.
    """

    model: Any
    tokenizer: Any
    reader: ImageReader
    tokens: tuple[int, int]
    activation: str
    name: str
    is_zero_shot: bool = False

    def describe(self) -> str:
        """A line for a person: what a page costs, and whether the model was made for this."""
        reader = self.reader
        told = f"a page has up to {reader.page_tokens:,} visual tokens ({reader.pixels:,} pixels; --pixels changes it)"
        return told + ("; a base model, not trained to rank: zero-shot" if self.is_zero_shot else "")

    def head(self) -> Tensor:
        """(2, width): the rows that make a logit of the true and of the false word."""
        return cut_head(self.model, *self.tokens)


def load_parts(
    name: str | Path,
    *,
    base: str | None = None,
    prompt: str | None = None,
    pixels: int | None = None,
    device: str | None = None,
    dtype: torch.dtype | None = None,
) -> Parts:
    """Load a reranker; only safetensors are read and no code of a repository is run.

    An adapter is merged into its base: the same scores to rounding, and none of its cost.

    Args:
        name: folder or hub name.
        base: base model of an adapter, if not the one it names.
        prompt: one of `CONTRACTS`, if not what the checkpoint decides.
        pixels: pixel budget of a page, if not the checkpoint's.
        device: `cuda` if there is one, else `cpu`.
        dtype: that of the stored weights on a GPU, else float32.

    Raises:
        UserError: not a vision-language model, no safetensors, another base's adapter, words it lacks.
    """
    checkpoint = read_checkpoint(str(name), base)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    model = _load_model(checkpoint, dtype or choose_dtype(device))
    tokenizer = _load_tokenizer(checkpoint)
    template, contract = choose_template(checkpoint, tokenizer, prompt)
    end = getattr(model.config, "vision_end_token_id", None) or tokenizer.convert_tokens_to_ids("<|vision_end|>")
    reader = ImageReader(
        _load_processor(checkpoint, pixels or contract.pixels),
        Prompt(tokenizer, template, model.config.image_token_id, int(end)),
    )
    tokens, zero_shot = choose_tokens(checkpoint, tokenizer, contract), checkpoint.is_zero_shot
    return Parts(model.to(device).eval(), tokenizer, reader, tokens, checkpoint.activation, checkpoint.name, zero_shot)


def choose_dtype(device: str) -> torch.dtype | Literal["auto"]:
    """float32 on a processor; on a GPU as the weights are stored, so that a model saved in float32 keeps them."""
    return torch.float32 if device == "cpu" else "auto"


def _load_model(checkpoint: Checkpoint, dtype: torch.dtype | Literal["auto"]) -> Any:
    _check_family(checkpoint)
    try:
        model = transformers.AutoModelForImageTextToText.from_pretrained(
            checkpoint.base, dtype=dtype, use_safetensors=True, trust_remote_code=False, attn_implementation="sdpa"
        )
    except (OSError, ValueError) as error:
        raise UserError(_explain(checkpoint.base, error)) from error
    return _merge_adapter(checkpoint, model) if checkpoint.is_adapter else model


def _check_family(checkpoint: Checkpoint) -> None:
    try:
        config = transformers.AutoConfig.from_pretrained(checkpoint.base, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(_explain(checkpoint.base, error)) from error
    if config.model_type not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise UserError(f"'{checkpoint.base}' is a {config.model_type} model, not one that reads pages ({known})")
    if "sliding_attention" in (getattr(config.get_text_config(), "layer_types", None) or []):
        raise UserError(f"'{checkpoint.base}' attends through a sliding window: a page prefix cannot be shared")


def _explain(base: str, error: Exception) -> str:
    """Why a model's files do not load."""
    if not Path(base).is_dir():
        return explain_absence(base)
    return f"'{base}' cannot be loaded: {one_line(error, 300)}"


def _merge_adapter(checkpoint: Checkpoint, model: Any) -> Any:
    """The base with an adapter added to its weights; one whose layers do not match was trained on another base."""
    file = find_file(checkpoint.name, "adapter_model.safetensors")
    if file is None:
        raise UserError(f"the adapter '{checkpoint.name}' has no adapter_model.safetensors: no other form is read")
    other = f"the adapter '{checkpoint.name}' was not trained on '{checkpoint.base}'"
    try:
        adapted: Any = PeftModel(model, PeftConfig.from_pretrained(checkpoint.name))
        found = adapted.load_adapter(checkpoint.name, "default", key_mapping=FORMER_NAMES)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{other} ({one_line(error)}): give base=") from error
    # Parts of the vision tower that an adapter's pattern meets by a newer name, without a weight, stay as they are.
    if found.unexpected_keys or any(".language_model." in name for name in found.missing_keys):
        raise UserError(f"{other}: its layers have other names; give base=")
    return adapted.merge_and_unload()


def _load_tokenizer(checkpoint: Checkpoint) -> Any:
    own = find_file(checkpoint.name, "tokenizer_config.json") is not None
    source = checkpoint.name if own else checkpoint.base
    return transformers.AutoTokenizer.from_pretrained(source, trust_remote_code=False)


def _load_processor(checkpoint: Checkpoint, pixels: int) -> Any:
    """The image processor alone: the whole processor would ask for torchvision."""
    own = any(find_file(checkpoint.name, file) for file in ("preprocessor_config.json", "processor_config.json"))
    source = checkpoint.name if own else checkpoint.base
    processor = transformers.AutoImageProcessor.from_pretrained(source, trust_remote_code=False)
    if pixels:
        smallest = min(int(processor.size["shortest_edge"]), pixels)
        processor.size = {"shortest_edge": smallest, "longest_edge": pixels}
    return processor
