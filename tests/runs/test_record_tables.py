from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docrerank.records import MinedPage, Page, Query, Rejected, UserError, Verdict
from docrerank.runs.record_tables import read_column, read_records, write_records

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
RECORDS = {
    Query: st.builds(
        Query, TEXT, TEXT, TEXT, st.just("positive"), st.just("keywords"), answered_by=st.tuples(TEXT, TEXT)
    ),
    Verdict: st.builds(Verdict, TEXT, TEXT, st.booleans(), TEXT, TEXT),
    MinedPage: st.builds(MinedPage, TEXT, TEXT, st.integers(1, 99), st.floats(allow_nan=False)),
    Rejected: st.builds(Rejected, TEXT, TEXT, TEXT, TEXT, TEXT),
}


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_back_as_they_were_written(tmp_path: Path, record: type, data: st.DataObject) -> None:
    rows = data.draw(st.lists(RECORDS[record], max_size=5))
    assert write_records(tmp_path / "t.parquet", record, iter(rows)) == len(rows)
    assert list(read_records(tmp_path / "t.parquet", record)) == rows


def page(number: int, words: int) -> Page:
    boxes = np.random.default_rng(number).random((words, 4), dtype=np.float32)
    return Page(f"a/{number}", "a", number, "a.pdf", "0", 612, 792.5, "word " * words, "layer", boxes)


def test_pages_come_back_with_their_boxes_bit_by_bit_over_several_batches(tmp_path: Path) -> None:
    rows = [page(number, number % 4) for number in range(600)]
    write_records(tmp_path / "t.parquet", Page, iter(rows))
    back = list(read_records(tmp_path / "t.parquet", Page))
    assert back == rows
    for before, after in zip(rows, back, strict=True):
        assert after.boxes.dtype == np.float32
        assert after.boxes.shape == before.boxes.shape
        np.testing.assert_array_equal(after.boxes, before.boxes)


def test_no_rows_make_a_table_that_reads_back_empty(tmp_path: Path) -> None:
    assert write_records(tmp_path / "t.parquet", Page, []) == 0
    assert list(read_records(tmp_path / "t.parquet", Page)) == []


def test_one_column_is_read_without_the_others(tmp_path: Path) -> None:
    write_records(tmp_path / "t.parquet", Page, [page(1, 2), page(2, 0)])
    assert read_column(tmp_path / "t.parquet", "number") == [1, 2]


def test_a_damaged_table_or_one_of_another_record_is_a_user_error(tmp_path: Path) -> None:
    write_records(tmp_path / "t.parquet", Rejected, [Rejected("a", "b", "c")])
    with pytest.raises(UserError, match="delete it and run again"):
        list(read_records(tmp_path / "t.parquet", Verdict))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(UserError, match="delete it and run again"):
        list(read_records(tmp_path / "t.parquet", Rejected))
    with pytest.raises(UserError, match="delete it and run again"):
        read_column(tmp_path / "t.parquet", "reason")
