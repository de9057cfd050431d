from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.evaluation.ablation.arms import FINANCE, UNVERIFIED
from docrerank.evaluation.ablation.folders import open_variant, seed_shared
from docrerank.generation import generate
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.retrieval import ENCODINGS
from docrerank.runs import Run


def ignore(done: int, total: int) -> None:
    """Progress that nobody watches."""


def test_what_the_run_encoded_and_read_is_there_by_a_second_name(source: Run, tmp_path: Path) -> None:
    read = Run.create(source.path / "benchmark" / "elsewhere", source.recipe)
    read.pages.write("north", source.pages.read("north"), "read")
    seed_shared(source, tmp_path)
    seed_shared(source, tmp_path)
    assert Run(tmp_path / "benchmark" / "elsewhere", source.recipe).pages.count("north") == 3
    encoded = sorted((source.path / ENCODINGS).rglob("*.safetensors"))
    shared = sorted((tmp_path / ENCODINGS).rglob("*.safetensors"))
    assert [file.stat().st_ino for file in encoded] == [file.stat().st_ino for file in shared]
    assert encoded


def test_a_variant_that_the_run_is_made_with_already_is_refused(source: Run, tmp_path: Path) -> None:
    finance = Run.create(tmp_path / "run", load_recipe(source.path / "recipe.yaml", ["generate.taxonomy=finance"]))
    for name in source.pages.names():
        finance.pages.write(name, source.pages.read(name), "pages")
    generate(finance)
    with pytest.raises(UserError, match=r"are made with generate.taxonomy=finance already"):
        open_variant(finance, tmp_path / "out", FINANCE, True, ignore, print)


def test_a_models_endpoint_is_called_only_if_the_arm_is_named(source: Run, tmp_path: Path) -> None:
    asked = ["generate.judge.by=model", "generate.judge.base_url=http://127.0.0.1:9/v1", "generate.judge.model=none"]
    run = Run.create(tmp_path / "run", load_recipe(source.path / "recipe.yaml", asked))
    with pytest.raises(UserError, match="it would call the run's endpoints again"):
        open_variant(run, tmp_path / "out", UNVERIFIED, False, ignore, print)


def test_a_variant_follows_the_runs_queries(source: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", source.recipe)
    for name in source.pages.names():
        run.pages.write(name, source.pages.read(name), "pages")
    generate(run)
    first = open_variant(run, tmp_path / "out", UNVERIFIED, False, ignore, print).queries
    made = {name: first.made_from(name) for name in first.names()}
    again = open_variant(run, tmp_path / "out", UNVERIFIED, False, ignore, print).queries
    assert {name: again.made_from(name) for name in again.names()} == made
    kept = [query for query in run.queries.read("north") if not query.id.startswith("north/1#")]
    run.queries.write("north", kept, "fewer")
    after = open_variant(run, tmp_path / "out", UNVERIFIED, False, ignore, print).queries
    assert after.made_from("north") != made["north"]
    assert not [query for query in after.read("north") if query.page_id == "north/1"]
