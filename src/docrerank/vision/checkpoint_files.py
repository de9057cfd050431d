"""What a checkpoint's small files say: its prompt, its two words, its activation, whether it is an adapter."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from huggingface_hub import is_offline_mode
from transformers.utils.hub import cached_file

from docrerank.records import UserError
from docrerank.runs import read_json
from docrerank.vision.contracts import CONTRACTS, OWN, Contract, build_template, find_contract
from docrerank.vision.detect import HEAD, name_checkpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model by name or folder, and what its own files decide.

    Attributes:
        name: as given.
        base: where the base model's weights are; equal to `name` unless it is an adapter.
        contract: the prompt that is known to belong to it, by its name.
        is_adapter: whether `name` holds a LoRA adapter.
        is_reranker: whether it is a sentence-transformers model: then its template is its prompt.
        tokens: ids of the true and the false word, if its LogitScore module says so.
        activation: `sigmoid` or `identity`.
    """

    name: str
    base: str
    contract: Contract | None
    is_adapter: bool
    is_reranker: bool
    tokens: tuple[int, int] | None
    activation: str

    @property
    def is_zero_shot(self) -> bool:
        """Whether nothing says that it was ever trained to tell relevant pages: a base model."""
        return not (self.is_reranker or self.is_adapter or self.contract)


def read_checkpoint(name: str, base: str | None) -> Checkpoint:
    """Read what a folder or a hub repository says of itself, without its weights.

    Raises:
        UserError: an adapter does not name its base, or no prompt fits the model.
    """
    adapter = find_json(name, "adapter_config.json")
    found = base or str(adapter.get("base_model_name_or_path") or "") if adapter else base or name
    if not found:
        raise UserError(f"the adapter '{name}' does not name its base model: give base=")
    check_architecture(name)
    modules, contract = find_modules(name), find_contract(name_checkpoint(name))
    tokens = _find_tokens(name, modules, contract)
    return Checkpoint(name, found, contract, bool(adapter), bool(modules), tokens, _find_activation(name))


def find_file(name: str, file: str) -> Path | None:
    """A file of a folder, or of a hub repository (downloaded once), or None."""
    if Path(name).is_dir():
        local = Path(name) / file
        return local if local.is_file() else None
    try:
        cached = cached_file(
            name, file, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False
        )
    except (OSError, ValueError) as error:
        raise UserError(explain_absence(name)) from error
    return Path(cached) if cached else None


def explain_absence(name: str) -> str:
    """What to do about a hub name whose files are not here."""
    if "/" in name and is_offline_mode():
        return (
            f"'{name}' is not on this machine, and docrerank is offline: hf download {name}, or set HF_HUB_OFFLINE=0"
        )
    return f"no model '{name}': it is neither a folder nor found on the hub"


def check_architecture(name: str) -> None:
    """Refuse what no prompt scores.

    Raises:
        UserError: a classifier as `export --to vllm` writes it, or an architecture whose own code makes the score
            (jina-reranker-m0's).
    """
    architecture = str((find_json(name, "config.json").get("architectures") or [""])[0])
    if architecture.endswith("ForSequenceClassification"):
        raise UserError(f"'{name}' is a classifier without a language model head: give the model it came from")
    if architecture and not architecture.endswith(HEAD):
        raise UserError(
            f"'{name}' is a {architecture}, whose own code scores: no prompt of docrerank's fits it; "
            f"docrerank evaluate {name} --trust-remote-code runs that code"
        )


def find_json(name: str, file: str) -> dict[str, Any]:
    """A JSON object of a checkpoint, or an empty one."""
    found = find_file(name, file)
    return read_json(found) if found else {}


def find_modules(name: str) -> list[dict[str, Any]]:
    """The modules of a sentence-transformers model, or nothing."""
    file = find_file(name, "modules.json")
    if file is None:
        return []
    try:
        modules = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({error}): fetch or save the model again") from None
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise UserError(f"{file} is not a list of modules: fetch or save the model again")
    return modules


def choose_template(checkpoint: Checkpoint, tokenizer: Any, prompt: str | None) -> tuple[str, Contract]:
    """The chat template to score with, and the contract it follows as far as it is known.

    A named `prompt` decides, then what is stored with a reranker, then the checkpoint's name.

    Raises:
        UserError: no such prompt.
    """
    if prompt is not None:
        if prompt not in CONTRACTS:
            raise UserError(f"no prompt '{prompt}': choose from {', '.join(CONTRACTS)}")
        return build_template(CONTRACTS[prompt]), CONTRACTS[prompt]
    stored = _stored_template(checkpoint, tokenizer)
    contract = checkpoint.contract or OWN
    if stored:
        return stored, replace(contract, pixels=0)
    if checkpoint.contract is None and checkpoint.is_adapter:
        logger.warning(
            "the adapter '%s' does not say its prompt: docrerank's own is used (prompt='mono' for MonoQwen's)",
            checkpoint.name,
        )
    return build_template(contract), contract


def choose_tokens(checkpoint: Checkpoint, tokenizer: Any, contract: Contract) -> tuple[int, int]:
    """Ids of the true and the false word.

    Raises:
        UserError: the tokenizer does not have them as single tokens.
    """
    if checkpoint.tokens:
        return checkpoint.tokens
    return _word_id(tokenizer, contract.true), _word_id(tokenizer, contract.false)


def _word_id(tokenizer: Any, word: str) -> int:
    ids = tokenizer(word, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise UserError(f"the tokenizer has no single token '{word}': this model cannot answer in one word")
    return int(ids[0])


def _stored_template(checkpoint: Checkpoint, tokenizer: Any) -> str | None:
    if not checkpoint.is_reranker:
        return None
    named = find_json(checkpoint.name, "sentence_bert_config.json").get("processing_kwargs") or {}
    extra = (named.get("chat_template") or {}).get("chat_template")
    file = find_file(checkpoint.name, f"additional_chat_templates/{extra}.jinja" if extra else "chat_template.jinja")
    if file is None and checkpoint.contract:
        return None
    template = file.read_text("utf-8") if file else tokenizer.chat_template
    return template if isinstance(template, str) else None


def _find_tokens(name: str, modules: list[dict[str, Any]], contract: Contract | None) -> tuple[int, int] | None:
    """The words that the LogitScore module names; those of a known contract where its file is missing."""
    for module in modules:
        if str(module.get("type", "")).endswith("LogitScore"):
            config = find_json(name, f"{module.get('path')}/config.json")
            if not config and contract:
                return None
            if config.get("false_token_id") is None:
                raise UserError(f"'{name}' scores by one token alone: docrerank needs a true and a false one")
            return int(config["true_token_id"]), int(config["false_token_id"])
    return None


def _find_activation(name: str) -> str:
    stored = str(find_json(name, "config_sentence_transformers.json").get("activation_fn", ""))
    return "identity" if stored.endswith("Identity") else "sigmoid"
