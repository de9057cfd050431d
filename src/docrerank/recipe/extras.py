"""Optional packages, imported where they are used: a missing one says which extra of docrerank brings it."""

from __future__ import annotations

import importlib
from types import ModuleType

from docrerank.records import MissingExtra, UserError, one_line

_MISMATCH = "take torch and torchvision of one build, or do without torchvision"


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: the package as Python imports it.
        extra: the extra of docrerank that installs it.

    Raises:
        MissingExtra: if the package, or a package that it imports, is not installed. Any other fault of the import
            (a broken build, a library of the system) is raised as it is: the extra would not fix it.
        UserError: transformers cannot import a part of itself, mostly for a torchvision that is not of torch's build.

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
    """The first fault: transformers calls whatever befalls a part of itself a module not found."""
    return error if error.__cause__ is None else _find_cause(error.__cause__)
