"""A data set in BEIR form as a collection: subsets, rephrase levels, candidates that come with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.benchmark.collection import Collection, collect_traits
from docrerank.evaluation.benchmark.data_set import DataSet
from docrerank.evaluation.benchmark.page_sources import RowPages
from docrerank.evaluation.benchmark.pictures import Pictures
from docrerank.evaluation.statistics import is_plain_id
from docrerank.recipe import fingerprint
from docrerank.records import UserError

#: Columns of ids and of a question's text, under the names that are in use.
QUERY_IDS = ("query-id", "_id", "id", "query_id")
PAGE_IDS = ("corpus-id", "_id", "id", "corpus_id")
TEXTS = ("text", "query")
#: Columns that say which document a page is of.
DOCUMENTS = ("doc_id", "doc-id", "document")
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


def read_beir(data: DataSet, folder: Path, level: int | None = None) -> Collection:
    """Read a data set; images are read when their page is asked for.

    Ids of a data set with subsets (languages) get the subset in front: `english/12`.

    Args:
        data: the data set.
        folder: where images and OCR are kept.
        level: the rephrase level to ask, of a data set that has them.

    Raises:
        UserError: a part is missing, or a row of it malformed.
    """
    parts = _Parts()
    for prefix in data.prefixes():
        parts.read_subset(data, prefix, level)
    if not any(score > 0 for pages in parts.qrels.values() for score in pages.values()):
        raise UserError(f"the qrels of '{data.name}' name no relevant page of a question that it holds")
    queries = tuple(parts.queries.values())
    name = data.folder.resolve().name if data.folder and data.name == str(data.folder) else data.name
    return Collection(
        name=name if level is None else f"{name}, level {level}",
        benchmark=Benchmark(Path(data.name), queries, parts.qrels),
        source=RowPages(parts.rows, Pictures(folder)),
        groups=parts.groups,
        scope=parts.scope,
        documents=parts.documents,
        top_ranked=parts.top_ranked,
        traits=collect_traits(queries),
        version=fingerprint([str(version) for version in parts.versions]),
    )


def find_levels(data: DataSet) -> list[int]:
    """The rephrase levels of a data set; empty if it has none."""
    columns = data.load("queries", data.prefixes()[0]).column_names
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
    documents: dict[str, str] = field(default_factory=dict)
    top_ranked: dict[str, list[str]] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    def read_subset(self, data: DataSet, prefix: str, level: int | None) -> None:
        lead = f"{prefix}/" if prefix else ""
        shared = "" if data.find("corpus", prefix) is None else prefix
        corpus = data.load("corpus", shared)
        self.versions.append(getattr(corpus, "_fingerprint", ""))
        column = _find(corpus.column_names, PAGE_IDS, "the corpus", data.name)
        own = [_plain(each, data.name) for each in corpus[column]]
        ids = [lead + each for each in own]
        self.rows |= {page_id: (corpus, number) for number, page_id in enumerate(ids)}
        # Subsets ask about the same documents in other languages: a document's name has no lead.
        named = next((name for name in DOCUMENTS if name in corpus.column_names), None)
        self.documents |= dict(zip(ids, map(str, corpus[named]) if named else own, strict=True))
        self.groups[prefix] = ids
        for query in _read_queries(data, prefix, level):
            self.queries[lead + query.id] = BenchmarkQuery(
                lead + query.id, query.text, evidence=query.evidence, metadata=query.metadata
            )
            self.scope[lead + query.id] = prefix
        self._read_qrels(data, prefix, lead)
        if data.find("top_ranked", prefix):
            for row in data.load("top_ranked", prefix):
                self.top_ranked[f"{lead}{row['query-id']}"] = [f"{lead}{page}" for page in row["corpus-ids"]]

    def _read_qrels(self, data: DataSet, prefix: str, lead: str) -> None:
        rows = data.load("qrels", prefix if data.find("qrels", prefix) else "")
        for needed in ("query-id", "corpus-id", "score"):
            if needed not in rows.column_names:
                raise UserError(f"the qrels of '{data.name}' have no column '{needed}': {rows.column_names}")
        for query, page, score in zip(rows["query-id"], rows["corpus-id"], rows["score"], strict=True):
            if f"{lead}{query}" in self.queries:
                self.qrels.setdefault(f"{lead}{query}", {})[f"{lead}{page}"] = _whole(score, data.name)


def _read_queries(data: DataSet, prefix: str, level: int | None) -> Iterator[BenchmarkQuery]:
    rows = data.load("queries", prefix)
    columns = rows.column_names
    column = _find(columns, QUERY_IDS, "the queries", data.name)
    asked = _find(columns, TEXTS, "the queries", data.name)
    if level:
        asked = _find(columns, (f"rephrase_level_{level}",), "the queries", data.name)
    kept = [name for name in columns if name in TRAITS or name in (column, asked)]
    for row in rows.select_columns(kept):
        text = str(row[asked] or "").strip()
        if text:
            metadata = {TRAITS[name]: row[name] for name in kept if name in TRAITS and row[name]}
            if prefix:
                metadata.setdefault("language", prefix)
            if level is not None:
                metadata["level"] = level
            yield BenchmarkQuery(_plain(row[column], data.name), text, evidence=_evidence(metadata), metadata=metadata)


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
