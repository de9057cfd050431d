"""A data set in BEIR form as one collection: its subsets, rephrase levels, the candidates that come with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docrerank.evaluation.benchmark.benchmark import (
    Benchmark,
    BenchmarkQuery,
    Collection,
    collect_traits,
    list_values,
)
from docrerank.evaluation.benchmark.data_sets import DataSet, Origin
from docrerank.evaluation.benchmark.row_pages import RowPages
from docrerank.evaluation.statistics.ranking_metrics import is_plain_id
from docrerank.recipe import fingerprint
from docrerank.records import UserError

#: Columns of ids and of a question's text, under the names that are in use; ViDoRe V3 writes ids with an underscore.
QUERY_IDS = ("query-id", "query_id", "_id", "id")
PAGE_IDS = ("corpus-id", "corpus_id", "_id", "id")
CANDIDATES = ("corpus-ids", "corpus_ids")
TEXTS = ("text", "query")
#: Columns that say which document a page is of.
DOCUMENTS = ("doc_id", "doc-id", "document")
#: Columns of the queries that are kept, and what they are called here.
TRAITS = {
    "language": "language",
    "query_type": "type",
    "query_types": "type",
    "content_type": "evidence",
    "evidence": "evidence",
    "document_type": "document_type",
}
#: Rephrase levels of REAL-MM-RAG beside 0, the question as it was first asked.
LEVELS = (1, 2, 3)


def read_data_set(origin: Origin, data: Path, folder: Path, levels: Sequence[int] = ()) -> Collection:
    """Read a data set with every rephrase level of its questions; images are read when their page is asked for.

    Ids of a data set with subsets (languages) get the subset in front: `english/12`. A rephrased question has its
    level behind its id: `12 level 2`.

    Args:
        origin: of the data set.
        data: see `DataSet`.
        folder: keeps images and what OCR read.
        levels: the rephrase levels to ask, of a data set that has them; empty: all.

    Raises:
        UserError: the data set is not to be had, a part is missing, or a row is malformed.
    """
    found, parts = DataSet(origin, data), _Parts()
    for prefix in found.prefixes():
        parts.read_subset(found, prefix, levels)
    if not any(score > 0 for pages in parts.qrels.values() for score in pages.values()):
        raise UserError(f"the qrels of '{found.name}' name no relevant page of a question that it holds")
    queries = tuple(parts.queries.values())
    return Collection(
        name=origin.name,
        benchmark=Benchmark(Path(found.name), queries, parts.qrels),
        source=RowPages(parts.rows, folder),
        groups=parts.groups,
        scope=parts.scope,
        documents=parts.documents,
        top_ranked=parts.top_ranked,
        traits=collect_traits(queries),
        headline=origin.headline,
        version=fingerprint([str(version) for version in parts.versions]),
        levels={query.id: query.metadata["level"] for query in queries if "level" in query.metadata},
    )


@dataclass(slots=True)
class _Parts:
    """What is gathered from a data set's subsets; `asked` has the ids of a question's rephrase levels."""

    queries: dict[str, BenchmarkQuery] = field(default_factory=dict)
    asked: dict[str, list[str]] = field(default_factory=dict)
    qrels: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: dict[str, tuple[Any, int]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    scope: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    top_ranked: dict[str, list[str]] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    def read_subset(self, data: DataSet, prefix: str, levels: Sequence[int]) -> None:
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
        for query in _read_queries(data, prefix, levels):
            level = query.metadata.get("level")
            name = f"{lead}{query.id} level {level}" if level else lead + query.id
            self.queries[name], self.scope[name] = replace(query, id=name), prefix
            self.asked.setdefault(lead + query.id, []).append(name)
        self._read_qrels(data, prefix, lead)
        if data.find("top_ranked", prefix):
            rows = data.load("top_ranked", prefix)
            names = [_find(rows.column_names, each, "top_ranked", data.name) for each in (QUERY_IDS, CANDIDATES)]
            for row in rows:
                found = [f"{lead}{page}" for page in row[names[1]]]
                self.top_ranked |= dict.fromkeys(self.asked.get(f"{lead}{row[names[0]]}", ()), found)

    def _read_qrels(self, data: DataSet, prefix: str, lead: str) -> None:
        rows = data.load("qrels", prefix if data.find("qrels", prefix) else "")
        names = [_find(rows.column_names, each, "the qrels", data.name) for each in (QUERY_IDS, PAGE_IDS, ("score",))]
        for query, page, score in zip(*(rows[name] for name in names), strict=True):
            for asked in self.asked.get(f"{lead}{query}", ()):
                self.qrels.setdefault(asked, {})[f"{lead}{page}"] = _whole(score, data.name)


def _read_queries(data: DataSet, prefix: str, levels: Sequence[int]) -> Iterator[BenchmarkQuery]:
    """The questions level by level; those of a data set without levels have none in their metadata."""
    rows = data.load("queries", prefix)
    columns = rows.column_names
    column = _find(columns, QUERY_IDS, "the queries", data.name)
    plain = _find(columns, TEXTS, "the queries", data.name)
    texts: dict[int | None, str] = {None: plain}
    if rephrased := {level: name for level in LEVELS if (name := f"rephrase_level_{level}") in columns}:
        wanted = levels or (0, *LEVELS)
        texts = {level: name for level, name in {0: plain, **rephrased}.items() if level in wanted}
    kept = [name for name in columns if name in TRAITS or name == column]
    for level, asked in texts.items():
        for row in rows.select_columns([*kept, asked]):
            if text := str(row[asked] or "").strip():
                metadata = {TRAITS[name]: row[name] for name in kept if name in TRAITS and row[name]}
                if prefix:
                    metadata.setdefault("language", prefix)
                if level is not None:
                    metadata["level"] = level
                evidence = list_values(metadata.get("evidence"))
                yield BenchmarkQuery(_plain(row[column], data.name), text, evidence=evidence, metadata=metadata)


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
