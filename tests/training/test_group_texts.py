from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from docrerank.records import Page, TrainingGroup
from docrerank.retrieval import Encoding, PageStore, TokenEncoder
from docrerank.runs import Split
from docrerank.training.dev_part import DevPart
from docrerank.training.group_texts import build_examples, choose_window, find_evidence
from docrerank.training.loss import compute_in_batch
from docrerank.training.training_data import Material
from docrerank.training.training_groups import Group

TEXTS = ("Heading\nnet sales rose", "Heading\ncosts fell by 3 million", "Heading\nthe board met")
VECTORS = np.eye(3, dtype=np.float32)
QUERY = Encoding(np.zeros((1, 3), np.float32), np.array([[0.1, 0.2, 0.9]], np.float32))


def test_the_window_with_the_evidence_stands_for_its_page_else_the_closest() -> None:
    assert choose_window(TEXTS, VECTORS, QUERY, "costs  fell by 3 million") == TEXTS[1]
    assert choose_window(TEXTS, VECTORS, QUERY, "") == TEXTS[2]


def test_evidence_that_no_window_holds_whole_is_found_by_its_words() -> None:
    assert find_evidence(TEXTS, "costs fell million dollars") == 1
    assert find_evidence(TEXTS, "something else altogether here") is None


def test_a_page_without_text_is_one_empty_window() -> None:
    assert choose_window((), np.zeros((0, 3), np.float32), QUERY, "x") == ""


def test_a_copy_of_the_own_page_or_of_one_that_answers_is_no_in_batch_negative(
    tmp_path: Path, encoder: TokenEncoder
) -> None:
    texts = {"a/1": "net sales", "b/1": "net sales", "c/1": "the board", "d/1": "the board"}
    boxes = np.zeros((2, 4), np.float32)
    pages = {key: Page(key, key[0], 1, "", "", 1, 1, text, "layer", boxes) for key, text in texts.items()}
    store = PageStore(tmp_path, encoder)
    store.fill(pages.values())
    groups = [
        Group(TrainingGroup("generated", ("q",), (key,)), "", frozenset({key}), ("x",))
        for key in ("a/1", "b/1", "d/1")
    ]
    groups[0] = Group(groups[0].group, "", frozenset({"a/1", "c/1"}), ("x",))

    def find_in_batch(repeats: dict[str, str]) -> list[bool]:
        """Whether each group's loss depends on the second's and third's pages."""
        material = Material(
            pages, Split(frozenset(), frozenset(), "page"), tuple(groups), DevPart((), (), (), repeats)
        )
        examples, square = build_examples(material, store, encoder.cutter), torch.zeros((3, 3), requires_grad=True)
        compute_in_batch(square, [[(0, 0)], [(1, 1)], [(2, 2)]], examples, 1.0).backward()
        return [bool(square.grad[0, column]) for column in (1, 2)]

    assert find_in_batch({}) == [True, True]
    assert find_in_batch({"b/1": "a/1"}) == [False, True]
    assert find_in_batch({"b/1": "a/1", "d/1": "c/1"}) == [False, False]
