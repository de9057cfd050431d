"""Finds the documents of a run: which files are read, under which names, and what their bytes are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from docrerank.records import Rejected, UserError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
SUFFIXES = IMAGE_SUFFIXES | {".pdf"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file to read.

    Attributes:
        stem: its name without the suffix; names the document in page ids, unique in a run.
        path: as given.
        sha256: of its bytes, hexadecimal.
        size: in bytes.
    """

    stem: str
    path: str
    sha256: str
    size: int


def find_documents(
    paths: Sequence[str | Path], max_file_bytes: int = 500_000_000
) -> tuple[list[Document], list[Rejected]]:
    """List the PDFs and images among files and folders, sorted by stem, with the files that cannot be taken.

    Args:
        paths: files, and folders that are searched through all their levels; hidden files and folders in them
            are passed over, links to folders are not followed.
        max_file_bytes: a larger file is rejected unread.

    Raises:
        UserError: a path does not exist, a folder holds no document, or two documents have one stem.

    Example:
        >>> documents, rejected = find_documents(["papers/"])  # doctest: +SKIP
        >>> documents[0].stem  # doctest: +SKIP
        'attention'
    """
    documents: list[Document] = []
    rejected: list[Rejected] = []
    for path in _distinct(_expand(paths)):
        found = _identify(path, max_file_bytes)
        (documents if isinstance(found, Document) else rejected).append(found)  # type: ignore[arg-type]
    documents.sort(key=lambda document: document.stem)
    _check_stems(documents)
    return documents, rejected


def _expand(paths: Sequence[str | Path]) -> Iterator[Path]:
    if not paths:
        raise UserError("no document given: name PDFs, images or folders of them")
    for given in map(Path, paths):
        if given.is_dir():
            inside = sorted(_walk(given))
            if not inside:
                raise UserError(f"no PDF or image in '{given}': give a folder that holds {_list_suffixes()} files")
            yield from inside
        elif given.exists() or given.is_symlink():
            yield given
        else:
            raise UserError(f"'{given}' does not exist: give PDFs, images or folders of them")


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def _distinct(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file once, though it be named twice."""
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def _identify(path: Path, max_file_bytes: int) -> Document | Rejected:
    subject = str(path).encode("utf-8", "replace").decode("utf-8")
    if path.suffix.lower() not in SUFFIXES:
        return Rejected("ingest", subject, "not a PDF or image", f"docrerank reads {_list_suffixes()}")
    if subject != str(path):
        return Rejected("ingest", subject, "file name is not UTF-8", "rename it")
    try:
        return _hash(path, max_file_bytes)
    except OSError as error:
        return Rejected("ingest", subject, "cannot be read", f"{error.strerror or error}: check its permissions")


def _hash(path: Path, max_file_bytes: int) -> Document | Rejected:
    size = path.stat().st_size
    if not path.is_file():
        return Rejected("ingest", str(path), "cannot be read", "it is not a regular file")
    if size > max_file_bytes:
        detail = f"{size} bytes; raise the bound with --set ingest.max_file_bytes={size}"
        return Rejected("ingest", str(path), "file too large", detail)
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256")
    return Document(path.stem, str(path), digest.hexdigest(), size)


def _check_stems(documents: Sequence[Document]) -> None:
    """Neighbours in sorted order share a stem, if any two do."""
    for first, second in pairwise(documents):
        if first.stem == second.stem:
            raise UserError(
                f"two documents are both named '{first.stem}': {first.path} and {second.path}; rename one of them"
            )


def _list_suffixes() -> str:
    return " ".join(sorted(SUFFIXES))


#: First bytes of the kinds of image that are read.
_FIRST_BYTES = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"RIFF", ".webp"),
    (b"II*\0", ".tiff"),
    (b"MM\0*", ".tiff"),
)


def find_image_suffix(content: bytes) -> str:
    """The suffix of an image file's kind by its first bytes; empty if it is none that is read.

    Example:
        >>> find_image_suffix(b"MM\\0*"), find_image_suffix(b"GIF89a")
        ('.tiff', '')
    """
    return next((suffix for first, suffix in _FIRST_BYTES if content.startswith(first)), "")
