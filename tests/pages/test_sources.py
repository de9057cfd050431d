from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docrerank.pages import find_documents
from docrerank.records import UserError


def touch(path: Path, content: bytes = b"%PDF-") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_folders_are_searched_through_and_sorted_by_stem(tmp_path: Path) -> None:
    for name in ("b/z.pdf", "a.PNG", "b/c/m.tiff", "notes.txt", ".hidden.pdf", ".git/x.pdf", "b/._z.jpg"):
        touch(tmp_path / name)
    documents, rejected = find_documents([tmp_path])
    assert [document.stem for document in documents] == ["a", "m", "z"]
    assert not rejected


def test_two_documents_with_one_stem_are_an_error_that_names_both(tmp_path: Path) -> None:
    first, second = touch(tmp_path / "x/report.pdf"), touch(tmp_path / "x/report.png")
    with pytest.raises(UserError, match="report") as caught:
        find_documents([tmp_path])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_a_file_named_twice_is_one_document(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.pdf")
    assert len(find_documents([path, tmp_path, tmp_path / "." / "a.pdf"])[0]) == 1


def test_an_empty_folder_and_a_missing_path_are_errors(tmp_path: Path) -> None:
    touch(tmp_path / "only" / "notes.txt")
    with pytest.raises(UserError, match="no PDF or image in"):
        find_documents([tmp_path / "only"])
    with pytest.raises(UserError, match="does not exist"):
        find_documents([tmp_path / "nowhere.pdf"])
    with pytest.raises(UserError, match="no document given"):
        find_documents([])


def test_a_named_file_of_another_kind_is_rejected(tmp_path: Path) -> None:
    documents, rejected = find_documents([touch(tmp_path / "notes.docx"), touch(tmp_path / "a.pdf")])
    assert [document.stem for document in documents] == ["a"]
    assert [row.reason for row in rejected] == ["not a PDF or image"]


def test_a_file_larger_than_the_bound_is_rejected_unread(tmp_path: Path) -> None:
    _, rejected = find_documents([touch(tmp_path / "a.pdf", b"x" * 100)], max_file_bytes=99)
    assert rejected[0].reason == "file too large"
    assert "ingest.max_file_bytes=100" in rejected[0].detail


def test_a_dangling_link_and_a_pipe_are_rejected_and_do_not_hang(tmp_path: Path) -> None:
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere.pdf")
    os.mkfifo(tmp_path / "pipe.pdf")
    documents, rejected = find_documents([tmp_path])
    assert not documents
    assert [row.reason for row in rejected] == ["cannot be read", "cannot be read"]


def test_a_name_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf")).write_bytes(b"%PDF-")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert [row.reason for row in find_documents([tmp_path])[1]] == ["file name is not UTF-8"]


def test_a_loop_of_links_ends(tmp_path: Path, make_pdf: Callable[..., Path]) -> None:
    make_pdf("in/a.pdf", [["text"]])
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    assert len(find_documents([tmp_path / "in"])[0]) == 1


def test_equal_bytes_have_equal_hashes_and_others_have_not(tmp_path: Path) -> None:
    names = [touch(tmp_path / "a.pdf", b"1"), touch(tmp_path / "b.pdf", b"1"), touch(tmp_path / "c.pdf", b"2")]
    hashes = [document.sha256 for document in find_documents(names)[0]]
    assert hashes[0] == hashes[1] != hashes[2]
