"""The GPU script on a processor, as it would run on a machine without docrerank's own packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("sentence_transformers")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.sh"


def test_every_part_of_the_gpu_script_runs_at_a_tiny_geometry(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(SCRIPT), "--tiny", "--bare", "--json", str(tmp_path / "results.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == {"describe", "find_ceiling", "compare_precision", "score", "train", "train_flex"}
    assert not [name for part in results.values() for name in part if "failed" in name], results
    assert results["compare_precision"]["float32, ours against plain, largest"] < 1e-5
