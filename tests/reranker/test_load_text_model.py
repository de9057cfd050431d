"""What a folder holds, and what is refused before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fixtures.text_bases import make_base

from docrerank.recipe import Train
from docrerank.records import UserError
from docrerank.reranker import Reranker, check_base, find_kind, load_text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"auto_map": {"AutoModel": "own.Model"}, "model_type": "own"}, "needs code of its own"),
        ({"architectures": ["ColQwen2ForRetrieval"], "model_type": "colqwen2"}, "reads images"),
        ({"architectures": ["BertModel"], "model_type": "bert"}, "is not a reranker"),
    ],
)
def test_what_cannot_be_a_base_is_refused_with_its_reason(
    tmp_path: Path, config: dict[str, object], message: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=message):
        find_kind(tmp_path)


def test_a_base_that_does_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = make_base(tmp_path / "base", "cross")
    check_base(str(base))
    monkeypatch.setattr("docrerank.reranker.load_text_model.count_free", lambda: (1_000, False))
    with pytest.raises(UserError, match="GB at least"):
        check_base(str(base))


def test_a_dense_base_can_be_read_as_token_vectors(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", "dense")
    own, tokens = (Reranker(*load_text(base, Train(vectors=how))) for how in ("own", "tokens"))
    shapes = [each.encode_pages(["net sales rose in 2020\n"])[0].tokens.shape[0] for each in (own, tokens)]
    assert shapes[0] == 1
    assert shapes[1] > 3
