from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from docrerank.runs import Run
from docrerank.training.dev_part import DevScores, plan_dev
from docrerank.training.training_data import gather
from docrerank.training.vision_trainer import tell_difference


def test_a_copy_of_the_own_page_is_not_among_the_candidates(make_vision_run: Callable[..., Run]) -> None:
    part = gather(make_vision_run()).dev
    first, second = [page for page in part.pages if page.document == part.pages[0].document][:2]

    def find_candidates(repeats: dict[str, str]) -> set[str]:
        plan = plan_dev(replace(part, repeats=repeats), 100)
        return {plan.pairs[at][1].id for places in plan.rankings for at in places if plan.pairs[places[0]][1] == first}

    assert second.id in find_candidates({})
    assert find_candidates({second.id: first.id}) == find_candidates({}) - {second.id}


def test_what_saving_costs_is_told_and_a_rounding_is_not(caplog: pytest.LogCaptureFixture) -> None:
    trained = DevScores(0.8, 0.9, 0.5)
    with caplog.at_level(logging.WARNING):
        tell_difference(trained, DevScores(0.8, 0.9, 0.501))
    assert not caplog.text
    tell_difference(trained, DevScores(0.7, 0.9, 0.5))
    tell_difference(trained, DevScores(0.8, 0.9, 0.6))
    assert caplog.text.count("vision.save=float32 or vision.save=adapter") == 2
