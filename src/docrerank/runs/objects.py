"""Objects of a store (S3, Google Cloud, Azure) by their URLs, through fsspec; patient while the store is away."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from docrerank.recipe import require
from docrerank.records import MissingExtra, UserError
from docrerank.runs.files import explain

logger = logging.getLogger(__name__)

#: What is taken as a store's URL. Nothing on the open web: a run's page could name any address there.
PROTOCOLS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "file")
#: A store that answers nothing, or 503, is asked again for so long.
PATIENCE_SECONDS = 600.0
MOST_WAIT_SECONDS = 30.0

#: Faults of this machine's disk, and those that asking again would not mend.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LASTING = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError)
#: Of botocore, aiohttp, gcsfs and azure: what says that a store or the way to it is out.
_PASSING = frozenset({"HTTPClientError", "ClientError", "HttpError", "ServiceRequestError", "ServiceResponseError"})

Answer = TypeVar("Answer")


def is_url(place: str | Path) -> bool:
    """Whether this names something in a store, and not a file.

    Raises:
        UserError: it is a URL of another kind.

    Example:
        >>> is_url("s3://bucket/run"), is_url("papers/a.pdf")
        (True, False)
    """
    protocol, separator, _ = str(place).partition("://")
    if not separator:
        return False
    if protocol not in PROTOCOLS:
        raise UserError(f"'{place}' is no store's address: {', '.join(PROTOCOLS)} are known")
    return True


class Objects:
    """What lies below a URL.

    Args:
        url: such as `s3://bucket/folder`. Keys and endpoints are found as fsspec's implementation of the protocol
            finds them (for S3: AWS's environment variables and files).

    Raises:
        MissingExtra: the extra `store`, or the implementation of another protocol, is not installed.
        UserError: from every method: access is refused, or the store did not answer for ten minutes.

    Example:
        >>> Objects("s3://bucket/run").read("recipe.yaml")  # doctest: +SKIP
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        require("stamina", extra="store")
        self._system, root = _open(self.url)
        self._root = root.rstrip("/")

    def put(self, path: Path, name: str) -> None:
        """Copy a file up; it is there whole or not at all."""
        self._demand(name, partial(self._system.put_file, str(path), self._place(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write a small object."""
        self._demand(name, partial(self._system.pipe_file, self._place(name), content))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object if there is none; False if there is."""
        try:
            self._demand(name, partial(self._system.pipe_file, self._place(name), content, mode="create"))
        except FileExistsError:
            return False
        return True

    def read(self, name: str) -> bytes | None:
        """A small object's content; None if there is none."""
        try:
            content: bytes = self._ask(name, partial(self._system.cat_file, self._place(name)))
        except FileNotFoundError:
            return None
        return content

    def get(self, name: str, path: Path) -> bool:
        """Copy an object to a file, which is there whole or not at all; False if there is no such object."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
            os.close(handle)
        except OSError as error:
            raise explain(error, path) from error
        try:
            self._ask(name, partial(self._system.get_file, self._place(name), temporary))
            os.replace(temporary, path)
        except FileNotFoundError:
            return False
        finally:
            Path(temporary).unlink(missing_ok=True)
        return True

    def remove(self, name: str) -> None:
        """Delete an object; nothing if there is none."""
        with contextlib.suppress(FileNotFoundError):
            self._ask(name, partial(self._system.rm_file, self._place(name)))

    def describe(self) -> tuple[int, str] | None:
        """Size in bytes and version of the object that the URL names; None if there is none."""
        try:
            known = self._ask("", partial(self._system.info, self._root))
        except FileNotFoundError:
            return None
        return int(known.get("size") or 0), describe_version(known)

    def walk(self) -> Iterator[tuple[str, int, str]]:
        """Name, size and version of all objects, in the order of their names; of one object, itself under ''."""
        found = self._demand("", partial(self._system.find, self._root, detail=True))
        for place, known in sorted(found.items()):
            yield place[len(self._root) :].lstrip("/"), int(known.get("size") or 0), describe_version(known)

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _demand(self, name: str, call: Callable[[], Answer]) -> Answer:
        """What fails only where there is no bucket."""
        try:
            return self._ask(name, call)
        except FileNotFoundError as error:
            raise UserError(f"{self.url}: there is no such bucket or folder ({_line(error)}): make it") from error

    def _ask(self, name: str, call: Callable[[], Answer]) -> Answer:
        place = f"{self.url}/{name}" if name else self.url
        try:
            return _ask_patiently(call, place)
        except (FileNotFoundError, FileExistsError):
            raise
        except PermissionError as error:
            raise UserError(f"{place}: access is refused ({_line(error)}): check the keys and the bucket") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _DISK:
                raise explain(error, Path(place)) from error
            if _is_passing(error):
                again = "give the same command again when it does"
                raise UserError(f"{place}: the store does not answer ({_line(error)}): {again}") from error
            raise UserError(f"{place} cannot be used ({_line(error)}): check address, keys and packages") from error


def describe_version(known: dict[str, Any]) -> str:
    """A hexadecimal sha256 of what the store says of an object's content: its ETag where there is one."""
    tags = ("ETag", "etag", "md5Hash", "content_md5", "version_id")
    tag = next((str(known[name]) for name in tags if known.get(name)), "")
    tag = tag or f"{known.get('LastModified') or known.get('mtime')}"
    return hashlib.sha256(f"{tag.strip(chr(34))} {known.get('size')}".encode()).hexdigest()


@cache
def _open(url: str) -> tuple[Any, str]:
    fsspec = require("fsspec", extra="store")
    try:
        options = {"auto_mkdir": True} if url.startswith("file:") else {}
        system, root = fsspec.url_to_fs(url, use_listings_cache=False, **options)
    except ImportError as error:
        if error.name in (None, "s3fs") or url.startswith("s3"):
            raise MissingExtra("s3fs", "store") from error
        raise UserError(f"'{url}' needs a package of its own: {_line(error)}") from error
    except ValueError as error:
        raise UserError(f"'{url}' cannot be opened ({_line(error)})") from error
    return system, str(root)


def _ask_patiently(call: Callable[[], Answer], place: str) -> Answer:
    import stamina

    told = False

    def is_passing(error: Exception) -> bool:
        nonlocal told
        passing = _is_passing(error)
        if passing and not told:
            logger.warning("%s does not answer (%s): it is asked again for ten minutes", place, _line(error))
        told = told or passing
        return passing

    for attempt in stamina.retry_context(
        on=is_passing, attempts=None, timeout=PATIENCE_SECONDS, wait_initial=0.5, wait_max=MOST_WAIT_SECONDS
    ):
        with attempt:
            return call()
    raise AssertionError("stamina ends with a result or an error")


def _is_passing(error: Exception) -> bool:
    """Whether asking again later may help."""
    if isinstance(error, OSError):
        return not isinstance(error, _LASTING) and error.errno not in _DISK
    named = not _PASSING.isdisjoint(kind.__name__ for kind in type(error).__mro__)
    return named and int(getattr(error, "code", None) or 500) >= 500


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
