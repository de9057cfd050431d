"""The first stage on disk finds what the one in memory finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.recipe import load_recipe
from docrerank.records import Page, UserError
from docrerank.retrieval import Encoding, FirstStage, LargePages, Vectors, large_pages
from docrerank.retrieval.large_pages import write_pages
from docrerank.runs import Run

pytest.importorskip("bm25s")
WORDS = np.array("sales net debt board boats harbour rising met fleet freight cargo crew".split())
SIZE = 16
#: Scores closer than this may change places.
TOLERANCE = 1e-4
UNKNOWN = "a/0 a/9 a/01 a/+1 a/-1 a/1.0 a/1_0 a/\u0661 a/ a /1 b/1 a/a/1 ../a/1 gone/1".split()
UNKNOWN += ["", "a/1 ", "a/1\0", "\ud800/1", f"a/{'9' * 5_000}", f"{'x/' * 5_000}1"]


def read(name: str, version: str = "1") -> tuple[list[Page], list[Vectors]]:
    """A document drawn by its name."""
    rng = np.random.default_rng([*name.encode(), int(version)])
    pages, windows = [], []
    for number in range(1, 9 if name != "none" else 1):
        text = " ".join(rng.choice(WORDS, rng.integers(0, 30)))
        pages.append(Page(f"{name}/{number}", name, number, "", "", 1, 1, text, "layer", np.zeros((0, 4), np.float32)))
        own = rng.standard_normal((len(text) // 60, SIZE))
        windows.append((own / np.linalg.norm(own, axis=1, keepdims=True)).astype(np.float16))
    return pages, windows


def ask(seed: int) -> tuple[str, Encoding]:
    rng = np.random.default_rng(seed)
    window = rng.standard_normal((1, SIZE)).astype(np.float32)
    return " ".join(rng.choice(WORDS, 3)), Encoding(window, window / np.linalg.norm(window))


def make(folder: Path, documents: dict[str, str]) -> LargePages:
    """A run of documents and the index over its pages."""
    run = Run.create(folder / "run", load_recipe("cpu"))
    run.pages.keep_only(documents)
    for name, version in documents.items():
        run.pages.write(name, read(name, version)[0], version)
    write_pages(folder / "index", documents, lambda name: read(name, documents[name]), SIZE)
    return LargePages(run, folder / "index", SIZE)


def compare(stage: LargePages, documents: dict[str, str], count: int = 10) -> float:
    """The share of a plain first stage's best pages that are found; scores of found ones must be its own."""
    read_all = [read(name, version) for name, version in documents.items()]
    pages = [page for own, _ in read_all for page in own]
    plain = FirstStage(pages, [window for _, own in read_all for window in own])
    found = 0
    for seed in range(20):
        query, encoded = ask(seed)
        all_found = plain.find(query, encoded, len(pages))
        scores = dict(zip((page.id for page in all_found.pages), all_found.scores.tolist(), strict=True))
        hits = stage.find(query, encoded, count)
        assert len(hits.pages) == count
        worst = sorted(scores.values())[-count]
        found += sum(scores[page.id] >= worst - TOLERANCE for page in hits.pages)
        if stage._vectors is None:
            assert hits.scores.tolist() == pytest.approx([scores[page.id] for page in hits.pages], abs=TOLERANCE)
    return found / (20 * count)


def names(first: int, last: int) -> dict[str, str]:
    return {f"d{number}": "1" for number in range(first, last)}


def test_it_equals_the_stage_in_memory(tmp_path: Path) -> None:
    stage = make(tmp_path, names(0, 30) | {"d7": "2"})
    assert compare(stage, names(0, 30) | {"d7": "2"}) == 1
    with pytest.raises(AssertionError, match="approx"):  # the control: one document is another
        compare(stage, names(0, 30))


def test_one_document_is_searched_as_it_is_in_memory(tmp_path: Path) -> None:
    stage = make(tmp_path, names(0, 10))
    pages, windows = read("d3")
    query, encoded = ask(1)
    hits = stage.find(query, encoded, 99, "d3")
    best = FirstStage(pages, windows).best_windows([encoded])[0]
    assert sorted(page.id for page in hits.pages) == sorted(page.id for page in pages)
    again = stage.find("zyzzyva", encoded, 99, "d3")
    assert [page.id for page in again.pages] == [pages[row].id for row in np.argsort(-best, kind="stable")]
    assert stage.find(query, encoded, 5, "nowhere").pages == []


def test_faiss_finds_nearly_all_that_comparing_all_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(large_pages, "APPROXIMATE_FROM", 500)
    stage = make(tmp_path, names(10, 120))
    assert stage._vectors is not None
    assert stage._vectors.ntotal == sum(len(own) for name in names(10, 120) for own in read(name)[1])
    assert compare(stage, names(10, 120)) > 0.9
    monkeypatch.setattr(large_pages, "CANDIDATES", 2)
    assert len(stage.find(*ask(0), 10).pages) < 10  # the control: it is the candidates that are ranked


def test_a_killed_writer_leaves_no_index(tmp_path: Path) -> None:
    def fail(name: str) -> tuple[list[Page], list[Vectors]]:
        if name == "d5":
            raise KeyboardInterrupt
        return read(name)

    folder, run = tmp_path / "index", make(tmp_path, names(0, 10))._run
    with pytest.raises(KeyboardInterrupt):
        write_pages(folder, names(0, 10), fail, SIZE)
    with pytest.raises(UserError, match="is damaged"):
        LargePages(run, folder, SIZE)
    assert compare(make(tmp_path, names(0, 10)), names(0, 10)) == 1


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    stage = make(tmp_path, names(0, 2))
    for name in ("pages.arrow", "windows", "lengths", "terms"):
        (tmp_path / "index" / name).unlink()
        with pytest.raises(UserError, match="is damaged: delete the folder"):
            LargePages(stage._run, tmp_path / "index", SIZE)
        make(tmp_path, names(0, 2))


@pytest.mark.parametrize("page_id", UNKNOWN)
def test_only_the_ids_of_pages_have_a_row(tmp_path: Path, page_id: str) -> None:
    stage = make(tmp_path, {"a": "1", "none": "1", "kept": "1"})
    assert [stage.name(stage.find_row(f"{name}/{number}")) for name in ("a", "kept") for number in (1, 8)] == [
        "a/1",
        "a/8",
        "kept/1",
        "kept/8",
    ]
    with pytest.raises(KeyError):
        stage.find_row(page_id)
    assert stage.documents() == {"a": 8, "none": 0, "kept": 8}
