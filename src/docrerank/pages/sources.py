"""Finds the documents of a run: which files are read, under which names, and what their bytes are."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import Path

from docrerank.pages.document_cache import find_file, find_objects
from docrerank.pages.filing_cover import Cover
from docrerank.pages.metadata import find_cover, read_metadata
from docrerank.records import Rejected, UserError
from docrerank.runs import hash_file, is_url

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
SUFFIXES = IMAGE_SUFFIXES | {".pdf"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file to read.

    Attributes:
        stem: its name without the suffix, or its path in the folder given where names repeat; unique in a run.
        path: as given; of a document in an object store its URL.
        sha256: of its bytes, hexadecimal; in an object store of what that says of its content (its ETag), so that
            finding documents does not read them.
        size: in bytes.
        cover: whose it is and of when, as metadata beside it says; empty where there is none.
    """

    stem: str
    path: str
    sha256: str
    size: int
    cover: Cover = field(default_factory=Cover)

    @property
    def file(self) -> str:
        """Its path, or of a document in a store that of a copy; errors as `find_file`."""
        return find_file(self.path, self.sha256)


def find_documents(
    paths: Sequence[str | Path], max_file_bytes: int = 500_000_000
) -> tuple[list[Document], list[Rejected]]:
    """List the PDFs and images among files and folders, sorted by stem, with the files that cannot be taken.

    Args:
        paths: files, and folders that are searched through all their levels; hidden files and folders in them
            are passed over, links to folders are not followed. URLs of objects, and of folders in a store, too.
        max_file_bytes: a larger file is rejected unread.

    Raises:
        UserError: a path does not exist, a folder holds no document, two documents have one name even with their
            folders, or a file of metadata cannot be read (see `read_metadata`).

    Examples:
        >>> documents, rejected = find_documents(["papers/"])  # doctest: +SKIP
        >>> documents[0].stem  # doctest: +SKIP
        'attention'
    """
    documents: list[Document] = []
    rejected: list[Rejected] = []
    if not paths:
        raise UserError("no document given: name PDFs, images or folders of them")
    urls = dict.fromkeys(str(path) for path in paths if is_url(path))
    files = (_identify(path, max_file_bytes) for path in _distinct(_expand([p for p in paths if not is_url(p)])))
    for found in chain(files, *(_find_in_store(url, max_file_bytes) for url in urls)):
        (documents if isinstance(found, Document) else rejected).append(found)  # type: ignore[arg-type]
    roots = [str(path) for path in paths if is_url(path) or Path(path).is_dir()]
    documents = sorted(_name(documents, roots, read_metadata(paths)), key=lambda document: document.stem)
    _check_stems(documents)
    return documents, rejected


def check_paths(paths: Sequence[str | Path]) -> None:
    """Look whether all paths exist and every folder holds a document; objects in a store are not looked for.

    Raises:
        UserError: as `find_documents`.
    """
    for _ in _expand([path for path in paths if not is_url(path)]):
        pass


def _name(documents: list[Document], roots: Sequence[str], metadata: dict[str, Cover]) -> Iterator[Document]:
    """Documents with their metadata; paths take the place of names that repeat, such as `TICKER/YEAR/page_1.pdf`."""
    counts = Counter(document.stem for document in documents)
    for each in documents:
        inside = _path_inside(each.path, roots)
        stem = inside.with_suffix("").as_posix() if counts[each.stem] > 1 else each.stem
        yield replace(each, stem=stem, cover=find_cover(metadata, inside))


def _path_inside(path: str, roots: Sequence[str]) -> Path:
    """A document's path in the given folder that it lies in; the name of a file that was given itself."""
    folders = (root.rstrip("/") + "/" for root in roots)
    return next((Path(path[len(folder) :]) for folder in folders if path.startswith(folder)), Path(Path(path).name))


def _expand(paths: Sequence[str | Path]) -> Iterator[Path]:
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


def _find_in_store(url: str, max_file_bytes: int) -> Iterator[Document | Rejected]:
    found = [one for one in find_objects(url) if one[0] == url or Path(one[0]).suffix.lower() in SUFFIXES]
    if not found:
        raise UserError(f"no PDF or image at '{url}': give a folder that holds {_list_suffixes()} files")
    for path, size, version in found:
        if Path(path).suffix.lower() not in SUFFIXES:
            yield Rejected("ingest", path, "not a PDF or image", f"docrerank reads {_list_suffixes()}")
        elif size > max_file_bytes:
            yield _reject_size(path, size)
        else:
            yield Document(Path(path).stem, path, version, size)


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
        return _reject_size(str(path), size)
    return Document(path.stem, str(path), hash_file(path), size)


def _reject_size(path: str, size: int) -> Rejected:
    detail = f"{size} bytes; raise the bound with --set ingest.max_file_bytes={size}"
    return Rejected("ingest", path, "file too large", detail)


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

    Examples:
        >>> find_image_suffix(b"MM\\0*"), find_image_suffix(b"GIF89a")
        ('.tiff', '')
    """
    return next((suffix for first, suffix in _FIRST_BYTES if content.startswith(first)), "")
