"""Finds a published set, in a folder or on the hub, cuts it into documents, and records the sets of a run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from docrerank.datasets.released import COLUMNS, PAGE
from docrerank.recipe import fingerprint, require
from docrerank.records import UserError, one_line
from docrerank.runs import Run, write_text

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
        try:
            names = set(pq.read_schema(self.files[0]).names)
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{self.files[0]} cannot be read ({one_line(error)}): get the file again") from error
        return "image" not in names and names.issuperset(MINED)


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
        for document, start, stop in _cut(file, published.name, seen):
            rows.setdefault(document, []).append(Rows(str(file), start, stop))
        seen += pq.read_metadata(file).num_rows
    stamps = {str(file): _stamp(file) for file in published.files}
    return [
        Block(
            document, tuple(own), fingerprint([[stamps[part.file], part.start, part.stop] for part in own], document)
        )
        for document, own in sorted(rows.items())
    ]


def _cut(file: Path, name: str, seen: int) -> Iterator[tuple[str, int, int]]:
    """Yield (document, start, stop) for the runs of rows of a file."""
    try:
        schema = pq.read_schema(file)
        count = pq.read_metadata(file).num_rows
        _check_schema(file, schema)
        if not set(IDENTITY) <= set(schema.names):
            edges = [0, *range(BLOCK_ROWS - seen % BLOCK_ROWS, count, BLOCK_ROWS), count]
            for start, stop in pairwise(edges):
                if stop > start:
                    yield name_row(name, seen + start).rpartition("/")[0], start, stop
            return
        documents = pq.read_table(file, columns=["document"])["document"].to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} cannot be read ({one_line(error)}): get the file again") from error
    start = 0
    for place in range(1, len(documents) + 1):
        if place == len(documents) or documents[place] != documents[start]:
            yield _check_document(file, start, documents[start]), start, place
            start = place


def name_row(name: str, row: int) -> str:
    """The id of the page in a row of a set that names no documents."""
    stem = re.sub(r"[^\w.-]", "-", name.rpartition("/")[2])
    return f"{stem}-{row // BLOCK_ROWS:05}/{row % BLOCK_ROWS + 1}"


def _check_document(file: Path, row: int, name: str | None) -> str:
    if not name or "/" in name or "\0" in name or len(name) > 200:
        raise UserError(f"{file}, row {row}: 'document' is no name of a document; fix it or drop the column")
    return name


def _check_schema(file: Path, schema: pa.Schema) -> None:
    kinds = {"image": None, **{column.name: column.kind for column in COLUMNS}, **PAGE}
    asks = {"positive_queries", "query"} & set(schema.names) or CORPUS.issuperset(schema.names)
    for name in ("image", "positive_queries"):
        if name not in schema.names and not (name == "positive_queries" and asks):
            have = ", ".join(schema.names[:12])
            raise UserError(f"{file} has no column '{name}' (it has {have}): it is not of the released schema")
    image = schema.field("image").type
    if not (_is_bytes(image) or (pa.types.is_struct(image) and image.get_field_index("bytes") >= 0)):
        raise UserError(f"{file}: column 'image' is {image}, not an image: save it as datasets.Image with its bytes")
    for name, kind in kinds.items():
        if kind is None or name not in schema.names:
            continue
        found = _plain(schema.field(name).type)
        if found not in (kind, *_LOOSER.get(name, ())):
            raise UserError(f"{file}: column '{name}' is {found}, not {kind}: fix it or drop it")


_STRINGS = pa.list_(pa.string())
#: What else the queries of a page may be: one alone, or, under one positive, a flat list.
_LOOSER = {
    "positive_queries": (pa.string(),),
    "answer": (pa.string(), pa.null(), pa.list_(pa.null())),
    "negative_queries": (_STRINGS, pa.null(), pa.list_(pa.null()), pa.list_(pa.list_(pa.null()))),
    "rephrased_queries": (_STRINGS, pa.null(), pa.list_(pa.null()), pa.list_(pa.list_(pa.null()))),
}


def _plain(kind: pa.DataType) -> pa.DataType:
    """A type without what makes no difference here: large offsets, fixed sizes, names of items, views."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    return kind


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


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


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """A set of a run: where it came from, the share of it that was taken, and its documents."""

    source: str
    share: float
    documents: tuple[str, ...]


_SETS = TypeAdapter(dict[str, ImportedSet])


def read_sets(run: Run) -> dict[str, ImportedSet]:
    """The sets of a run by name; empty if it has none.

    Raises:
        UserError: the file is damaged.
    """
    path = run.path / _IMPORTED
    if not path.is_file():
        return {}
    try:
        return _SETS.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({one_line(error)}): import into another --out") from None


def claim_documents(run: Run, published: Published, blocks: Sequence[Block], share: float) -> list[str]:
    """Put a set down as one of the run's; returns the documents of the others, which stay.

    Raises:
        UserError: another set has its name or one of its documents, or the run holds pages of no known set.
    """
    sets, documents = read_sets(run), tuple(block.document for block in blocks)
    known = sets.pop(published.name, None)
    if known and known.source != published.source:
        raise UserError(
            f"'{run.path}' has a set '{published.name}' already, from '{known.source}': give this one another name"
        )
    for name, other in sets.items():
        if shared := sorted(set(documents) & set(other.documents)):
            raise UserError(f"document '{shared[0]}' is in the set '{name}' too: rename it, or give another --out")
    others = [document for other in sets.values() for document in other.documents]
    if strays := sorted(set(run.pages.names()) - set(others) - set(documents) - set(known.documents if known else ())):
        raise UserError(f"'{run.path}' holds '{strays[0]}', which is of no set that is known: give another --out")
    sets[published.name] = ImportedSet(published.source, share, documents)
    write_text(run.path / _IMPORTED, _SETS.dump_json(sets, indent=2).decode() + "\n")
    return others
