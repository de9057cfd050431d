"""The direction of imports between rooms, and what the core may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "docrerank"
ROOMS = (
    "records recipe words statistics runs pages chat queries generation audit exchange benchmark encoding mining "
    "reranker training evaluation probe ablation referee serving report cli"
).split()  # from the bottom up
NOT_TRAINING = {"evaluation", "serving", "report"}


def imports() -> list[tuple[str, str, Path]]:
    found = []
    for path in SOURCE.rglob("*.py"):
        here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("docrerank."):
                found.append((here, str(node.module).split(".")[1], path))
    return found


def test_every_import_goes_down() -> None:
    upward = [(here, there, path.name) for here, there, path in imports() if ROOMS.index(there) > ROOMS.index(here)]
    assert not upward


def test_what_judges_a_model_does_not_know_how_it_was_trained() -> None:
    assert not [(here, path.name) for here, there, path in imports() if here in NOT_TRAINING and there == "training"]


def test_the_core_and_the_command_line_start_without_torch() -> None:
    code = "import sys, docrerank.cli, docrerank.pages, docrerank.queries; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
