from __future__ import annotations

import itertools
import random

import pytest

from docrerank.retrieval import MAX_PAGE_TOKENS, TokenEncoder, WindowCutter, WindowSettings
from docrerank.retrieval.windows import group_lines


@pytest.fixture(scope="module")
def cutter(encoder: TokenEncoder) -> WindowCutter:
    return WindowCutter(encoder.model.tokenizer, WindowSettings(40, 12, 8))


@pytest.mark.parametrize("seed", range(20))
def test_every_line_is_in_a_window_and_every_window_brings_a_new_line(seed: int) -> None:
    draw = random.Random(seed)
    sizes = [draw.randint(1, 15) for _ in range(draw.randint(1, 60))]
    groups = group_lines(sizes, 30, draw.choice([0, 8, 29]))
    assert {line for start, end in groups for line in range(start, end)} == set(range(len(sizes)))
    assert all(sum(sizes[start:end]) <= 30 for start, end in groups)
    assert [end for _, end in groups] == sorted({end for _, end in groups})


def test_windows_keep_lines_whole_and_within_their_budget(cutter: WindowCutter) -> None:
    lines = [f"Row {number} | {number * 37} | {number * 91}" for number in range(30)]
    windows = cutter.cut(["\n".join(lines)])[0]
    assert {line for window in windows for line in window.split("\n")} == set(lines)
    assert max(cutter.count([window.replace("\n", " ") for window in windows])) <= 40


def test_windows_overlap_by_whole_lines(cutter: WindowCutter) -> None:
    windows = cutter.cut(["\n".join(f"line number {n} of this page" for n in range(20))])[0]
    assert all(set(a.split("\n")) & set(b.split("\n")) for a, b in itertools.pairwise(windows))


def test_a_line_longer_than_a_window_is_broken_at_words(cutter: WindowCutter) -> None:
    words = [f"word{number}" for number in range(200)]
    windows = cutter.cut([" ".join(words)])[0]
    assert " ".join(windows).split() == words


def test_the_context_stands_in_front_of_every_window_and_is_cut_to_its_budget(cutter: WindowCutter) -> None:
    text = "\n".join(f"line number {n} of this page" for n in range(20))
    windows = cutter.cut([text], ["Consolidated balance sheets of the company and all of its subsidiaries"])[0]
    heads = {window.split("\n")[0] for window in windows}
    assert len(heads) == 1
    assert cutter.count(list(heads))[0] <= 8


def test_an_empty_page_has_no_window_even_with_a_context(cutter: WindowCutter) -> None:
    assert cutter.cut([" \n\n"], ["Heading"]) == [[]]


def test_a_hostile_page_is_cut_off(cutter: WindowCutter) -> None:
    windows = cutter.cut(["x " * 200_000])[0]
    assert sum(cutter.count(windows)) <= MAX_PAGE_TOKENS


def test_half_a_surrogate_pair_does_not_stop_the_cutter(cutter: WindowCutter) -> None:
    assert cutter.cut(["net \ud83d sales"]) == [["net ? sales"]]
