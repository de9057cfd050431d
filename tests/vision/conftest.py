from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.tiny_vision import FAMILIES, make_model, make_page, make_processor, make_tokenizer, save_base
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")

QUERIES = [
    "net sales in 2021",
    "Which year had the highest total revenue?",
    "margin",
    "a much longer query: " + "sales of the second year, " * 6,
]


@pytest.fixture(scope="session", autouse=True)
def _few_threads(one_thread: None) -> None:
    """Models this small lose more to waiting threads than they gain."""


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
        from docrerank.vision.backbone import cut_head
        from docrerank.vision.contracts import OWN, build_template
        from docrerank.vision.images import ImageReader
        from docrerank.vision.prompt import Prompt

        self.model = make_model(family, tokenizer).to(dtype)
        ids = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|vision_end|>", "True", "False"])
        self.prompt = Prompt(tokenizer, build_template(OWN), ids[0], ids[1])
        self.reader = ImageReader(make_processor(), self.prompt)
        self.words = ids[2:]
        self.cut_head = lambda: cut_head(self.model, *self.words)

    def read(self, images: list[Image.Image]) -> list[Any]:
        from docrerank.vision.images import open_page

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


@pytest.fixture(scope="session")
def make_plain(tokenizer: Any) -> Callable[..., PlainModel]:
    """Plain models are made anew: a test may train or adapt them."""
    return lambda family, dtype=torch.float64: PlainModel(family, tokenizer, dtype)
