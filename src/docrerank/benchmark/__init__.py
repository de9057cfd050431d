"""Benchmarks of any origin in one form: questions, the pages each is asked of, and what is relevant."""

from __future__ import annotations

from docrerank.benchmark.beir import LEVELS, find_levels, read_beir
from docrerank.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.benchmark.collection import EVERYTHING, Collection, collect_traits
from docrerank.benchmark.corpus import Corpus, find_pages, name_benchmark, open_corpus
from docrerank.benchmark.folders import is_pdf_benchmark, read_pdf_benchmark
from docrerank.benchmark.missing import describe_missing, leave_out_missing
from docrerank.benchmark.pictures import NO_BOXES, Pictures, add_text
from docrerank.benchmark.reading import read_benchmark
from docrerank.benchmark.rows import Source, explain_absence, find_copy, is_hub_name, preparing
from docrerank.benchmark.scopes import Scope, Scores, find_scopes, take_top
from docrerank.benchmark.shelves import PageShelf, RowShelf

__all__ = [
    "EVERYTHING",
    "LEVELS",
    "NO_BOXES",
    "Benchmark",
    "BenchmarkQuery",
    "Collection",
    "Corpus",
    "PageShelf",
    "Pictures",
    "RowShelf",
    "Scope",
    "Scores",
    "Source",
    "add_text",
    "collect_traits",
    "describe_missing",
    "explain_absence",
    "find_copy",
    "find_levels",
    "find_pages",
    "find_scopes",
    "is_hub_name",
    "is_pdf_benchmark",
    "leave_out_missing",
    "name_benchmark",
    "open_corpus",
    "preparing",
    "read_beir",
    "read_benchmark",
    "read_pdf_benchmark",
    "take_top",
]
