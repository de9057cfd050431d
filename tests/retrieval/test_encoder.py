from __future__ import annotations

from pathlib import Path

import pytest

from docrerank.retrieval.encoder import choose_precision

torch = pytest.importorskip("torch")


@pytest.mark.skipif(not hasattr(torch.cpu, "get_capabilities"), reason="this torch does not say what a processor has")
def test_bfloat16_is_chosen_where_the_processor_has_the_instructions() -> None:
    flags = Path("/proc/cpuinfo").read_text()
    assert choose_precision("cpu") == ("bfloat16" if "avx512_bf16" in flags else "float32")


def test_a_gpu_computes_in_bfloat16() -> None:
    assert choose_precision("cuda") == "bfloat16"
