from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fixtures.shards import work

from docrerank.records import UserError
from docrerank.runs import ShardFailure, map_shards, worker_count


def test_what_a_shard_does_to_its_worker_is_its_own_failure_and_the_others_finish() -> None:
    shards = ["a", "crash", "b", "hang", "raise", "bloat", "c"]
    results = dict(map_shards(work, shards, workers=2, seconds=4))
    assert [results[name] for name in "abc"] == ["A", "B", "C"]
    failures = {name: result for name, result in results.items() if isinstance(result, ShardFailure)}
    assert {name: failure.reason for name, failure in failures.items()} == {
        "crash": "crashed its reader",
        "hang": "took too long",
        "raise": "failed",
        "bloat": "ran out of memory",
    }
    assert failures["raise"].detail == "ValueError: two lines"
    assert "7" in failures["crash"].detail


@pytest.mark.parametrize(("shard", "message"), [("user", "mend this; do that"), ("extra", "docrerank.ocr.")])
def test_an_error_that_the_user_must_mend_stops_the_map(shard: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        list(map_shards(work, [shard, "a"], workers=1, seconds=20))


def test_no_shards_are_no_work() -> None:
    assert list(map_shards(work, [], workers=2)) == []


def test_zero_workers_means_the_cores_of_this_process() -> None:
    assert worker_count(0) == len(os.sched_getaffinity(0))
    assert worker_count(3) == 3


def note_worker(folder: str) -> None:
    """Tell the worker's process, then work on."""
    (Path(folder) / "pid").write_text(str(os.getpid()))
    time.sleep(60)


def test_workers_end_with_a_killed_run(tmp_path: Path) -> None:
    code = "import sys\nfrom test_workers import note_worker\nfrom docrerank.runs import map_shards\n"
    code += "if __name__ == '__main__':\n    list(map_shards(note_worker, [sys.argv[1]], 1))\n"
    (tmp_path / "child.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    child = subprocess.Popen([sys.executable, str(tmp_path / "child.py"), str(tmp_path)], env=environment)
    while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
        assert child.poll() is None
        time.sleep(0.02)
    child.kill()
    child.wait()
    worker, until = int((tmp_path / "pid").read_text()), time.monotonic() + 5
    while is_alive(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(worker)


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_script_without_a_main_guard_is_told_in_a_line_what_it_lacks(tmp_path: Path) -> None:
    """Fresh processes import the script again, and would begin the same work."""
    script = tmp_path / "script.py"
    script.write_text("from docrerank.runs import map_shards\nprint(dict(map_shards(str.upper, ['a'], 1)))\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert 'call docrerank under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
    script.write_text(script.read_text().replace("print", 'if __name__ == "__main__": print'))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "{'a': 'A'}\n"
