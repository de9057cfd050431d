"""What of a page's text is compared."""

from __future__ import annotations

from docrerank.pages.wording import read_wording


def test_pages_that_differ_in_numbers_alone_read_alike_and_have_other_numbers() -> None:
    last, this = (read_wording(f"Net sales: Canada {own}, Mexico 52") for own in ("1,041.5", "1,043.5"))
    assert last.measure_likeness(this) == 1
    assert last.numbers == ("1", "041", "5", "52")
    assert last.numbers != this.numbers
    swapped = read_wording("Net sales: Canada 52, Mexico 1,041.5")
    assert sorted(swapped.numbers) == sorted(last.numbers)
    assert swapped.numbers != last.numbers  # the same figures in other cells


def test_other_words_or_another_order_read_less_alike() -> None:
    text = " ".join(f"word{'abcdefghij'[n // 10]}{'abcdefghij'[n % 10]}" for n in range(100))
    words, own = text.split(), read_wording(text)
    assert len(own.shingles) == 98
    one_changed = read_wording(" ".join([*words[:50], "other", *words[51:]]))
    assert own.measure_likeness(one_changed) == 95 / 101
    assert own.measure_likeness(read_wording(" ".join(reversed(words)))) == 0
    assert own.measure_likeness(read_wording(text.upper().replace(" ", "\n"))) == 1


def test_short_and_empty_texts_have_a_wording() -> None:
    assert len(read_wording("").shingles) == 0
    assert read_wording("").measure_likeness(read_wording("...")) == 1
    assert len(read_wording("Appendix").shingles) == len(read_wording("Appendix B").shingles) == 1
    assert read_wording("Appendix").measure_likeness(read_wording("Appendix B")) == 0
