from __future__ import annotations

import calendar
import errno
import json
import os
import platform
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docrerank.records import UserError
from docrerank.runs import lock
from docrerank.runs.lock import hold, take_turns


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.02)
    monkeypatch.setattr(lock, "SILENCE", 0.5)


#: What another machine's clock may say.
CLOCKS = pytest.mark.parametrize("year", [1980, 2026, 2099])


def write_holder(path: Path, host: str, year: int, beat: int = 0) -> None:
    """As a machine would whose clock, and whose file server's clock, are in this year."""
    holder = {"host": host, "pid": 77, "since": f"{year}-01-02 03:04:05 UTC", "beat": beat}
    path.write_text(json.dumps(holder).ljust(512))
    os.utime(path, (seconds := calendar.timegm((year, 1, 2, 3, 4, 5)), seconds))


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    code = "import sys\nfrom pathlib import Path\nfrom docrerank.runs.lock import hold\n"
    code += "with hold(Path(sys.argv[1])):\n    pass"
    path = tmp_path / ".lock"
    with hold(path):
        time.sleep(0.1)
        second = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    line = second.stderr.strip().splitlines()[-1]
    assert f"(process {os.getpid()} on {platform.node()}, since 20" in line
    assert "wait for it or give another --out" in line
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0


def test_a_holder_that_was_killed_here_is_no_holder(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    code = "import os, sys, time\nfrom pathlib import Path\nfrom docrerank.runs.lock import hold\n"
    code += "with hold(Path(sys.argv[1])):\n    time.sleep(0.3)\n    os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    assert "beat" in path.read_text()
    started = time.monotonic()
    with hold(path):
        assert time.monotonic() - started < 0.4


@CLOCKS
def test_a_machine_whose_mount_keeps_locks_to_itself_is_seen_by_its_signs_of_life(tmp_path: Path, year: int) -> None:
    path, ended = tmp_path / ".lock", threading.Event()
    write_holder(path, "elsewhere", year)

    def beat() -> None:
        number = 0
        while not ended.wait(0.05):
            write_holder(path, "elsewhere", year, number := number + 1)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(UserError, match=f"process 77 on elsewhere, since {year}-01-02 03:04:05 UTC"), hold(path):
            pass
    finally:
        ended.set()
        thread.join()


@CLOCKS
def test_another_machine_that_has_fallen_silent_is_taken_over_from(tmp_path: Path, year: int) -> None:
    path = tmp_path / ".lock"
    write_holder(path, "elsewhere", year)
    started = time.monotonic()
    with hold(path):
        assert time.monotonic() - started >= 0.5
        time.sleep(0.1)
        assert json.loads(path.read_text())["host"] == platform.node()
    assert path.read_text() == ""


def test_a_damaged_lock_file_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_bytes(b"\xff[torn")
    with hold(tmp_path / ".lock"):
        pass


@pytest.mark.parametrize("killed", [False, True])
def test_who_takes_turns_waits_for_the_end_of_the_one_before(tmp_path: Path, killed: bool) -> None:
    path, noted = tmp_path / "folder" / ".lock", tmp_path / "noted"
    code = "import os, sys, time\nfrom pathlib import Path\nfrom docrerank.runs.lock import take_turns\n"
    code += "with take_turns(Path(sys.argv[1])):\n    Path(sys.argv[2]).write_text('begun')\n    time.sleep(0.3)\n"
    code += "    os.kill(os.getpid(), 9)" if killed else "    Path(sys.argv[2]).write_text('ended')"
    first = subprocess.Popen([sys.executable, "-c", code, str(path), str(noted)])
    while not noted.exists() or not noted.read_text():
        time.sleep(0.01)
    with take_turns(path):
        assert noted.read_text() == ("begun" if killed else "ended")
    assert first.wait() == (-9 if killed else 0)


def test_threads_take_turns_too(tmp_path: Path) -> None:
    inside: list[int] = []

    def work() -> None:
        with take_turns(tmp_path / ".lock"):
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.02)
            inside.pop()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work) for _ in range(8)]:
            done.result()


def test_a_folder_that_cannot_be_written_needs_no_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with take_turns(tmp_path / ".lock"):
        pass
    assert not (tmp_path / ".lock").exists()
