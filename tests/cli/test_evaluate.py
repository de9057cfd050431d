"""`docrerank evaluate` of several models, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("datasets")
pytest.importorskip("bm25s")
pytest.importorskip("pytrec_eval")


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": "d1", "text": "net sales rose"}, {"_id": "d2", "text": "the board met"}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "When did the board meet?"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td2\t1\n")
    return folder


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "docrerank.cli", *words], capture_output=True, text=True, check=False)


def test_models_are_compared_in_one_table_and_files_are_written(benchmark: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("evaluate", "bm25", "oracle", "-b", str(benchmark), "-o", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["systems"].keys() == {"first stage: bm25", "bm25", "oracle"}
    assert (out / "plain.txt").is_file()


def test_what_is_not_there_is_told_in_one_line(benchmark: Path, tmp_path: Path) -> None:
    done = run("evaluate", "nothing", "-b", str(benchmark), "-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("docrerank: no model in 'nothing'")
