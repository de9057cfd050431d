"""Finds a published set, in a folder or on the hub, cuts it into documents, and records the sets of a run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from docrerank.datasets.released import TEXT_COLUMNS
from docrerank.recipe import fingerprint, require
from docrerank.records import UserError, one_line
from docrerank.runs import Run, read_json, write_text

#: The released sets by their short names.
KNOWN = {
    "ColHNQue": "DocReRank/ColHNQue-ColPaliHardNegativeQueries",
    "FinHNQue": "DocReRank/FinHNQue-FinanceHardNegativeQueries",
    "RephColHNQue": "DocReRank/RephColHNQue-RephrasedColPaliHardNegativeQueries",
    "ColPali": "vidore/colpali_train_set",
    "ColPaliMined": "nomic-ai/colpali-queries-mined-20250321-by-source",
}
_HUB_NAME = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?\Z")
#: Rows that make a document where a set names none: neighbours are often of one source, and stay in one split.
BLOCK_ROWS = 256
#: The columns of a mined set, and those of a set that has pages and no queries.
MINED = ("query", "positive_passages", "negative_passages")
CORPUS = frozenset({"image", "docid", "image_filename", "source", "page"})
IDENTITY = ("page_id", "document", "page_number")
#: Which sets a run was imported from.
_IMPORTED = "imported_sets.json"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `start` to `stop` of a file."""

    file: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one document of the run to be made; `made_from` changes with the files that they are in."""

    document: str
    rows: tuple[Rows, ...]
    made_from: str


@dataclass(frozen=True, slots=True)
class Published:
    """A set on disk.

    Attributes:
        name: of the folder or file, or on the hub; no path.
        source: where it is: a path, or the name on the hub.
        files: in order.
    """

    name: str
    source: str
    files: tuple[Path, ...]

    @property
    def is_mined(self) -> bool:
        """Whether it has queries with the ids of pages, and no pages."""
        with _reading(self.files[0]):
            names = set(pq.read_schema(self.files[0]).names)
        return "image" not in names and names.issuperset(MINED)


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} cannot be read ({one_line(error)}): get the file again") from error


def find_published(dataset: str) -> Published:
    """Find a set by the path of a folder or parquet file, a hub name, or the short name of a released set.

    Raises:
        UserError: there is no such set, it holds no parquet file, or it is on the hub and that cannot be reached.
    """
    path = Path(dataset)
    if path.is_file() and path.suffix == ".parquet":
        return Published(path.stem, str(path.resolve()), (path,))
    if path.is_dir():
        return _open_folder(path.resolve().name, str(path.resolve()), path)
    name = KNOWN.get(dataset, dataset)
    if path.exists() or not _HUB_NAME.match(name):
        raise UserError(f"'{dataset}' is no set: give a folder of parquet files, a parquet file, or a hub name")
    return _open_folder(name, name, _download(name))


def plan_blocks(published: Published) -> list[Block]:
    """Cut a set into documents: its own where it names them, else blocks of rows; only metadata and ids are read.

    Raises:
        UserError: a file is damaged or its columns are of another kind.
    """
    rows: dict[str, list[Rows]] = {}
    seen = 0
    for file in published.files:
        with _reading(file):
            count = pq.read_metadata(file).num_rows
            for document, start, stop in _cut(file, count, published.name, seen):
                rows.setdefault(document, []).append(Rows(str(file), start, stop))
        seen += count
    stamps = {str(file): _stamp(file) for file in published.files}
    return [
        Block(
            document, tuple(own), fingerprint([[stamps[part.file], part.start, part.stop] for part in own], document)
        )
        for document, own in sorted(rows.items())
    ]


def _cut(file: Path, count: int, name: str, seen: int) -> Iterator[tuple[str, int, int]]:
    """Yield (document, start, stop) for the runs of rows of a file."""
    schema = pq.read_schema(file)
    _check_schema(file, schema)
    if set(IDENTITY) <= set(schema.names):
        documents = pq.read_table(file, columns=["document"])["document"].to_pylist()
    else:
        documents = [name_row(name, seen + row).rpartition("/")[0] for row in range(count)]
    for document, rows in groupby(range(count), documents.__getitem__):
        start, *others = rows
        if not document or "/" in document or "\0" in document or len(document) > 200:
            raise UserError(f"{file}, row {start}: 'document' is no name of a document; fix it or drop the column")
        yield document, start, start + 1 + len(others)


def name_row(name: str, row: int) -> str:
    """The id of the page in a row of a set that names no documents."""
    stem = re.sub(r"[^\w.-]", "-", name.rpartition("/")[2])
    return f"{stem}-{row // BLOCK_ROWS:05}/{row % BLOCK_ROWS + 1}"


def _check_schema(file: Path, schema: pa.Schema) -> None:
    asks = {"positive_queries", "query"} & set(schema.names) or CORPUS.issuperset(schema.names)
    if missing := [*(["image"] * ("image" not in schema.names)), *(["positive_queries"] * (not asks))]:
        have = ", ".join(schema.names[:12])
        raise UserError(f"{file} has no column '{missing[0]}' (it has {have}): it is not of the released schema")
    image = schema.field("image").type
    is_struct = pa.types.is_struct(image) and image.get_field_index("bytes") >= 0
    if not (is_struct or pa.types.is_binary(image) or pa.types.is_large_binary(image)):
        raise UserError(f"{file}: column 'image' is {image}, not an image: save it as datasets.Image with its bytes")
    for name, wanted in TEXT_COLUMNS.items():
        if name in schema.names and not _is_like(kind := schema.field(name).type, wanted):
            raise UserError(f"{file}: column '{name}' is {kind}, not {wanted}: fix it or drop it")


def _is_like(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column holds texts in as many lists as wanted, or in one less: one query alone, or a flat list."""
    depth, asked = _count_lists(kind), _count_lists(wanted)
    return bool(pa.types.is_null(kind)) or depth in (asked - 1, asked)


def _count_lists(kind: pa.DataType) -> int:
    """How many lists stand around texts; far below 0 around anything else."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return 1 + _count_lists(kind.value_type)
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return 0 if any(test(kind) for test in texts) else -100


def _open_folder(name: str, source: str, folder: Path) -> Published:
    """The parquet files of a folder: those in `data/` if it has some there, as the hub's sets do."""
    inside = folder / "data" if any((folder / "data").glob("*.parquet")) else folder
    files = sorted(file for file in inside.rglob("*.parquet") if not file.name.startswith("."))
    if not files:
        raise UserError(f"no .parquet file in '{folder}': put the set's data/*.parquet files there")
    return Published(name, source, tuple(files))


def _stamp(file: Path) -> str:
    """Name, size and footer of a file: the footer says where each column stands and what its bounds are."""
    size = file.stat().st_size
    with file.open("rb") as handle:
        handle.seek(max(0, size - 65_536))
        return f"{file.name} {size} {hashlib.sha256(handle.read()).hexdigest()}"


def _download(name: str) -> Path:
    hub = require("huggingface_hub", extra="hub")
    try:
        return Path(hub.snapshot_download(name, repo_type="dataset", allow_patterns=["*.parquet", "README.md"]))
    except Exception as error:
        place = "or put its data/*.parquet files into a folder and give that folder"
        if require("huggingface_hub.constants", extra="hub").HF_HUB_OFFLINE:
            raise UserError(
                f"the set '{name}' is neither a folder here nor in the hub's cache, and the command line is offline: "
                f"set HF_HUB_OFFLINE=0 to download it, {place}"
            ) from None
        raise UserError(f"the set '{name}' could not be downloaded ({one_line(error)}): try again, {place}") from None


def read_sets(run: Run) -> dict[str, dict[str, Any]]:
    """The sets of a run by name: where each came from (`source`), its `share` that was taken, its `documents`."""
    return read_json(run.path / _IMPORTED)


def claim_documents(run: Run, published: Published, documents: Sequence[str], share: float) -> list[str]:
    """Put a set down as one of the run's; returns the documents of the others, which stay.

    Raises:
        UserError: another set has its name or one of its documents, or the run holds pages of no known set.
    """
    sets = read_sets(run)
    known = sets.pop(published.name, None)
    if known and known["source"] != published.source:
        raise UserError(
            f"'{run.path}' has a set '{published.name}' already, from '{known['source']}': give this one another name"
        )
    for name, other in sets.items():
        if shared := sorted(set(documents) & set(other["documents"])):
            raise UserError(f"document '{shared[0]}' is in the set '{name}' too: rename it, or give another --out")
    others = [document for other in sets.values() for document in other["documents"]]
    if strays := sorted(set(run.pages.names()).difference(others, documents, known["documents"] if known else ())):
        raise UserError(f"'{run.path}' holds '{strays[0]}', which is of no set that is known: give another --out")
    sets[published.name] = {"source": published.source, "share": share, "documents": list(documents)}
    write_text(run.path / _IMPORTED, json.dumps(sets, indent=2, ensure_ascii=False) + "\n")
    return others
