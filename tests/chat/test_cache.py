from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import pytest

from docrerank.chat import Cache, Reply
from docrerank.records import UserError

REPLY = Reply("yes", "stop", "m", 3, 1, 0.5)


def write_many(path: Path, first: int) -> None:
    with Cache(path) as cache:
        for number in range(first, first + 200):
            cache.put(str(number), Reply(f"text {number}", "stop", "m", 1, 1, 0.1))


def test_a_reply_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = Reply('"\x00\n\U0001f600 é', "stop", "m", 3, 1, 0.5)
    with Cache(tmp_path / "r.sqlite") as cache:
        cache.put("a", odd)
    with Cache(tmp_path / "r.sqlite") as cache:
        assert cache.get("a") == odd
        assert cache.get("b") is None


def test_the_first_reply_for_a_key_stays(tmp_path: Path) -> None:
    with Cache(tmp_path / "r.sqlite") as cache:
        cache.put("a", REPLY)
        cache.put("a", Reply("no", "stop", "m", 3, 1, 0.5))
        assert cache.get("a") == REPLY


def test_a_lone_surrogate_is_stored_readably() -> None:
    with Cache(":memory:") as cache:
        cache.put("a", Reply("a\ud800b", "stop", "m", 1, 1, 0.1))
        assert cache.get("a").text == "a?b"


def test_processes_and_threads_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(tmp_path / "r.sqlite", 100 * n)) for n in range(3)]
    workers += [threading.Thread(target=write_many, args=(tmp_path / "r.sqlite", 1000 + 100 * n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with Cache(tmp_path / "r.sqlite") as cache:
        assert len(cache) == 800


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, damage: bytes) -> None:
    """Nothing is paid for again before the user has seen why."""
    (tmp_path / "r.sqlite").write_bytes(damage)
    with pytest.raises(UserError, match="is damaged: move it away"):
        Cache(tmp_path / "r.sqlite")
    assert (tmp_path / "r.sqlite").read_bytes() == damage


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    with Cache(tmp_path / "r.sqlite") as cache:
        cache.put("a", REPLY)
        pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
        cache._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(UserError, match="the disk is full"):
            cache.put("b", Reply("x" * 100_000, "stop", "m", 1, 1, 0.1))
        assert cache.get("a") == REPLY


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot"):
        Cache(tmp_path / "file" / "r.sqlite")


def test_the_file_waits_for_no_reader(tmp_path: Path) -> None:
    with Cache(tmp_path / "r.sqlite") as cache:
        reader = sqlite3.connect(tmp_path / "r.sqlite")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM replies").fetchall()
        cache.put("a", REPLY)
        reader.close()
        assert cache.get("a") == REPLY
