from __future__ import annotations

from pathlib import Path

from docrerank.runs import Journal


def test_rows_are_there_for_the_next_process_and_for_no_other_work(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    first = Journal(file, "a")
    first.append({"page": 1})
    first.append([2, "ü"])
    assert Journal(file, "a").rows == [{"page": 1}, [2, "ü"]]
    assert Journal(file, "b").rows == []
    assert Journal(file, "a").rows == []  # begun anew


def test_a_row_torn_by_a_kill_is_left_out_and_the_next_begins_on_its_own_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    Journal(file, "a").append({"page": 1})
    whole = file.read_bytes()
    for end in range(len(whole) - 1, len(whole) - 12, -1):
        file.write_bytes(whole[:end])
        journal = Journal(file, "a")
        assert journal.rows == []
        journal.append({"page": 2})
        assert Journal(file, "a").rows == [{"page": 2}]


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    for content in (b"", b"\xff\xfe", b"[1]\n{}\n", b'{"made_from": "a"}\n{"page": \n[2]\n'):
        file.write_bytes(content)
        assert Journal(file, "a").rows == []
