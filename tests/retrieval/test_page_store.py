from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docrerank.records import Page, UserError
from docrerank.retrieval import PageStore, TokenEncoder, page_store


def test_stored_encodings_are_those_of_the_encoder(
    tmp_path: Path, encoder: TokenEncoder, topic_pages: list[Page]
) -> None:
    store = PageStore(tmp_path, encoder)
    assert store.fill(topic_pages) == 5
    chosen = [topic_pages[3], topic_pages[4], topic_pages[0]]
    for stored, fresh in zip(store.read(chosen), encoder.encode_pages([p.text for p in chosen]), strict=True):
        np.testing.assert_allclose(stored.tokens, fresh.tokens, atol=1e-3)
        np.testing.assert_allclose(stored.windows, fresh.windows, atol=1e-3)
        assert stored.tokens.dtype == np.float16 or not len(stored.tokens)


def test_only_changed_documents_are_encoded_again(
    tmp_path: Path, encoder: TokenEncoder, make_page: Callable[..., Page]
) -> None:
    pages = [make_page(["net sales"], "a"), make_page(["net losses"], "b")]
    store = PageStore(tmp_path, encoder)
    assert (store.fill(pages), store.fill(pages)) == (2, 0)
    assert store.fill([pages[0], replace(pages[1], text="gross losses\n")]) == 1


def test_a_document_without_any_text_is_stored_too(
    tmp_path: Path, encoder: TokenEncoder, make_page: Callable[..., Page]
) -> None:
    pages = [make_page([], "scan", number) for number in (1, 2)]
    store = PageStore(tmp_path, encoder)
    store.fill(pages)
    assert [len(encoding.tokens) for encoding in store.read(pages)] == [0, 0]


def test_a_long_document_is_kept_in_several_files(
    tmp_path: Path, encoder: TokenEncoder, make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_store, "SHARD_PAGES", 2)
    pages = [make_page([f"page about topic {number}"], "long", number) for number in range(1, 6)]
    store = PageStore(tmp_path, encoder)
    store.fill(pages)
    assert len(list(store.folder.glob("*.safetensors"))) == 3
    fresh = encoder.encode_pages([page.text for page in pages])
    for stored, encoding in zip(store.read(pages), fresh, strict=True):
        np.testing.assert_allclose(stored.windows, encoding.windows, atol=1e-3)


def test_another_encoder_has_a_folder_of_its_own(tmp_path: Path, encoder: TokenEncoder) -> None:
    other = TokenEncoder(encoder.model, encoder.settings, "other", "float32")
    assert PageStore(tmp_path, encoder).folder != PageStore(tmp_path, other).folder


def test_a_flipped_byte_is_noticed_instead_of_scored(
    tmp_path: Path, encoder: TokenEncoder, topic_pages: list[Page]
) -> None:
    store = PageStore(tmp_path, encoder)
    store.fill(topic_pages)
    file = next(store.folder.glob("*.safetensors"))
    data = bytearray(file.read_bytes())
    data[-100] ^= 0x40
    file.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"):
        PageStore(tmp_path, encoder).read(topic_pages)
