"""Lets the reranker's code be imported on a machine that has torch and transformers but not docrerank's own packages.

Scoring and training on given images call none of them; only imports of other rooms name them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

MOCKED = (
    "Stemmer",
    "pebble",
    "pyarrow",
    "pyarrow.parquet",
    "pypdfium2",
    "pypdfium2.raw",
    "pypdfium2.version",
    "pypdfium2_raw",
    "reportlab",
)


def install(bare: bool = False) -> list[str]:
    """Put a stand-in where a package is missing, or everywhere if `bare`; returns their names."""
    installed = []
    for name in (*MOCKED, "pydantic", "pytest"):
        if bare or not _is_there(name):
            sys.modules[name] = {"pydantic": make_pydantic, "pytest": make_pytest}.get(name, MagicMock)()
            sys.modules[name].__spec__ = ModuleSpec(name, None)
            installed.append(name)
    return installed


def make_pydantic() -> ModuleType:
    """Models as plain classes: their defaults are attributes of the class."""
    module: Any = ModuleType("pydantic")
    module.BaseModel = type("BaseModel", (), {"model_fields": {}})
    module.ConfigDict = dict
    module.Field = lambda default=None, **_: default
    module.JsonValue = Any
    module.ValidationError = type("ValidationError", (Exception,), {})
    module.model_validator = lambda **_: lambda function: function
    made: ModuleType = module
    return made


def make_pytest() -> ModuleType:
    """What the makers of tiny models import: fixtures stay functions."""
    module: Any = ModuleType("pytest")
    module.importorskip = importlib.import_module
    module.fixture = lambda *found, **_: found[0] if found else (lambda function: function)
    module.MonkeyPatch = type(
        "MonkeyPatch", (), {"setattr": lambda self, home, name, value: setattr(home, name, value)}
    )
    made: ModuleType = module
    return made


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return name in sys.modules
