"""A vision model from scratch learns to read: images, prompt, loss and shared pages end to end, through the stage."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from fixtures.digit_pages import DIGITS, ask, fill_run, read_unseen

from docrerank.runs import Run

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")


def measure_accuracy(run: Run, folder: Path) -> float:
    """Share of right answers on pages that no training saw: half of the questions are answered by their page."""
    from docrerank.vision import VisionReranker

    chance, pairs = random.Random(3), []
    for page, digit in read_unseen(folder, 999):
        other = chance.choice([each for each in DIGITS if each != digit])
        pairs += [(ask(digit), page), (ask(other), page)]
    scores = VisionReranker.from_pretrained(run.model).score(pairs).values
    return float(np.mean((scores > 0) == (np.arange(len(pairs)) % 2 == 0)))


@pytest.mark.slow
def test_large_digits_are_learned_and_shuffled_labels_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from docrerank.training import train

    reached = {}
    for name, shuffled in (("learned", False), ("control", True)):
        (tmp_path / name).mkdir()
        run = fill_run(tmp_path / name, 5, shuffled)
        if shuffled:  # what was trained is measured, not the start that would be kept
            monkeypatch.setattr("docrerank.training.loop.is_better", lambda scores, course: True)
        counts = train(run)
        assert counts["mined_groups"] == counts["generated_groups"] > 0
        assert counts["kept"] == "trained"
        reached[name] = measure_accuracy(run, tmp_path / name)
        loss = json.loads((run.path / "training" / "curves.json").read_text())["loss"]
        with capsys.disabled():
            print(f"\n{name}: accuracy {reached[name]:.3f}, last losses {np.mean(loss[-50:]):.3f}, {len(loss)} steps")
    assert reached["learned"] > 0.95
    assert 0.35 < reached["control"] < 0.65
