"""Benchmarks of any origin in one form: questions, the pages each is asked of, and what is relevant."""

from __future__ import annotations

from docrerank.evaluation.benchmark.benchmark import (
    EVERYTHING,
    Benchmark,
    BenchmarkQuery,
    Collection,
    read_page,
    take_top,
)
from docrerank.evaluation.benchmark.data_sets import find_origins
from docrerank.evaluation.benchmark.pdf_pages import PdfPages, read_pdf_benchmark
from docrerank.evaluation.benchmark.read_benchmark import is_pdf_benchmark, read_benchmark
from docrerank.evaluation.benchmark.read_data_set import read_data_set

__all__ = [
    "EVERYTHING",
    "Benchmark",
    "BenchmarkQuery",
    "Collection",
    "PdfPages",
    "find_origins",
    "is_pdf_benchmark",
    "read_benchmark",
    "read_data_set",
    "read_page",
    "read_pdf_benchmark",
    "take_top",
]
