"""Optional packages, imported where they are used: a missing one says which extra of docrerank brings it."""

from __future__ import annotations

import importlib
from types import ModuleType

from docrerank.records import MissingExtra


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: the package as Python imports it.
        extra: the extra of docrerank that installs it.

    Raises:
        MissingExtra: if the package, or a package that it imports, is not installed. Any other fault of the import
            (a broken build, a library of the system) is raised as it is: installing the extra would not mend it.

    Example:
        >>> require("json", extra="evaluate").dumps([1])
        '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or module, extra) from error
