from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.object_store import Bucket

from docrerank.pages import find_documents, ingest, render
from docrerank.pages.document_cache import make_room
from docrerank.records import UserError
from docrerank.runs import Run

MakePdf = Callable[..., Path]


def test_documents_in_a_store_become_the_pages_they_are_as_files(
    bucket: Bucket, make_pdf: MakePdf, make_run: Callable[..., Run], five_words: list[str]
) -> None:
    path = make_pdf("a.pdf", [five_words, five_words])
    for name in ("docs/a.pdf", "docs/deep/b.pdf", "docs/.hidden/c.pdf", "docs/notes.txt"):
        bucket.put(path, name)
    local, ours = make_run("local"), make_run("ours")
    ingest(local, [path])
    assert ingest(ours, [f"{bucket.url}/docs/"])["documents"] == 2
    assert [page.text for page in ours.pages.read("a")] == [page.text for page in local.pages.read("a")]
    page = next(ours.pages.read("b"))
    assert page.source == f"{bucket.url}/docs/deep/b.pdf"
    assert render(page, 10_000).tobytes() == render(next(local.pages.read("a")), 10_000).tobytes()


@pytest.mark.slow
def test_a_changed_object_is_read_again_and_not_drawn_as_what_it_was(
    bucket: Bucket, make_pdf: MakePdf, make_run: Callable[..., Run], five_words: list[str], tmp_path: Path
) -> None:
    run, url = make_run(), bucket.put(make_pdf("a.pdf", [five_words]), "a.pdf")
    ingest(run, [url])
    old = next(run.pages.read("a"))
    assert ingest(run, [url])["read"] == 0
    bucket.put(make_pdf("a.pdf", [five_words, five_words]), "a.pdf")
    for copy in (tmp_path / "machine" / "documents").iterdir():
        copy.unlink()
    with pytest.raises(UserError, match="has changed since it was read: ingest again"):
        render(old)
    assert ingest(run, [url])["pages"] == 2
    bucket.system.rm(url)
    render(next(run.pages.read("a")))  # the copy is here still
    for copy in (tmp_path / "machine" / "documents").iterdir():
        copy.unlink()
    with pytest.raises(UserError, match="is gone: put it back"):
        render(next(run.pages.read("a")))


def test_what_is_no_document_in_a_store_is_told(bucket: Bucket, make_pdf: MakePdf, five_words: list[str]) -> None:
    path = make_pdf("a.pdf", [five_words])
    url = bucket.put(path, "docs/a.pdf")
    text = bucket.put(path, "docs/a.txt")
    documents, rejected = find_documents([url, text, path.parent / "b.png"][:2], max_file_bytes=10)
    assert documents == []
    assert [row.reason for row in rejected] == ["file too large", "not a PDF or image"]
    with pytest.raises(UserError, match="no PDF or image at"):
        find_documents([f"{bucket.url}/nothing"])
    with pytest.raises(UserError, match="two documents are both named 'a'"):
        find_documents([url, path])


def test_copies_not_used_for_longest_make_room(tmp_path: Path) -> None:
    for age, name in enumerate(("new.pdf", "middle.pdf", "old.pdf")):
        (tmp_path / name).write_bytes(b"x" * 10)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    make_room(tmp_path, 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["middle.pdf", "new.pdf"]
    make_room(tmp_path, -5)
    assert list(tmp_path.iterdir()) == []
