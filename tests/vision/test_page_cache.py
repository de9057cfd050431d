from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from docrerank.vision import HOST_BYTES, PageCache, VisionReranker
from docrerank.vision.page_cache import DiskTier, PageKeys
from docrerank.vision.prefix import PagePrefix

CPU = torch.device("cpu")
PAIRS = ("margin", "net sales in 2021")


def make_prefix(seed: int, tokens: int = 6) -> PagePrefix:
    generator = torch.Generator().manual_seed(seed)
    keys, values = torch.randn(2, 2, 2, tokens, 8, generator=generator)
    return PagePrefix(keys, values, tokens + seed)


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def test_a_page_comes_back_from_every_tier_with_its_score(bases: dict[str, Path], pages: Any, tmp_path: Path) -> None:
    reranker = VisionReranker.from_pretrained(bases["qwen2_5_vl"], cache=PageCache())
    pairs = [(query, page) for query in PAIRS for page in pages]
    fresh = reranker.score(pairs).values
    reranker.cache = PageCache(HOST_BYTES, str(tmp_path))
    reranker.warm(pages)
    np.testing.assert_allclose(reranker.score(pairs).values, fresh, atol=1e-6)
    reranker.cache = PageCache(HOST_BYTES, str(tmp_path))
    np.testing.assert_allclose(reranker.score(pairs).values, fresh, atol=5e-3)
    np.testing.assert_allclose(reranker.score(pairs).values, fresh, atol=5e-3)
    assert reranker.cache.hits == {"disk": 3, "memory": 3}


def test_keys_beyond_the_range_of_float16_survive(tmp_path: Path) -> None:
    prefix, tier = make_prefix(1, 50), DiskTier(tmp_path)
    prefix.keys[..., 3] *= 1e6
    tier.put("a", prefix)
    found = tier.get("a", torch.float32, CPU)
    assert found is not None
    torch.testing.assert_close(found.keys, prefix.keys, rtol=1e-2, atol=1e-2)


def test_another_page_model_prompt_or_budget_is_another_key(bases: dict[str, Path], pages: Any) -> None:
    first = VisionReranker.from_pretrained(bases["qwen2_vl"])
    others = [
        VisionReranker.from_pretrained(bases["qwen2_vl"], prompt="mono"),
        VisionReranker.from_pretrained(bases["qwen2_vl"], pixels=28 * 28 * 30),
        VisionReranker.from_pretrained(bases["qwen2_5_vl"]),
    ]
    from docrerank.vision.images import open_page

    source = open_page(pages[0], 10_000)
    keys = {reranker._keys.read(source) for reranker in (first, *others)}
    keys.add(first._keys.read(open_page({"image": pages[0], "text": "41"}, 10_000)))
    assert len(keys) == 5
    before = PageKeys(first.parts).read(source)
    assert before in keys
    with torch.no_grad():
        first.model.model.language_model.layers[0].self_attn.q_proj.weight.mul_(1.001)
    assert PageKeys(first.parts).read(source) not in keys


def test_the_least_recently_used_page_leaves_memory() -> None:
    cache = PageCache(2 * make_prefix(0).nbytes)

    def held(key: str) -> bool:
        return cache.get(key, torch.float32, CPU) is not None

    cache.put("a", make_prefix(0))
    cache.put("b", make_prefix(1))
    assert held("a")
    cache.put("c", make_prefix(2))
    cache.put("large", make_prefix(3, 500))
    assert [held(key) for key in ("a", "b", "c", "large")] == [True, False, True, False]


def test_the_least_recently_used_page_leaves_the_disk(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path)
    tier.put("a", make_prefix(0))
    size = files_of(tmp_path)[0].stat().st_size
    tier = DiskTier(tmp_path, budget=3 * size)
    for age, key in enumerate(("b", "c")):
        tier.put(key, make_prefix(1))
        os.utime(tier._file(key), (age, age))
    tier.put("d", make_prefix(2))
    assert tier.get("b", torch.float32, CPU) is None
    assert tier.get("a", torch.float32, CPU) is not None
    assert sum(file.stat().st_size for file in files_of(tmp_path)) <= 3 * size


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty"])
def test_a_damaged_or_stale_file_is_encoded_again(
    damage: str, bases: dict[str, Path], pages: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reranker = VisionReranker.from_pretrained(bases["qwen2_vl"], cache=PageCache(folder=str(tmp_path)))
    fresh = reranker.predict([("margin", page) for page in pages])
    file, other = files_of(tmp_path)[:2]
    content = bytearray(file.read_bytes())
    content[-50] ^= 0x40
    file.write_bytes(
        {"cut": bytes(content[:500]), "flip": bytes(content), "other": other.read_bytes(), "empty": b""}[damage]
    )
    again = VisionReranker.from_pretrained(bases["qwen2_vl"], cache=PageCache(folder=str(tmp_path)))
    np.testing.assert_allclose(again.predict([("margin", page) for page in pages]), fresh, atol=1e-3)
    assert "damaged or stale" in caplog.text
    assert again.cache.hits == {"disk": 2, "missed": 1}
    assert len(files_of(tmp_path)) == 3


@pytest.mark.parametrize("fault", [MemoryError(), OSError(5, "Input/output error")])
def test_a_good_file_that_cannot_be_read_now_stays(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from docrerank.vision import page_cache

    tier, plain = DiskTier(tmp_path), page_cache._read
    tier.put("a", make_prefix(0))

    def fail(file: Path) -> Any:
        raise fault

    monkeypatch.setattr(page_cache, "_read", fail)
    assert tier.get("a", torch.float32, CPU) is None
    monkeypatch.setattr(page_cache, "_read", plain)
    assert tier.get("a", torch.float32, CPU) is not None


def test_a_disk_that_refuses_is_said_once_and_scores_go_on(
    bases: dict[str, Path], pages: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PageCache(folder=str(tmp_path / "file"))
    scores = VisionReranker.from_pretrained(bases["qwen2_vl"], cache=cache).predict(
        [("margin", page) for page in pages]
    )
    assert np.isfinite(scores).all()
    assert caplog.text.count("nothing more is written") == 1


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from docrerank.vision import page_cache

    def full(file: Path, *_: Any) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_cache, "_write", full)
    tier = DiskTier(tmp_path)
    tier.put("a", make_prefix(0))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_threads_share_a_cache(tmp_path: Path) -> None:
    cache = PageCache(3 * make_prefix(0).nbytes, str(tmp_path), 40_000)
    barrier = threading.Barrier(4)

    def work(worker: int) -> int:
        barrier.wait()
        wrong = 0
        for turn in range(60):
            number = (turn * 7 + worker) % 12
            found = cache.get(str(number), torch.float32, CPU)
            wrong += found is not None and found.next_position != 6 + number
            cache.put(str(number), make_prefix(number))
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 0


def write_and_read(folder: str) -> int:
    tier, wrong = DiskTier(folder, budget=20_000), 0
    for turn in range(40):
        number = turn % 10
        tier.put(str(number), make_prefix(number))
        found = tier.get(str(number), torch.float32, CPU)
        wrong += found is not None and not torch.allclose(found.keys, make_prefix(number).keys, atol=1e-2)
    return wrong


def test_processes_share_a_folder(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert sum(pool.map(write_and_read, [str(tmp_path)] * 3)) == 0
    assert all(DiskTier(tmp_path).get(str(number), torch.float32, CPU) for number in (9,))
