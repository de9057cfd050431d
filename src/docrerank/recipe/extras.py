"""Imports optional packages where they are used; a missing one names the extra that installs it."""

from __future__ import annotations

import importlib
from types import ModuleType

from docrerank.records import MissingExtra, UserError, one_line

_MISMATCH = "take torch and torchvision of one build, or do without torchvision"


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: the package's name in Python.
        extra: docrerank's extra that installs it.

    Raises:
        MissingExtra: the package, or one that it imports, is not installed. Any other fault (a broken build, a system
            library) is raised unchanged: the extra would not fix it.
        UserError: transformers cannot import a part of itself, mostly because torch and torchvision do not match.

    Examples:
        >>> require("json", extra="evaluate").dumps([1])
        '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        cause = _find_cause(error)
        if isinstance(cause, ModuleNotFoundError):
            raise MissingExtra(cause.name or module, extra) from error
        why = one_line(cause)
        raise UserError(f"{module} cannot be imported ({why}): {_MISMATCH}") from error


def _find_cause(error: BaseException) -> BaseException:
    """Find the first fault: transformers reports any fault of its own parts as a missing module."""
    return error if error.__cause__ is None else _find_cause(error.__cause__)
