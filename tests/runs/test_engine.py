"""What of the engines needs no Ray."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from fixtures.shards import work

from docrerank.recipe import load_recipe
from docrerank.records import MissingExtra, UserError
from docrerank.runs import Run, run_shards
from docrerank.runs.ray_cluster import Site, open_site
from docrerank.runs.ray_engine import pack


def test_the_largest_shards_are_begun_first(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu", ["workers=1"]))
    sizes = {"a": 3, "b": 90, "c": 0}
    assert list(run_shards(run, work, list("abc"), 60.0, sizes.__getitem__)) == [("b", "B"), ("a", "A"), ("c", "C")]


def test_no_item_but_a_single_shard_is_larger_than_asked_and_none_is_lost() -> None:
    sizes = [900.0, 480.0, *[40.0] * 30, *[1.0] * 100]
    items = pack(dict(enumerate(sizes)), sizes, 500.0)
    assert [sum(item.values()) <= 500 or len(item) == 1 for item in items] == [True] * len(items)
    assert sorted(place for item in items for place in item) == list(range(len(sizes)))
    assert len(items) == 5
    assert len(pack(dict(enumerate(sizes)), sizes, 0.0)) == len(sizes)


def test_a_machine_that_sees_another_folder_or_has_another_version_says_so(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        site.enter()
        assert Path.cwd() == Path(site.folder)
        with pytest.raises(UserError, match="has no folder '/nowhere'"):
            Site("/nowhere", site.witness, site.versions).enter()
        with pytest.raises(UserError, match=r"the driver .*'docrerank 9'"):
            Site(site.folder, site.witness, (site.versions[0], "docrerank 9")).enter()
    with pytest.raises(UserError, match=f"does not see '{tmp_path}'"):
        site.enter()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_engine_names_the_extra(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", load_recipe("cpu", ["engine=ray"]))
    with pytest.raises(MissingExtra, match=r"docrerank\[ray\]"):
        list(run_shards(run, work, ["a"], 60.0))
