from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docrerank.records import Rejected
from docrerank.runs import Parts

ROW = Rejected("ingest", "a.pdf", "encrypted")


@pytest.fixture
def parts(tmp_path: Path) -> Parts[Rejected]:
    return Parts(tmp_path / "parts", Rejected)


def test_a_part_is_done_under_the_fingerprint_it_was_made_from_only(parts: Parts[Rejected]) -> None:
    assert parts.write("a", [ROW, ROW], "f00d") == 2
    assert parts.is_done("a", "f00d")
    assert not parts.is_done("a", "beef")
    assert not parts.is_done("b", "f00d")
    assert list(parts.read("a")) == [ROW, ROW]


def test_a_part_whose_writing_fails_is_not_there(parts: Parts[Rejected]) -> None:
    def rows() -> Iterator[Rejected]:
        yield ROW
        raise RuntimeError("half way")

    parts.write("a", [ROW], "old")
    with pytest.raises(RuntimeError):
        parts.write("a", rows(), "new")
    assert parts.names() == []
    assert not list(parts.folder.glob(".*.tmp"))


def test_a_file_without_its_marker_or_a_marker_without_its_file_does_not_count(parts: Parts[Rejected]) -> None:
    for name in "abc":
        parts.write(name, [ROW], "f00d")
    (parts.folder / "a._done").unlink()
    (parts.folder / "b.parquet").unlink()
    assert parts.names() == ["c"]
    (parts.folder / "c._done").write_text("{ torn")
    assert parts.names() == []
    assert list(parts.read()) == []


def test_parts_not_named_are_deleted(parts: Parts[Rejected]) -> None:
    for name in "abc":
        parts.write(name, [ROW], "f00d")
    parts.keep_only(["b", "z"])
    assert parts.names() == ["b"]
    assert len(list(parts.folder.iterdir())) == 2


@pytest.mark.parametrize("name", ["/sources", "a/b", "..", "ä" * 200, "a b#c", ".hidden", "x" * 255])
def test_any_name_can_name_a_part_and_two_names_never_share_a_file(parts: Parts[Rejected], name: str) -> None:
    parts.write(name, [ROW], "f00d")
    parts.write(name.replace("/", "_"), [], "beef")
    assert list(parts.read(name)) == ([ROW] if "/" in name else [])
    assert name in parts.names()
    assert all(path.parent == parts.folder for path in parts.folder.rglob("*"))


def test_a_column_is_read_over_all_parts(parts: Parts[Rejected]) -> None:
    parts.write("a", [ROW], "f00d")
    parts.write("b", [Rejected("ingest", "b.pdf", "damaged")], "f00d")
    assert list(parts.column("reason")) == ["encrypted", "damaged"]
