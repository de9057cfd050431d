from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docrerank.recipe.extras import require
from docrerank.records import MissingExtra, UserError


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


LAZY = """
try:
    {fault}
except Exception as error:
    raise ModuleNotFoundError("Could not import module 'Model'") from error
"""


def test_what_befalls_a_part_that_is_imported_when_asked_for_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lazy_broken.py").write_text(LAZY.format(fault="raise RuntimeError('operator nms does not exist')"))
    with pytest.raises(UserError, match=r"lazy_broken cannot be imported \(operator nms does not exist\): take torch"):
        require("lazy_broken", extra="train")
    (tmp_path / "lazy_missing.py").write_text(LAZY.format(fault="import no_such_dependency"))
    with pytest.raises(MissingExtra, match="no_such_dependency"):
        require("lazy_missing", extra="train")
