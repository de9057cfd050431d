from __future__ import annotations

from docrerank.runs.split import split_pages


def make_pages(*sizes: int) -> dict[str, str]:
    named = zip("abcdefghij", sizes, strict=False)
    return {f"{name}/{number}": name for name, size in named for number in range(1, size + 1)}


def ask_once(pages: dict[str, str]) -> dict[str, int]:
    return dict.fromkeys(pages, 1)


def test_no_document_is_in_both_parts() -> None:
    pages = make_pages(3, 4, 5, 2, 6, 1, 2, 3)
    split = split_pages(pages, ask_once(pages), 0.25, 13)
    documents = [{page.split("/")[0] for page in part} for part in (split.train, split.dev)]
    assert not documents[0] & documents[1]
    assert split.train | split.dev == set(pages)
    assert 1 <= len(split.dev) <= len(pages) * 0.25
    assert split.unit == "document"


def test_a_document_with_most_of_the_positives_is_always_learned_from() -> None:
    pages = make_pages(2, 2, 2, 2)
    positives = {"a/1": 90, "b/1": 5, "c/2": 2, "d/1": 3}
    for seed in range(20):
        split = split_pages(pages, positives, 0.1, seed)
        assert {"a/1", "a/2"} <= split.train
        assert 0 < sum(positives.get(page, 0) for page in split.dev) <= 10


def test_documents_without_positives_measure_nothing_and_stay_in_training() -> None:
    pages = make_pages(2, 2, 2)
    split = split_pages(pages, {"a/1": 1, "b/1": 1}, 0.5, 13)
    assert {"c/1", "c/2"} <= split.train
    assert len(split.dev) == 2


def test_two_documents_give_the_smaller_to_dev() -> None:
    pages = make_pages(4, 3)
    split = split_pages(pages, ask_once(pages), 0.01, 13)
    assert split.dev == {"b/1", "b/2", "b/3"}


def test_one_document_is_split_by_page_and_says_so() -> None:
    pages = make_pages(10)
    split = split_pages(pages, ask_once(pages), 0.2, 13)
    assert (split.unit, len(split.train), len(split.dev)) == ("page", 8, 2)


def test_a_single_page_is_for_training() -> None:
    split = split_pages(make_pages(1), {"a/1": 4}, 0.5, 13)
    assert (len(split.train), len(split.dev)) == (1, 0)


def test_documents_count_alike_before_anything_is_asked() -> None:
    split = split_pages(make_pages(*[1] * 10), {}, 0.3, 13)
    assert (len(split.train), len(split.dev)) == (7, 3)


def test_the_split_follows_from_the_seed_and_not_from_the_order() -> None:
    pages = make_pages(*[2] * 10)
    backwards = dict(reversed(pages.items()))
    assert split_pages(pages, ask_once(pages), 0.3, 1) == split_pages(backwards, ask_once(pages), 0.3, 1)
    assert len({split_pages(pages, ask_once(pages), 0.3, seed).dev for seed in range(8)}) > 1
