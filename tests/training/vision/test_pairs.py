from __future__ import annotations

from docrerank.records import TrainingGroup
from docrerank.training.vision import cut_pieces, cut_units, list_pairs, share_units

GROUPS = [
    TrainingGroup("mined", ("a?",), ("x/1", "x/2", "x/3")),
    TrainingGroup("generated", ("b?", "c?", "d?"), ("x/2",)),
    TrainingGroup("generated", ("e?", "f?"), ("x/1",)),
]


def test_a_page_of_several_groups_is_one_unit() -> None:
    units = cut_units(list_pairs(GROUPS), whole_groups=False)
    assert [unit[0].page for unit in units] == ["x/1", "x/2", "x/3"]
    assert [[pair.query for pair in unit] for unit in units] == [["a?", "e?", "f?"], ["a?", "b?", "c?", "d?"], ["a?"]]
    assert sum(pair.positive for unit in units for pair in unit) == 3


def test_a_loss_over_groups_keeps_them_whole() -> None:
    units = cut_units(list_pairs(GROUPS), whole_groups=True)
    assert sorted(len(unit) for unit in units) == [2, 3, 3]
    assert all(len({pair.group for pair in unit}) == 1 for unit in units)


def test_processes_share_every_unit_once() -> None:
    units = cut_units(list_pairs(GROUPS), whole_groups=False)
    shares = [share_units(units, rank, 2) for rank in range(2)]
    assert sorted(map(id, shares[0] + shares[1])) == sorted(map(id, units))


def test_pieces_keep_the_budget_and_share_a_page_within_it() -> None:
    units = cut_units(list_pairs(GROUPS), whole_groups=True)

    def cut(budget: int) -> list[int]:
        return [len(piece) for piece in cut_pieces(units, 100, lambda query: 10, budget)]

    assert cut(10_000) == [8]
    assert cut(1) == [3, 2, 3]  # one unit at least
    # The mined group and the one on its first page: three rows, the longest with three queries.
    assert cut(3 * 130) == [5, 3]
    assert cut(3 * 130 - 1) == [3, 5]
