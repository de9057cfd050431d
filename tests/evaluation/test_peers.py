"""Peers by hub name, from a hub cache with the files that their repositories have: each has its own prompt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tiny_vision import CHAT, make_model, make_page, make_tokenizer, save_base

from docrerank.evaluation import find_model, load_scorer
from docrerank.evaluation.scorers import UNREADABLE, ImageScorer, VisionScorer, run_own_code
from docrerank.records import Page, UserError

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")

SHA = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
BASE = "Qwen/Qwen2-VL-2B-Instruct"
QWEN3_QUERY = "<Instruct>: Given a search query, retrieve relevant candidates that answer the query.<Query>:"
LYCHEE_QUERY = "<Instruct>: Given a web search query, retrieve relevant passages that answer the query<Query>:"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a model's files into an empty hub cache under a name; gives the snapshot's folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def put(name: str, source: Path, sha: str = SHA) -> Path:
        folder = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        (folder / "refs" / "main").write_text(sha)
        (folder / "blobs").mkdir(exist_ok=True)
        return Path(shutil.copytree(source, folder / "snapshots" / sha))

    return put


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root, tokenizer = tmp_path_factory.mktemp("bases"), make_tokenizer()
    return {
        name: save_base(root / name, name, make_model(name, tokenizer), tokenizer)
        for name in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
    }


@pytest.fixture(scope="module")
def adapter(bases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of Qwen2-VL as MonoQwen2-VL-v0.1 and DocReRank-Reranker have it: three files, no tokenizer."""
    import peft
    import transformers

    model = transformers.AutoModelForImageTextToText.from_pretrained(bases["qwen2_vl"])
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    adapted.peft_config["default"].base_model_name_or_path = BASE
    folder = tmp_path_factory.mktemp("adapters") / "adapter"
    adapted.save_pretrained(folder)
    assert {file.name for file in folder.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    return folder


def ask(name: str) -> tuple[Any, str, list[str]]:
    """The loaded parts, the prompt of a query, and the two words."""
    scorer = load_scorer(find_model(name))
    assert isinstance(scorer, VisionScorer)
    parts = scorer.reranker.parts
    prompt = parts.reader.prompt
    text = prompt.tokenizer.decode(prompt.prefix_ids("QUERY", "", 1) + prompt.suffix_ids("QUERY", ""))
    return parts, text, [parts.tokenizer.decode([token]) for token in parts.tokens]


@pytest.mark.parametrize("name", ["monoqwen", "docrerank-reranker"])
def test_an_adapter_alone_is_scored_by_its_own_prompt(
    name: str, hub: Callable[..., Path], bases: dict[str, Path], adapter: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub(BASE, bases["qwen2_vl"])
    hub(find_model(name).path, adapter)
    parts, text, words = ask(name)
    assert "answer True or False. The query is: QUERY" in text
    assert words == ["True", "False"]
    assert parts.reader.pixels == 602_112
    assert not parts.is_zero_shot
    assert "does not say its prompt" not in caplog.text


@pytest.mark.parametrize(
    ("name", "family", "query", "pixels"),
    [
        ("qwen3-vl-reranker-2b", "qwen3_vl", QWEN3_QUERY, 1_310_720),
        ("vec-ai/lychee-rerank-mm", "qwen2_5_vl", LYCHEE_QUERY, 1_003_520),
    ],
)
def test_a_yes_or_no_judge_without_modules_is_known_by_its_name(
    name: str, family: str, query: str, pixels: int, hub: Callable[..., Path], bases: dict[str, Path]
) -> None:
    folder = hub(find_model(name).path, bases[family])
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": CHAT}))  # lychee's form, a chat's template
    (folder / "chat_template.jinja").write_text(CHAT)
    parts, text, words = ask(name)
    assert f"{query}QUERY\n<Document>:<|vision_start|>" in text
    assert words == ["yes", "no"]
    assert parts.reader.pixels == pixels
    assert not parts.is_zero_shot


@pytest.mark.parametrize("template", ["chat_template.jinja", "additional_chat_templates/reranker.jinja"])
def test_a_reranker_with_modules_keeps_its_template_and_gets_its_words_where_their_file_is_missing(
    template: str, hub: Callable[..., Path], bases: dict[str, Path]
) -> None:
    """As Qwen3-VL-Reranker-8B, whose modules.json named a LogitScore folder that was not there."""
    from docrerank.vision.contracts import QWEN3, build_template

    folder = hub("Qwen/Qwen3-VL-Reranker-8B", bases["qwen3_vl"])
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
        {"idx": 1, "name": "1", "path": "1_LogitScore", "type": "sentence_transformers.x.LogitScore"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "chat_template.jinja").write_text(CHAT)
    extra = {"processing_kwargs": {"chat_template": {"chat_template": "reranker"}}} if "/" in template else {}
    (folder / "sentence_bert_config.json").write_text(json.dumps(extra))
    (folder / template).parent.mkdir(exist_ok=True)
    (folder / template).write_text(build_template(QWEN3).replace("Given a search query", "As it is stored"))
    parts, text, words = ask("qwen3-vl-reranker-8b")
    assert "<Instruct>: As it is stored, retrieve" in text
    assert words == ["yes", "no"]
    assert parts.reader.pixels == 28 * 28 * 64  # its own processor's


def test_a_model_saved_here_is_recognised_by_its_files_and_measured_anew_with_its_revision(
    hub: Callable[..., Path], bases: dict[str, Path], tmp_path: Path
) -> None:
    from docrerank.vision import VisionReranker, save_reranker

    saved = save_reranker(VisionReranker.from_pretrained(bases["qwen2_vl"], prompt="mono").parts, tmp_path / "saved")
    hub("me/my-docrerank", saved)
    model = find_model("me/my-docrerank")
    assert "The query is: QUERY" in ask("me/my-docrerank")[1]
    first = model.fingerprint()
    hub("me/my-docrerank", saved, sha=SHA[::-1])
    assert model.fingerprint() != first


def make_pages(tmp_path: Path, count: int) -> list[Page]:
    """Image files as pages, and one whose file is gone."""
    pages = []
    for number in range(count):
        file = tmp_path / f"{number}.png"
        make_page(number).save(file)
        empty = np.zeros((0, 4), np.float32)
        pages.append(Page(f"p/{number}", "p", 1, str(file), str(number), 1, 1, "read by OCR", "none", empty))
    (tmp_path / f"{count - 1}.png").unlink()
    return pages


class OwnCode:
    """A model with the interface of jina-reranker-m0's code; it gives a page's darkness."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def compute_score(self, pairs: Any, batch_size: int, max_length: int, doc_type: str) -> Any:
        assert doc_type == "image"
        self.batches.append(len(pairs))
        scores = [float(255 - np.asarray(image.convert("L")).mean()) for _, image in pairs]
        return scores[0] if len(scores) == 1 else scores


def test_own_code_is_given_many_pairs_at_once(tmp_path: Path) -> None:
    pages, model = make_pages(tmp_path, 4), OwnCode()
    ((_, scores),) = ImageScorer(partial(run_own_code, model)).score([(page, ["a?", "b?"]) for page in pages])
    assert model.batches == [6]
    assert scores[0] == scores[1] != scores[2]
    assert scores[6:, 0].tolist() == [UNREADABLE] * 2
    ((_, one),) = ImageScorer(partial(run_own_code, model)).score([(pages[1], ["a?"])])
    assert one[0] == scores[2]


def save_llava(folder: Path) -> Path:
    """A tiny random Llava that answers yes or no, saved by sentence-transformers."""
    import transformers
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(3)
    tokenizer, size = make_tokenizer(), {"height": 56, "width": 56}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2}
    tower = transformers.CLIPVisionConfig(hidden_size=32, intermediate_size=48, image_size=56, patch_size=14, **layers)
    text = transformers.Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=48, intermediate_size=96, num_key_value_heads=2, **layers
    )
    config = transformers.LlavaConfig(
        vision_config=tower, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>")
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    transformers.LlavaProcessor(
        CLIPImageProcessorPil(size=size, crop_size=size),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=CHAT.replace("<|vision_start|><|image_pad|><|vision_end|>", "<|image_pad|>"),
        image_token="<|image_pad|>",
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
    forward = {"method": "forward", "method_output_name": "logits"}
    body = Transformer(
        str(folder),
        transformer_task="any-to-any",
        modality_config={"text": forward, "image": forward, "message": {**forward, "format": "structured"}},
        module_output_name="causal_logits",
    )
    yes, no = tokenizer.convert_tokens_to_ids(["yes", "no"])
    CrossEncoder(modules=[body, LogitScore(yes, no)]).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multimodal CrossEncoder of a family that docrerank does not know, as anyone would save it."""
    return save_llava(tmp_path_factory.mktemp("llava") / "llava-reranker")


def test_a_cross_encoder_of_an_unknown_family_is_scored_on_images(llava: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    model = find_model(str(llava))
    scorer = load_scorer(model)
    assert isinstance(scorer, ImageScorer)
    assert not scorer.needs_text
    pages = make_pages(tmp_path, 3)
    ((_, scores),) = scorer.score([(page, ["net sales"]) for page in pages])
    assert scores[2] == UNREADABLE
    plain = CrossEncoder(str(llava)).predict(
        [("net sales", make_page(number)) for number in range(2)], activation_fn=torch.nn.Identity()
    )
    np.testing.assert_allclose(scores[:2, 0], plain, atol=1e-4)
    assert abs(plain[0] - plain[1]) > 1e-3


def test_what_cannot_be_scored_on_images_is_refused_and_never_read_as_text(llava: Path, tmp_path: Path) -> None:
    from docrerank.reranker import Reranker

    with pytest.raises(UserError, match="of a family that docrerank cannot serve or train"):
        Reranker.from_pretrained(str(llava))
    with pytest.raises(UserError, match="brings its own prompt"):
        load_scorer(find_model(str(llava)), prompt="mono")
    bare = Path(shutil.copytree(llava, tmp_path / "listwise"))
    (bare / "modules.json").unlink()
    (bare / "config_sentence_transformers.json").unlink()
    with pytest.raises(UserError, match="is a llava model that reads images, and its files do not say how it scores"):
        load_scorer(find_model(str(bare)))
