"""Tiny random vision-language models, made from configurations once per session and saved as anyone's would be."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
WORDS = (
    "True False yes no Does the page shown above answer the query? Assert its relevance with True or False. Query: "
    "You are a helpful assistant. system user assistant net sales revenue 2021 2022 total margin "
)
QUERIES = [
    "net sales in 2021",
    "Which year had the highest total revenue?",
    "margin",
    "a much longer query: " + "sales of the second year, " * 6,
]


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=480, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(["True\nFalse\nyes\nno\n"] * 50 + [WORDS] * 20, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", extra_special_tokens=SPECIAL[1:]
    )


def make_config(
    family: str, tokenizer: Any, width: int = 48, layers: int = 2, vision_width: int = 32, vision_layers: int = 2
) -> Any:
    spread = 0.2 if width < 64 else 0.05
    half = width // 8
    sections = [half - 2 * (half // 3), half // 3, half // 3]
    ids = {
        name: tokenizer.convert_tokens_to_ids(token)
        for name, token in zip(
            ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id"),
            SPECIAL[3:],
            strict=True,
        )
    }
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 4096,
        "initializer_range": spread,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
    }
    vision: dict[str, Any] = {
        "depth": vision_layers,
        "num_heads": vision_width // 16,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "initializer_range": spread,
    }
    if family == "qwen2_vl":
        text["head_dim"] = width // 4
        text["rope_parameters"]["mrope_section"] = sections
        vision |= {"embed_dim": vision_width, "hidden_size": width, "mlp_ratio": 2}
    elif family == "qwen2_5_vl":
        text["head_dim"] = width // 4
        text["rope_parameters"]["mrope_section"] = sections
        vision |= {
            "hidden_size": vision_width,
            "intermediate_size": 48,
            "out_hidden_size": width,
            "fullatt_block_indexes": [1],
            "window_size": 56,
        }
    else:
        text["rope_parameters"]["mrope_interleaved"] = True
        vision |= {
            "hidden_size": vision_width,
            "intermediate_size": 48,
            "out_hidden_size": width,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        }
    config_class = {
        "qwen2_vl": transformers.Qwen2VLConfig,
        "qwen2_5_vl": transformers.Qwen2_5_VLConfig,
        "qwen3_vl": transformers.Qwen3VLConfig,
    }[family]
    return config_class(text_config=text, vision_config=vision, tie_word_embeddings=False, **ids)


def make_model(family: str, tokenizer: Any, **geometry: int) -> Any:
    torch.manual_seed(7)
    return transformers.AutoModelForImageTextToText.from_config(make_config(family, tokenizer, **geometry)).eval()


def save_base(folder: Path, family: str, model: Any, tokenizer: Any) -> Path:
    """A base model's folder with the files that the hub's ones have."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    name = "Qwen3VL" if family == "qwen3_vl" else {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL"}[family]
    image = make_processor()
    image.save_pretrained(folder)
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    settings |= {"processor_class": f"{name}Processor", "image_processor_type": "Qwen2VLImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def make_page(seed: int, width: int = 112, height: int = 140) -> Image.Image:
    """A page of bars and dots that no other seed draws."""
    chance = random.Random(seed)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = chance.randrange(width), chance.randrange(height)
        draw.rectangle(
            (x, y, x + chance.randrange(4, 40), y + chance.randrange(3, 20)),
            fill=tuple(chance.randrange(256) for _ in range(3)),
        )
    return image


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small lose more to waiting threads than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return make_tokenizer()


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> dict[str, Path]:
    """One saved base model of each family."""
    root = tmp_path_factory.mktemp("bases")
    return {family: save_base(root / family, family, make_model(family, tokenizer), tokenizer) for family in FAMILIES}


@pytest.fixture(scope="session")
def pages() -> list[Image.Image]:
    """Three pages of different size: 20, 54 and 12 visual tokens."""
    return [make_page(0), make_page(1, 168, 252), make_page(2, 112, 84)]


class PlainModel:
    """The stock model, one unpadded sequence for each (page, query): what every fast path must equal."""

    def __init__(self, family: str, tokenizer: Any, dtype: Any) -> None:
        from docrerank.reranker.vision.backbone import cut_head
        from docrerank.reranker.vision.contracts import OWN, build_template
        from docrerank.reranker.vision.images import ImageReader
        from docrerank.reranker.vision.prompt import Prompt

        self.model = make_model(family, tokenizer).to(dtype)
        ids = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|vision_end|>", "True", "False"])
        self.prompt = Prompt(tokenizer, build_template(OWN), ids[0], ids[1])
        self.reader = ImageReader(make_processor(), self.prompt)
        self.words = ids[2:]
        self.cut_head = lambda: cut_head(self.model, *self.words)

    def read(self, images: list[Image.Image]) -> list[Any]:
        from docrerank.reranker.vision.images import open_page

        return [self.reader.read(open_page(image, self.reader.pixels)) for image in images]

    def logits(self, pages: list[Any], queries: list[list[list[int]]]) -> Any:
        rows = [self.one(page, query) for page, asked in zip(pages, queries, strict=True) for query in asked]
        return torch.stack(rows)

    def one(self, page: Any, query: list[int]) -> Any:
        ids = torch.cat([page.ids, torch.tensor(query)])[None]
        config = self.model.get_base_model().config if hasattr(self.model, "get_base_model") else self.model.config
        output = self.model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == config.image_token_id).int(),
            pixel_values=page.pixels.to(next(self.model.parameters()).dtype),
            image_grid_thw=page.grid,
            use_cache=False,
        )
        return output.logits[0, -1, self.words]

    def ask(self) -> list[list[list[int]]]:
        """Suffixes for three pages: four queries, two and three, of different length."""
        ids = [self.prompt.suffix_ids(query, "") for query in QUERIES]
        return [ids, ids[:2], ids[1:]]

    def checkpoint(self) -> None:
        """Recompute activations in the backward pass."""
        self.model.activation_checkpointing_enable({"use_reentrant": False})
        self.model.train()

    def adapt(self, dropout: float = 0.0) -> None:
        """Put a LoRA adapter with weights other than zero around the model."""
        peft = pytest.importorskip("peft")
        targets = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
        config = peft.LoraConfig(r=4, lora_alpha=4, lora_dropout=dropout, target_modules=targets)
        self.model = peft.get_peft_model(self.model, config)
        torch.manual_seed(3)
        for name, parameter in self.model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)


def make_processor() -> Any:
    name = transformers.models.qwen2_vl.image_processing_pil_qwen2_vl.Qwen2VLImageProcessorPil
    return name(size={"shortest_edge": 28 * 28 * 4, "longest_edge": 28 * 28 * 64})


def load_cross_encoder(folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """Plain `CrossEncoder(folder)`; without torchvision its processor goes without the video part."""
    from sentence_transformers import CrossEncoder

    if importlib.util.find_spec("torchvision") is None:
        auto = transformers.models.auto.processing_auto
        plain, known = auto.processor_class_from_name, {}
        for name in ("Qwen2VLProcessor", "Qwen2_5_VLProcessor", "Qwen3VLProcessor"):
            known[name] = without_video(getattr(transformers, name))
        patch.setattr(auto, "processor_class_from_name", lambda name: known.get(name) or plain(name))
    return CrossEncoder(str(folder))


def without_video(processor: Any) -> Any:
    from transformers.processing_utils import ProcessorMixin

    class WithoutVideo(processor):  # type: ignore[misc]
        def __init__(
            self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **_: Any
        ) -> None:
            for name in ("image_pad", "video_pad", "vision_start", "vision_end"):
                attribute = name.replace("_pad", "")
                setattr(self, f"{attribute}_token", f"<|{name}|>")
                setattr(self, f"{attribute}_token_id", tokenizer.convert_tokens_to_ids(f"<|{name}|>"))
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    WithoutVideo.__name__ = processor.__name__
    return WithoutVideo


@pytest.fixture(scope="session")
def make_plain(tokenizer: Any) -> Callable[..., PlainModel]:
    """Plain models are made anew: a test may train or adapt them."""
    return lambda family, dtype=torch.float64: PlainModel(family, tokenizer, dtype)


@pytest.fixture
def cross_encoder(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    return lambda folder: load_cross_encoder(folder, monkeypatch)
