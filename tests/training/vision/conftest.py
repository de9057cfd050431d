"""Runs of small real PDFs and a tiny random vision-language base, ready for training."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from docrerank.pages import read_files
from docrerank.recipe import load_recipe
from docrerank.records import MinedPage, Page, Query
from docrerank.runs import Run

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

THINGS = ("sales", "costs", "staff", "water", "energy", "claims")
SMALL = (
    "train.groups=12",
    "train.batch_groups=4",
    "train.evaluations=1",
    "train.dev_pages=4",
    "train.dev_queries=4",
    "train.learning_rate=1e-2",
    "vision.pixels=15680",
    "vision.lora_rank=4",
    "vision.lora_alpha=8",
    "vision.lora_dropout=0",
    "vision.loader_workers=0",
    "vision.gradient_checkpointing=false",
    "vision.dev_candidates=3",
)


def load_module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"shared_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: Makers of tiny models, and the fixture that keeps torch on one thread.
TINY = load_module(Path(__file__).parents[2] / "reranker" / "vision" / "conftest.py")
one_thread = TINY.one_thread


def write_pdf(path: Path, pages: int = 4) -> Path:
    canvas = Canvas(str(path), pagesize=(300, 390), invariant=1)
    for number in range(1, pages + 1):
        thing = THINGS[number % len(THINGS)]
        canvas.setFontSize(14)
        canvas.drawString(20, 340, f"The {thing} of {path.stem} came to {number}1 million in 2020")
        canvas.rect(20 + 20 * number, 100, 30, 25 * number, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def make_queries(page: Page) -> list[Query]:
    thing, source = THINGS[page.number % len(THINGS)], f"{page.id}#0"
    positive = f"How high were the {thing} of {page.document} in 2020?"
    queries = [Query(source, page.id, positive, "positive", "question", answer="x", writer="test")]
    for serial, year in enumerate((2017, 2018, 2031), 1):
        text = positive.replace("2020", str(year))
        queries.append(Query(f"{page.id}#{serial}", page.id, text, "hard_negative", "question", source, writer="test"))
    return queries


def fill_run(path: Path, base: Path, *overrides: str) -> Run:
    """A run of three PDFs with four pages each; its groups are given."""
    run = Run.create(path, load_recipe("cpu", [f"train.base={base}", *SMALL, *overrides]))
    (path / "pdfs").mkdir(exist_ok=True)
    rows = []
    for document in ("acme", "bolt", "crane"):
        pages = list(read_files([write_pdf(path / "pdfs" / f"{document}.pdf")])[0])
        run.pages.write(document, pages, "pages")
        run.queries.write(document, [query for page in pages for query in make_queries(page)], "queries")
        for page in pages:
            others = [other for other in pages if other.id != page.id]
            rows += [MinedPage(f"{page.id}#0", other.id, rank, 0.0) for rank, other in enumerate(others, 1)]
    run.mined.write("corpus", rows, "mined")
    return run


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    return TINY


@pytest.fixture(scope="session")
def launching() -> ModuleType:
    """What starts several processes."""
    return load_module(Path(__file__).with_name("launching.py"))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, tiny: ModuleType) -> Path:
    tokenizer = tiny.make_tokenizer()
    model = tiny.make_model("qwen2_vl", tokenizer)
    folder: Path = tiny.save_base(tmp_path_factory.mktemp("base") / "base", "qwen2_vl", model, tokenizer)
    return folder


@pytest.fixture
def make_vision_run(tmp_path: Path, base: Path) -> Callable[..., Run]:
    return lambda *overrides, name="run": fill_run(tmp_path / name, base, *overrides)


@pytest.fixture
def make_trainer(make_vision_run: Callable[..., Run]) -> Callable[..., Any]:
    """A trainer over a small run."""

    def make(*overrides: str, name: str = "run") -> Any:
        from docrerank.training import split_pages
        from docrerank.training.vision.adapt import load_learner
        from docrerank.training.vision.dev import plan_dev
        from docrerank.training.vision.loop import Material, VisionTrainer
        from docrerank.training.vision.processes import Processes
        from docrerank.training.vision.stage import prepare

        run = make_vision_run(*overrides, name=name)
        pages, recipe = list(run.pages.read()), run.recipe
        split = split_pages(pages, recipe.train.dev_share, recipe.seed)
        groups, dev = prepare(run, pages, list(run.queries.read()), split)
        material = Material(groups, {page.id: page for page in pages}, plan_dev(dev, recipe.vision.dev_candidates))
        parts = load_learner(recipe.train.base, recipe.vision, "cpu", recipe.seed)
        checkpoint = run.path / "training" / "checkpoint.pt"
        return VisionTrainer(parts, material, recipe, checkpoint, "origin", Processes(0, 1, "cpu"))

    return make
