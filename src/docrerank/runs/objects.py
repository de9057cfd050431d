"""Objects of a store (S3, Google Cloud, Azure) by their URLs, through fsspec; patient while the store is away."""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from docrerank.recipe import require
from docrerank.records import MissingExtra, UserError, one_line
from docrerank.runs.atomic import replacing
from docrerank.runs.files import explain

logger = logging.getLogger(__name__)

#: What is taken as a store's URL. Nothing on the open web: a run's page could name any address there.
PROTOCOLS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "file")
#: A store that answers nothing, or 503, is asked again for so long.
PATIENCE_SECONDS, MOST_WAIT_SECONDS = 600.0, 30.0

#: Faults of this machine's disk, and those that a retry does not fix.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LASTING = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError)
#: Of botocore, aiohttp, gcsfs and azure: what says that a store or the way to it is out.
_PASSING = frozenset({"HTTPClientError", "ClientError", "HttpError", "ServiceRequestError", "ServiceResponseError"})
#: What a store says of an object's content, the first that it gives.
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "version_id", "LastModified", "mtime")

Answer = TypeVar("Answer")


def is_url(place: str | Path) -> bool:
    """Whether this names something in a store, and not a file.

    Raises:
        UserError: it is a URL of another kind.

    Examples:
        >>> is_url("s3://bucket/run"), is_url("papers/a.pdf")
        (True, False)
    """
    protocol, separator, _ = str(place).partition("://")
    if separator and protocol not in PROTOCOLS:
        raise UserError(f"'{place}' is no store's address: {', '.join(PROTOCOLS)} are known")
    return bool(separator)


class Objects:
    """What lies below a URL such as `s3://bucket/folder`; keys are found as fsspec's implementation finds them.

    Raises:
        MissingExtra: the extra `store`, or the implementation of another protocol, is not installed.
        UserError: from every method: access is refused, or the store did not answer for ten minutes.

    Examples:
        >>> Objects("s3://bucket/run").read("recipe.yaml")  # doctest: +SKIP
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._system, root = _open(self.url)
        self._root = root.rstrip("/")

    def put(self, path: Path, name: str) -> None:
        """Copy a file up; it is there whole or not at all."""
        self._ask(name, partial(self._system.put_file, str(path), self._place(name)))

    def get(self, name: str, path: Path) -> None:
        """Copy an object to a file, which is there whole or not at all."""
        with replacing(path, flush=False) as temporary:
            self._ask(name, partial(self._system.get_file, self._place(name), str(temporary)))

    def write(self, name: str, content: bytes) -> None:
        """Write a small object."""
        self._ask(name, partial(self._system.pipe_file, self._place(name), content))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object if there is none; False if there is."""
        call = partial(self._system.pipe_file, self._place(name), content, mode="create")
        try:
            self._ask(name, call)
        except FileExistsError:
            return False
        return True

    def read(self, name: str) -> bytes:
        """A small object's content; empty if there is none."""
        found: bytes = self._ask(name, partial(self._system.cat_file, self._place(name)), b"")
        return found

    def remove(self, name: str) -> None:
        """Delete an object; nothing if there is none."""
        self._ask(name, partial(self._system.rm_file, self._place(name)), True)

    def describe(self, name: str = "") -> tuple[int, str] | None:
        """Size in bytes and version of an object, or of the one that the URL names; None if there is none."""
        known: dict[str, Any] = self._ask(name, partial(self._system.info, self._place(name)), {})
        return (int(known.get("size") or 0), _hash_version(known)) if known else None

    def walk(self, below: str = "") -> Iterator[tuple[str, int, str]]:
        """Name, size and version of the objects below a name, in order; of one object, itself under ''."""
        found = self._ask(below, partial(self._system.find, self._place(below), detail=True))
        for place, known in sorted(found.items()):
            yield place[len(self._root) :].lstrip("/"), int(known.get("size") or 0), _hash_version(known)

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _ask(self, name: str, call: Callable[[], Answer], missing: Answer | None = None) -> Answer:
        """The store's answer; `missing` where it has no such object, an error if that is None."""
        place = f"{self.url}/{name}" if name else self.url
        try:
            return _ask_patiently(call, place)
        except FileExistsError:
            raise
        except FileNotFoundError as error:
            if missing is not None:
                return missing
            raise UserError(f"{self.url}: there is no such bucket or folder ({one_line(error)}): make it") from error
        except PermissionError as error:
            raise UserError(f"{place}: access is refused ({one_line(error)}): check keys and bucket") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _DISK:
                raise explain(error, Path(place)) from error
            if _is_passing(error):
                again = "give the same command again when it does"
                raise UserError(f"{place}: the store does not answer ({one_line(error)}): {again}") from error
            raise UserError(f"{place} cannot be used ({one_line(error)}): check address, keys and packages") from error


def _hash_version(known: dict[str, Any]) -> str:
    """A sha256 of what the store says of an object's content: its ETag where there is one."""
    tag = next((str(known[name]).strip('"') for name in _TAGS if known.get(name)), "")
    return hashlib.sha256(f"{tag} {known.get('size')}".encode()).hexdigest()


@cache
def _open(url: str) -> tuple[Any, str]:
    require("stamina", extra="store")
    fsspec = require("fsspec", extra="store")
    options = {"auto_mkdir": True} if url.startswith("file:") else {}
    try:
        system, root = fsspec.url_to_fs(url, use_listings_cache=False, **options)
    except ImportError as error:
        if url.startswith("s3"):
            raise MissingExtra("s3fs", "store") from error
        raise UserError(f"'{url}' needs a package of its own: {one_line(error)}") from error
    except ValueError as error:
        raise UserError(f"'{url}' cannot be opened ({one_line(error)})") from error
    return system, str(root)


def _ask_patiently(call: Callable[[], Answer], place: str) -> Answer:
    import stamina

    warned = False

    def is_passing(error: Exception) -> bool:
        nonlocal warned
        if (passing := _is_passing(error)) and not warned:
            logger.warning("%s does not answer (%s): it is asked again for ten minutes", place, one_line(error))
        warned = warned or passing
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
