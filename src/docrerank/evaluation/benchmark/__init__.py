"""Benchmarks of any origin in one form: questions, the pages each is asked of, and what is relevant."""

from __future__ import annotations

from docrerank.evaluation.benchmark.beir import LEVELS, find_levels, read_beir
from docrerank.evaluation.benchmark.benchmark import Benchmark, BenchmarkQuery
from docrerank.evaluation.benchmark.collection import EVERYTHING, Collection, collect_traits
from docrerank.evaluation.benchmark.corpus import Corpus, find_pages, name_benchmark, open_corpus
from docrerank.evaluation.benchmark.data_set import DataSet, explain_absence, find_copy, is_hub_name, preparing
from docrerank.evaluation.benchmark.missing import leave_out_missing
from docrerank.evaluation.benchmark.page_sources import PageSource, PdfPages, RowPages
from docrerank.evaluation.benchmark.pdfs import is_pdf_benchmark, read_pdf_benchmark
from docrerank.evaluation.benchmark.pictures import NO_BOXES, Pictures, add_text
from docrerank.evaluation.benchmark.reading import read_benchmark
from docrerank.evaluation.benchmark.scopes import KEPT, Scope, Scores, find_scopes, take_top

__all__ = [
    "EVERYTHING",
    "KEPT",
    "LEVELS",
    "NO_BOXES",
    "Benchmark",
    "BenchmarkQuery",
    "Collection",
    "Corpus",
    "DataSet",
    "PageSource",
    "PdfPages",
    "Pictures",
    "RowPages",
    "Scope",
    "Scores",
    "add_text",
    "collect_traits",
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
