"""The released models' geometries with random weights, and the plain ways to ask and train them, for `gpu.py`.

Sizes are those of the hub's config files; all cut a page into patches of 14 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fixtures import tiny_vision as tiny
from PIL import Image, ImageDraw

from docrerank.vision import VisionReranker, packed_logits
from docrerank.vision.images import open_page

#: 27 x 28 visual tokens.
SIDE = (756, 784)
VOCABULARY = {"vocab_size": 151936, "max_position_embeddings": 32768}
TEXT: dict[str, dict[str, Any]] = {
    "qwen2_vl": {
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    },
    "qwen2_5_vl": {
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    },
    "qwen3_vl": {
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 5e6,
            "mrope_section": [24, 20, 20],
            "mrope_interleaved": True,
        },
    },
}
TOWER: dict[str, dict[str, Any]] = {
    "qwen2_vl": {"depth": 32, "embed_dim": 1280, "hidden_size": 1536, "num_heads": 16, "mlp_ratio": 4},
    "qwen2_5_vl": {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "out_hidden_size": 2048,
        "num_heads": 16,
        "fullatt_block_indexes": [7, 15, 23, 31],
        "window_size": 112,
    },
    "qwen3_vl": {
        "depth": 24,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "out_hidden_size": 2048,
        "num_heads": 16,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [5, 11, 17],
    },
}
#: The released model of each geometry.
NAMES = {"qwen2_vl": "Qwen2-VL-2B", "qwen2_5_vl": "Qwen2.5-VL-3B", "qwen3_vl": "Qwen3-VL-2B"}


def make_model(family: str, tokenizer: Any, device: str, small: bool) -> Any:
    """Random weights, made on the device, in bfloat16."""
    import transformers

    config = tiny.make_config(family, tokenizer)
    if not small:
        names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
        ids = {name: getattr(config, name) for name in names}
        text = {**TEXT[family], **VOCABULARY, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
        tower = {**TOWER[family], "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}
        config = type(config)(text_config=text, vision_config=tower, tie_word_embeddings=False, **ids)
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


def backward(model: Any, head: Any, pages: Sequence[Any], queries: Sequence[Any]) -> torch.Tensor:
    """One forward and backward; all gradients as one float32 vector on the host."""
    model.zero_grad()
    logits = packed_logits(model, head, pages, queries)
    labels = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    labels[1::2] = 1
    torch.nn.functional.cross_entropy(logits, labels, reduction="sum").backward()
    found = [weight.grad.flatten().float().cpu() for weight in model.parameters() if weight.grad is not None]
    model.zero_grad()
    return torch.cat(found)


def draw_page(seed: int, width: int, height: int) -> Image.Image:
    """Lines of dark marks on white, other ones for every seed."""
    chance, image = np.random.default_rng(seed), Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for y in range(20, height - 20, 14):
        draw.line((20, y, int(chance.integers(40, width - 20)), y), fill=(int(chance.integers(90)),) * 3, width=8)
    return image
