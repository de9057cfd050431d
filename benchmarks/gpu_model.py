"""Qwen2-VL-2B's geometry with random weights, and the plain ways to ask and train it: what `gpu.py` compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fixtures import tiny_vision as tiny
from PIL import Image, ImageDraw

from docrerank.reranker.vision import VisionReranker, packed_logits
from docrerank.reranker.vision.images import open_page

#: 27 x 28 visual tokens.
SIDE = (756, 784)
TEXT = {
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}
TOWER = {"depth": 32, "embed_dim": 1280, "hidden_size": 1536, "num_heads": 16, "mlp_ratio": 4, "patch_size": 14}


def make_model(tokenizer: Any, device: str, small: bool) -> Any:
    """Random weights on the device, in bfloat16."""
    import transformers

    config = tiny.make_config("qwen2_vl", tokenizer)
    if not small:
        ids = {name: getattr(config, name) for name in ("image_token_id", "video_token_id", "vision_end_token_id")}
        ids["vision_start_token_id"] = config.vision_start_token_id
        text = {**TEXT, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
        config = transformers.Qwen2VLConfig(text_config=text, vision_config=TOWER, tie_word_embeddings=False, **ids)
    torch.manual_seed(7)
    with torch.device(device):
        model = transformers.AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    return model.cpu().eval()


@torch.inference_mode()
def ask_plain(ours: VisionReranker, pages: Sequence[Any], queries: Sequence[str]) -> Any:
    """Logit differences by the stock model, one whole sequence for each pair, page by page."""
    reader, model, (true, false) = ours.parts.reader, ours.model, ours.parts.tokens
    scores = []
    for image in pages:
        page = reader.read(open_page(image, reader.pixels))
        for query in queries:
            ids = torch.cat([page.ids, torch.tensor(reader.prompt.suffix_ids(query, ""))])[None].to(model.device)
            logits = model(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                mm_token_type_ids=(ids == model.config.image_token_id).int(),
                pixel_values=page.pixels.to(model.device, model.dtype),
                image_grid_thw=page.grid.to(model.device),
                use_cache=False,
                logits_to_keep=1,
            ).logits[0, -1]
            scores.append(float(logits[true] - logits[false]))
    return np.array(scores, np.float32)


def backward(model: Any, head: Any, pages: Sequence[Any], queries: Sequence[Any]) -> None:
    """One forward and backward."""
    logits = packed_logits(model, head, pages, queries)
    labels = torch.ones(len(logits), dtype=torch.long, device=logits.device)
    torch.nn.functional.cross_entropy(logits, labels).backward()
    model.zero_grad()


def draw_page(seed: int, width: int, height: int) -> Image.Image:
    """Lines of dark marks on white, other ones for every seed."""
    chance, image = np.random.default_rng(seed), Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for y in range(20, height - 20, 14):
        draw.line((20, y, int(chance.integers(40, width - 20)), y), fill=(int(chance.integers(90)),) * 3, width=8)
    return image
