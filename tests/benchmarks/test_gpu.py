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
EVERY = ("describe", "compare_precision", "train")
FIRST = ("compare_gradients", "score", "train_without_autocast", "share_pages")


def run_script(folder: Path, *options: str) -> dict[str, dict[str, object]]:
    environment = {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(SCRIPT), "--tiny", "--bare", "--json", str(folder / "results.json"), *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1200)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads((folder / "results.json").read_text())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("families", [("qwen2_vl", "qwen2_5_vl", "qwen3_vl")])
def test_every_part_of_the_gpu_script_runs_at_a_tiny_geometry(tmp_path: Path, families: tuple[str, ...]) -> None:
    results = run_script(tmp_path, "--families", *families)
    names = {f"{family} {part}" for family in families for part in EVERY}
    assert set(results) == {"find_ceiling", *names, *(f"qwen2_vl {part}" for part in FIRST)}
    assert not [name for part in results.values() for name in part if "failed" in name], results
    assert results["qwen2_vl compare_precision"]["float32, ours against plain, largest"] < 1e-5
    assert results["qwen2_vl compare_gradients"]["packed against apart, relative"] < 1e-4
    trained = results[f"{families[-1]} train"]
    assert trained["pages a step"] == 5
    assert 0 < trained["TFLOP/s, what a step needs"] < trained["TFLOP/s, recomputed activations too"]
    assert 0 < trained["of these in the vision tower"] < 1


@pytest.mark.slow
def test_a_part_that_runs_out_of_memory_costs_only_itself_and_none_begins_after_its_time(tmp_path: Path) -> None:
    code = (
        "import gc, json, sys, weakref; sys.path.insert(0, sys.argv[1]); import gpu, torch\n"
        "class Held: pass\n"
        "def part():\n"
        "    held = Held(); seen.append(weakref.ref(held)); raise torch.OutOfMemoryError('CUDA out of memory')\n"
        "seen, results = [], {}\n"
        "gpu.run_part(results, 'first', part, float('inf'))\n"
        "gpu.run_part(results, 'second', lambda: {'value': 1.0}, float('inf'))\n"
        "gpu.run_part(results, 'third', lambda: {'value': 1.0}, 0.0)\n"
        "print(json.dumps([results, seen[0]() is None]))"
    )
    command = [sys.executable, "-c", code, str(SCRIPT.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    results, freed = json.loads(done.stdout.splitlines()[-1])
    assert results == {
        "first": {"failed": "OutOfMemoryError: CUDA out of memory"},
        "second": {"value": 1.0},
        "third": {"left out": "no time is left"},
    }
    assert freed
