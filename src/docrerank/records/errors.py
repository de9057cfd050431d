"""The two errors a user of docrerank sees: each is one line that says what is wrong and what to do."""

from __future__ import annotations


class UserError(Exception):
    """A fault that the user can fix; the command line prints it as one line and exits with 1.

    Examples:
        >>> raise UserError("no PDF in 'papers/': give a folder that holds .pdf files")  # doctest: +SKIP
    """


class MissingExtra(UserError):
    """An optional package is absent; the message names the one pip command that brings it.

    Args:
        package: the package that could not be imported, as pip knows it.
        extra: the extra of docrerank that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}: pip install 'docrerank[{extra}]'")
        self.package, self.extra = package, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """A worker process hands it over whole."""
        return MissingExtra, (self.package, self.extra)


def one_line(error: BaseException, limit: int = 200) -> str:
    """Says what went wrong in one line of at most `limit` characters; an error without words gives its type.

    Examples:
        >>> one_line(ValueError("no such\\n  file")), one_line(KeyError())
        ('no such file', 'KeyError')
    """
    return " ".join(str(error).split())[:limit] or type(error).__name__
