"""Small real trainings: the fast path equals the plain one, and a killed training ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from docrerank.records import UserError
from docrerank.training import loop
from docrerank.training import vision_trainer as steps
from docrerank.vision import fingerprint_vision
from docrerank.vision.adapt import load_learner

Make = Callable[..., Any]


def run(trainer: Any) -> list[float]:
    losses: list[float] = trainer.run(lambda done, total: None).loss
    return losses


def one_by_one(shift: int = 0) -> Callable[..., torch.Tensor]:
    """The stock model's logits, a sequence for each (query, page): what packed rows must equal."""

    def logits(model: Any, head: torch.Tensor, pages: Sequence[Any], queries: Sequence[Any]) -> torch.Tensor:
        words = [int((model.get_base_model().lm_head.weight == row).all(1).nonzero()[0]) for row in head]
        config, rows = model.get_base_model().config, []
        for place, asked in enumerate(queries):
            page = pages[(place + shift) % len(pages)]
            for query in asked:
                ids = torch.cat([page.ids, torch.tensor(query)])[None]
                types = (ids == config.image_token_id).int()
                output = model(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    mm_token_type_ids=types,
                    pixel_values=page.pixels,
                    image_grid_thw=page.grid,
                    use_cache=False,
                )
                rows.append(output.logits[0, -1, words])
        return torch.stack(rows)

    return logits


@pytest.mark.parametrize("loss", ["pointwise", "listwise"])
def test_packed_rows_train_as_one_pair_at_a_time_does(
    loss: str, make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = run(make_trainer(f"vision.loss={loss}", name="packed"))
    monkeypatch.setattr(steps, "packed_logits", one_by_one())
    plain = run(make_trainer(f"vision.loss={loss}", name="plain"))
    assert packed == pytest.approx(plain, abs=1e-4)
    assert len(packed) == 3
    assert len(set(packed)) == 3
    monkeypatch.setattr(steps, "packed_logits", one_by_one(shift=1))
    other = run(make_trainer(f"vision.loss={loss}", name="other"))
    assert other != pytest.approx(plain, abs=1e-4)


def test_pages_come_with_their_text_by_turns_and_still_train_as_one_pair_at_a_time(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer("vision.page_text=0.5", name="packed")
    lengths = {len(page.ids) for piece in trainer._load_pieces(0) for page in piece.pages}
    bare = {len(page.ids) for piece in make_trainer(name="bare")._load_pieces(0) for page in piece.pages}
    assert min(lengths) == min(bare)
    assert max(lengths) > max(bare)
    packed = run(trainer)
    monkeypatch.setattr(steps, "packed_logits", one_by_one())
    assert run(make_trainer("vision.page_text=0.5", name="plain")) == pytest.approx(packed, abs=1e-4)
    assert run(make_trainer(name="images")) != pytest.approx(packed, abs=1e-4)


def test_accumulation_checkpointing_and_workers_change_nothing_but_rounding(make_trainer: Make) -> None:
    whole = run(make_trainer(name="whole"))
    cut = run(make_trainer("vision.micro_tokens=1", name="cut"))
    saved = run(make_trainer("vision.gradient_checkpointing=true", name="saved"))
    drawn = run(make_trainer("vision.loader_workers=2", "vision.micro_tokens=200", name="drawn"))
    for losses in (cut, saved, drawn):
        assert losses == pytest.approx(whole, abs=1e-5)
    assert run(make_trainer("seed=14", name="seed")) != pytest.approx(whole, abs=1e-4)


def test_a_stopped_training_goes_on_and_ends_with_the_same_weights(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "STEPS_PER_CHECKPOINT", 1)
    settings = ("vision.lora_dropout=0.1", "train.groups=16", "train.evaluations=2")
    whole = make_trainer(*settings, name="whole")
    expected = whole.run(lambda done, total: None)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_trainer(*settings, name="stopped").run(stop)
    taken: list[int] = []
    again = make_trainer(*settings, name="stopped")
    found = again.run(lambda done, total: taken.append(done))
    assert taken == [3, 4]
    assert (found.loss, found.dev) == (expected.loss, expected.dev)
    for name, weight in whole.weights.items():
        assert torch.equal(again.weights[name], weight), name


def test_a_checkpoint_of_another_training_or_of_an_older_version_is_refused_in_words(
    make_trainer: Make, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make_trainer("train.groups=4")
    course = trainer.run(lambda done, total: None)
    assert trainer.resume().loss == course.loss
    trainer.made_from = "another origin"
    assert trainer.resume() is None
    assert "is of another training" in caplog.text
    torch.save({"made_from": "origin", "progress": {}}, trainer.checkpoint)  # as version 1 wrote it
    trainer.made_from = "origin"
    assert trainer.resume() is None
    assert caplog.text.count("begun anew") == 2


def test_out_of_memory_ends_in_a_line_and_a_smaller_forward_goes_on_from_the_checkpoint(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "STEPS_PER_CHECKPOINT", 1)
    trainer, plain = make_trainer(), steps.packed_logits

    def tight(*arguments: Any) -> torch.Tensor:
        if trainer.schedule.last_epoch == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(*arguments)

    monkeypatch.setattr(steps, "packed_logits", tight)
    with pytest.raises(UserError, match=r"out of memory in step 3 of 3 .*vision\.micro_tokens below 8192"):
        run(trainer)
    monkeypatch.undo()
    taken: list[int] = []
    smaller = make_trainer("vision.micro_tokens=100")
    smaller.run(lambda done, total: taken.append(done))
    assert taken == [3]
    before, after = trainer.recipe, smaller.recipe
    assert fingerprint_vision("groups", before) == fingerprint_vision("groups", after)


def test_what_is_kept_is_the_best_of_the_dev_part_and_patience_ends_early(make_trainer: Make) -> None:
    settings = ("train.epochs=4", "train.evaluations=12", "vision.patience=2", "train.learning_rate=0.3")
    trainer = make_trainer(*settings)
    state = trainer.run(lambda done, total: None)
    assert state.step < trainer.steps
    assert [row[0] for row in state.dev] == list(range(state.step + 1))
    assert state.end.loss <= state.start.loss


def test_an_unreadable_page_costs_its_pairs_alone(make_trainer: Make, caplog: pytest.LogCaptureFixture) -> None:
    trainer = make_trainer()
    gone = trainer.material.groups[0].group.pages[0].split("/")[0]
    (trainer.checkpoint.parents[1] / "pdfs" / f"{gone}.pdf").unlink()
    assert len(run(trainer)) == 3
    assert "left out of step 1" in caplog.text


def test_the_adapter_learns_in_the_language_model_alone_unless_told_otherwise(make_trainer: Make) -> None:
    names = set(make_trainer().weights)
    assert names
    assert all("language_model" in name and "lora_" in name for name in names)
    both = set(make_trainer("vision.train_vision=true", name="both").weights)
    assert any("visual" in name for name in both)
    full = set(make_trainer("vision.lora_rank=0", name="full").weights)
    assert full
    assert not [name for name in full if "lora_" in name or "visual" in name]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"lora_rank": 0, "save": "adapter"}, "vision.save=adapter"),
        ({"prompt": "qwen3"}, "the page comes first"),
    ],
)
def test_settings_that_cannot_work_are_told(overrides: dict[str, Any], message: str, base: Any) -> None:
    from docrerank.recipe import Vision

    with pytest.raises(UserError, match=message):
        load_learner(str(base), Vision(pixels=15680, **overrides), "cpu", 13)


def test_a_frozen_base_in_bfloat16_trains_an_adapter_in_float32_whose_products_are_bfloat16(
    make_trainer: Make,
) -> None:
    trainer, seen = make_trainer("vision.precision=bfloat16"), set()
    for name, module in trainer.parts.model.named_modules():
        if name.endswith("lora_A.default"):
            module.register_forward_hook(lambda own, _, out: seen.add(out.dtype) if own.training else None)
    exact = run(make_trainer(name="exact"))
    assert {weight.dtype for weight in trainer.weights.values()} == {torch.float32}
    losses = run(trainer)
    assert seen == {torch.bfloat16}
    assert losses == pytest.approx(exact, abs=0.1)
    assert losses != exact


def test_weights_that_learn_themselves_stay_float32_and_compute_in_bfloat16(make_trainer: Make) -> None:
    settings = ("vision.lora_rank=0", "train.learning_rate=1e-4")
    trainer = make_trainer(*settings, "vision.precision=bfloat16")
    before = {name: weight.detach().clone() for name, weight in trainer.weights.items()}
    assert {weight.dtype for weight in before.values()} == {torch.float32}
    exact, losses = run(make_trainer(*settings, name="exact")), run(trainer)
    assert losses == pytest.approx(exact, abs=0.1)
    assert losses != exact
