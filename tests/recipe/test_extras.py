from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docrerank.recipe.extras import require
from docrerank.records import MissingExtra


def test_an_installed_package_is_imported() -> None:
    assert require("json", extra="evaluate").loads("[1]") == [1]


def test_a_missing_package_names_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtra, match=r"^this needs no_such_package: pip install 'docrerank\[train\]'$"):
        require("no_such_package", extra="train")


def test_a_package_that_lacks_its_own_dependency_names_that_dependency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingExtra, match="no_such_dependency"):
        require("half_installed", extra="train")


def test_a_broken_package_is_not_taken_for_a_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_build.py").write_text("raise ImportError('libcuda.so.1 not found')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r"libcuda") as caught:
        require("broken_build", extra="train")
    assert not isinstance(caught.value, MissingExtra)
    assert "broken_build" not in sys.modules
