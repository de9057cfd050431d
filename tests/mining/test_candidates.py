"""What the miner takes from a first stage in memory, it takes from the one on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.mining import Miner
from docrerank.recipe import Mine, load_recipe
from docrerank.records import MinedPage, Page, Query
from docrerank.retrieval import Encoding, FirstStage, LargePages, Vectors, large_pages
from docrerank.retrieval.large_pages import write_pages
from docrerank.runs import Run

pytest.importorskip("bm25s")
WORDS = np.array([f"{a}{b}" for a in ("sa", "ne", "bo", "ha", "cre", "flo") for b in ("les", "t", "ard", "ting", "w")])
DOCUMENTS, PAGES, SIZE = 40, 8, 16


def read(name: str) -> tuple[list[Page], list[Vectors]]:
    """A document drawn by its name, with words of its own."""
    rng = np.random.default_rng(list(name.encode()))
    own, pages, windows = rng.choice(WORDS, 8), [], []
    for number in range(1, PAGES + 1):
        text = " ".join([*rng.choice(WORDS, 20), *rng.choice(own, 20)])
        pages.append(Page(f"{name}/{number}", name, number, "", "", 1, 1, text, "layer", np.zeros((0, 4), np.float32)))
        vectors = rng.standard_normal((2, SIZE))
        windows.append((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16))
    return pages, windows


NAMES = {f"d{number}": "1" for number in range(DOCUMENTS)}


@pytest.fixture(scope="module")
def plain() -> FirstStage:
    both = [read(name) for name in NAMES]
    return FirstStage([page for own, _ in both for page in own], [window for _, own in both for window in own])


def make(folder: Path) -> LargePages:
    write_pages(folder / "index", NAMES, read, SIZE)
    return LargePages(Run.create(folder / "run", load_recipe("cpu")), folder / "index", SIZE)


def ask(seed: int) -> tuple[Query, Encoding]:
    """A question with words of one page and a vector near one of its windows."""
    rng = np.random.default_rng(seed)
    pages, windows = read(f"d{rng.integers(DOCUMENTS)}")
    at = int(rng.integers(PAGES))
    vector = windows[at][:1].astype(np.float32) + 0.2 * rng.standard_normal((1, SIZE)).astype(np.float32)
    text = " ".join(rng.choice(pages[at].text.split(), 4))
    query = Query(f"{pages[at].id}#{seed}", pages[at].id, text, "positive", "keywords")
    return query, Encoding(vector, vector / np.linalg.norm(vector))


ASKED = [ask(seed) for seed in range(60)]


def mine(first: FirstStage | LargePages, settings: Mine) -> list[list[MinedPage]]:
    return list(Miner(first, settings).mine([query for query, _ in ASKED], [encoded for _, encoded in ASKED]))


def strip(found: list[list[MinedPage]]) -> list[list[str]]:
    return [[row.page_id for row in own] for own in found]


@pytest.mark.parametrize("share", [0.67, 0.0, 1.0, None])
@pytest.mark.parametrize("margin", [0.05, 0.3])
def test_few_pages_on_disk_give_the_negatives_of_the_stage_in_memory(
    tmp_path: Path, plain: FirstStage, share: float | None, margin: float
) -> None:
    stage, settings = make(tmp_path), Mine(same_document_share=share, relative_margin=margin)
    found, expected = mine(stage, settings), mine(plain, settings)
    assert strip(found) == strip(expected)
    for own, others in zip(found, expected, strict=True):
        assert [row.score for row in own] == pytest.approx([row.score for row in others], abs=1e-4)
    assert strip(expected) != strip(mine(plain, Mine(same_document_share=0.34, relative_margin=margin)))  # the control


def test_without_a_margin_pages_that_outrank_the_own_one_stay(plain: FirstStage) -> None:
    found = [mine(plain, Mine(same_document_share=None, relative_margin=margin)) for margin in (None, 0.0)]
    above, below = (sum(row.score for own in part for row in own) for part in found)
    assert above > below


def test_many_pages_on_disk_give_the_same_of_the_own_document_and_nearly_the_same_of_others(
    tmp_path: Path, plain: FirstStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(large_pages, "APPROXIMATE_FROM", 1)
    stage = make(tmp_path)
    assert stage._vectors is not None
    inside = Mine(same_document_share=1.0)
    assert strip(mine(stage, inside)) == strip(mine(plain, inside))
    for share in (0.0, None):
        found, expected = (strip(mine(first, Mine(same_document_share=share))) for first in (stage, plain))
        common = [len({*own} & {*others}) for own, others in zip(found, expected, strict=True)]
        assert sum(common) > 0.9 * sum(map(len, expected))
    monkeypatch.setattr(large_pages, "CANDIDATES", 2)
    few = mine(stage, Mine(same_document_share=None))
    assert sum(map(len, few)) < 3 * len(ASKED)  # the control: only candidates are compared


def test_every_page_on_disk_is_known_by_its_id_and_has_its_text(tmp_path: Path, plain: FirstStage) -> None:
    stage = make(tmp_path)
    for page in plain.pages:
        row = stage.find_row(page.id)
        assert (stage.name(row), stage.text(row)) == (page.id, page.text)
