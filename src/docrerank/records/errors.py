"""The two errors that users see: one line each, which says what is wrong and what to do."""

from __future__ import annotations


class UserError(Exception):
    """A fault the user can fix; the command line prints this one line and exits with 1.

    Examples:
        >>> raise UserError("no PDF in 'papers/': give a folder that holds .pdf files")  # doctest: +SKIP
    """


class MissingExtra(UserError):
    """An optional package is missing; the message gives the pip command that installs it.

    Args:
        package: the missing package's name for pip.
        extra: docrerank's extra that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}: pip install 'docrerank[{extra}]'")
        self.package, self.extra = package, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """Survives pickling between worker processes."""
        return MissingExtra, (self.package, self.extra)


def one_line(error: BaseException, limit: int = 200) -> str:
    """Describe an error in one line of at most `limit` characters; an error without a message gives its type.

    Examples:
        >>> one_line(ValueError("no such\\n  file")), one_line(KeyError())
        ('no such file', 'KeyError')
    """
    return " ".join(str(error).split())[:limit] or type(error).__name__
