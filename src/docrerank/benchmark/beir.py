"""A data set in BEIR form as a collection: subsets, rephrase levels, candidates that come with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docrerank.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.benchmark.collection import Collection, collect_traits
from docrerank.benchmark.pictures import Pictures
from docrerank.benchmark.rows import Source
from docrerank.benchmark.shelves import RowShelf
from docrerank.recipe import fingerprint
from docrerank.records import UserError
from docrerank.statistics import is_plain_id

#: Columns of ids and of a question's text, under the names that are in use.
QUERY_IDS = ("query-id", "_id", "id", "query_id")
PAGE_IDS = ("corpus-id", "_id", "id", "corpus_id")
TEXTS = ("text", "query")
#: Metadata that questions may bring as columns, and what it is called here.
TRAITS = {
    "language": "language",
    "query_type": "type",
    "query_types": "type",
    "content_type": "evidence",
    "evidence": "evidence",
    "document_type": "document_type",
}
#: Rephrase levels of REAL-MM-RAG: 0 is the question as it was first asked.
LEVELS = (0, 1, 2, 3)


def read_beir(source: Source, folder: Path, level: int | None = None) -> Collection:
    """Read a data set; images are read when their page is asked for.

    Ids of a data set with subsets (languages) get the subset in front: `english/12`.

    Args:
        source: the data set.
        folder: where images and OCR are kept.
        level: the rephrase level to ask, of a data set that has them.

    Raises:
        UserError: a part is missing, or a row of it malformed.
    """
    parts = _Parts()
    for prefix in source.prefixes():
        parts.read_subset(source, prefix, level)
    if not any(score > 0 for pages in parts.qrels.values() for score in pages.values()):
        raise UserError(f"the qrels of '{source.name}' name no relevant page of a question that it holds")
    queries = tuple(parts.queries.values())
    name = source.folder.resolve().name if source.folder and source.name == str(source.folder) else source.name
    return Collection(
        name=name if level is None else f"{name}, level {level}",
        benchmark=Benchmark(Path(source.name), queries, parts.qrels),
        shelf=RowShelf(parts.rows, Pictures(folder)),
        groups=parts.groups,
        scope=parts.scope,
        top_ranked=parts.top_ranked,
        traits=collect_traits(queries),
        version=fingerprint([str(version) for version in parts.versions]),
    )


def find_levels(source: Source) -> list[int]:
    """The rephrase levels of a data set; empty if it has none."""
    columns = source.load("queries", source.prefixes()[0]).column_names
    return (
        [level for level in LEVELS if level == 0 or f"rephrase_level_{level}" in columns]
        if _is_rephrased(columns)
        else []
    )


@dataclass(slots=True)
class _Parts:
    """What is gathered from a data set's subsets."""

    queries: dict[str, BenchmarkQuery] = field(default_factory=dict)
    qrels: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: dict[str, tuple[Any, int]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    scope: dict[str, str] = field(default_factory=dict)
    top_ranked: dict[str, list[str]] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    def read_subset(self, source: Source, prefix: str, level: int | None) -> None:
        lead = f"{prefix}/" if prefix else ""
        shared = "" if source.find("corpus", prefix) is None else prefix
        corpus = source.load("corpus", shared)
        self.versions.append(getattr(corpus, "_fingerprint", ""))
        column = _find(corpus.column_names, PAGE_IDS, "the corpus", source.name)
        ids = [f"{lead}{_plain(each, source.name)}" for each in corpus[column]]
        self.rows |= {page_id: (corpus, number) for number, page_id in enumerate(ids)}
        self.groups[prefix] = ids
        for query in _read_queries(source, prefix, level):
            self.queries[lead + query.id] = BenchmarkQuery(
                lead + query.id, query.text, evidence=query.evidence, metadata=query.metadata
            )
            self.scope[lead + query.id] = prefix
        self._read_qrels(source, prefix, lead)
        if source.find("top_ranked", prefix):
            for row in source.load("top_ranked", prefix):
                self.top_ranked[f"{lead}{row['query-id']}"] = [f"{lead}{page}" for page in row["corpus-ids"]]

    def _read_qrels(self, source: Source, prefix: str, lead: str) -> None:
        rows = source.load("qrels", prefix if source.find("qrels", prefix) else "")
        for needed in ("query-id", "corpus-id", "score"):
            if needed not in rows.column_names:
                raise UserError(f"the qrels of '{source.name}' have no column '{needed}': {rows.column_names}")
        for query, page, score in zip(rows["query-id"], rows["corpus-id"], rows["score"], strict=True):
            if f"{lead}{query}" in self.queries:
                self.qrels.setdefault(f"{lead}{query}", {})[f"{lead}{page}"] = _whole(score, source.name)


def _read_queries(source: Source, prefix: str, level: int | None) -> Iterator[BenchmarkQuery]:
    rows = source.load("queries", prefix)
    columns = rows.column_names
    column = _find(columns, QUERY_IDS, "the queries", source.name)
    asked = _find(columns, TEXTS, "the queries", source.name)
    if level:
        asked = _find(columns, (f"rephrase_level_{level}",), "the queries", source.name)
    kept = [name for name in columns if name in TRAITS or name in (column, asked)]
    for row in rows.select_columns(kept):
        text = str(row[asked] or "").strip()
        if text:
            metadata = {TRAITS[name]: row[name] for name in kept if name in TRAITS and row[name]}
            if prefix:
                metadata.setdefault("language", prefix)
            if level is not None:
                metadata["level"] = level
            yield BenchmarkQuery(
                _plain(row[column], source.name), text, evidence=_evidence(metadata), metadata=metadata
            )


def _evidence(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    value = metadata.get("evidence") or ()
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)


def _is_rephrased(columns: list[str]) -> bool:
    return any(f"rephrase_level_{level}" in columns for level in LEVELS)


def _find(columns: list[str], names: tuple[str, ...], part: str, name: str) -> str:
    for each in names:
        if each in columns:
            return each
    raise UserError(f"{part} of '{name}' have no column {' or '.join(map(repr, names))}, only {columns}")


def _plain(value: Any, name: str) -> str:
    text = str(value)
    if value is None or not is_plain_id(text):
        raise UserError(f"'{name}' has an id that is not plain text: {text[:60]!r}")
    return text


def _whole(score: Any, name: str) -> int:
    try:
        return int(score)
    except (TypeError, ValueError) as error:
        raise UserError(f"the qrels of '{name}' have a score that is no whole number: {score!r}") from error
