from __future__ import annotations

from docrerank.records import TrainingGroup
from docrerank.vision.pairs import Pair, count_tokens, cut_pieces, cut_units, list_pairs, share_units

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
    shares = share_units(units, 2, len)
    assert sorted(map(id, shares[0] + shares[1])) == sorted(map(id, units))
    pages = [{pair.page for unit in share for pair in unit} for share in shares]
    assert not pages[0] & pages[1]  # a page and all that is asked of it stay together


def test_processes_have_about_as_much_to_do() -> None:
    sizes = [9, 1, 8, 1, 7, 2, 9, 1, 3, 1]
    units = [
        [Pair(f"{number}?", f"x/{place}", False, 0) for number in range(size)] for place, size in enumerate(sizes)
    ]
    shares = share_units(units, 2, len)
    assert [sum(map(len, share)) for share in shares] == [21, 21]
    in_turn = [sum(map(len, units[rank::2])) for rank in range(2)]
    assert in_turn == [36, 6]  # the control: what dealing them out in turn would give
    assert all(share == sorted(share, key=lambda unit: unit[0].page) for share in shares)
    assert share_units(units[:1], 3, len) == [units[:1], [], []]


def test_pieces_keep_the_budget_and_share_a_page_within_it() -> None:
    units = cut_units(list_pairs(GROUPS), whole_groups=True)

    def cut(budget: int) -> list[int]:
        pieces = cut_pieces(units, lambda pairs: count_tokens(pairs, lambda page: 100, lambda query: 10), budget)
        return [len(piece) for piece in pieces]

    assert cut(10_000) == [8]
    assert cut(1) == [3, 2, 3]  # one unit at least
    # The mined group and the one on its first page: three rows, the longest with three queries.
    assert cut(3 * 130) == [5, 3]
    assert cut(3 * 130 - 1) == [3, 5]
