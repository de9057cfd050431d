"""What goes out as the released schema comes back the same."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docrerank.datasets import ExportOptions, ImportOptions, export_run, import_dataset
from docrerank.datasets.imported_rows import parse_queries
from docrerank.datasets.parquet_files import build_schema
from docrerank.datasets.released import RELEASED_COLUMNS, build_row
from docrerank.queries import find_families, normalise
from docrerank.recipe import load_recipe
from docrerank.records import Page, Query
from docrerank.runs import Run

PAGE = Page("a/1", "a", 1, "a.pdf", "0" * 64, 10, 20, "", "none", np.zeros((0, 4), np.float32))
#: Any text but half a surrogate pair, which no UTF-8 file can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
asked = texts.filter(lambda text: text.strip())
forms = st.sampled_from(["question", "keywords", "request"])
ids = st.lists(texts.filter(bool), max_size=3).map(tuple)


@st.composite
def page_queries(draw: st.DrawFn) -> list[Query]:
    """Queries of one page: positives, with some rephrasings and hard negatives or none."""
    queries: list[Query] = []
    for place in range(draw(st.integers(1, 4))):
        source = f"a/1#{place}"
        shared = {"evidence": texts, "location": texts, "writer": texts.filter(bool), "answered_by": ids}
        queries.append(
            Query(
                source,
                "a/1",
                draw(asked),
                "positive",
                draw(forms),
                answer=draw(texts),
                **{name: draw(values) for name, values in shared.items()},
            )
        )
        for number in range(draw(st.integers(0, 2))):
            rest = {**shared, "answer": texts, "level": st.integers(0, 3)}
            made = {name: draw(values) for name, values in rest.items()}
            queries.append(Query(f"{source}/r{number}", "a/1", draw(asked), "rephrased", draw(forms), source, **made))
        for number in range(draw(st.integers(0, 3))):
            rest = {**shared, "property": texts, "original": texts, "edited": texts}
            made = {name: draw(values) for name, values in rest.items()}
            queries.append(
                Query(f"{source}/n{number}", "a/1", draw(asked), "hard_negative", draw(forms), source, **made)
            )
    said = {normalise(query.text) for query in queries if query.kind != "hard_negative"}
    return [query for query in queries if query.kind != "hard_negative" or normalise(query.text) not in said]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(page_queries())
def test_any_queries_of_a_page_come_back_through_arrow(queries: list[Query]) -> None:
    families = list(find_families(queries).values())
    row = {**build_row(PAGE, families, {}), "image": {"bytes": b"x", "path": "x.png"}}
    written = pa.Table.from_pylist([row], build_schema(RELEASED_COLUMNS))
    found, faults = parse_queries(written.to_pylist()[0], "a/1", "imported x")
    assert not faults
    assert sorted(found, key=lambda query: query.id) == sorted(queries, key=lambda query: query.id)


@settings(
    max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_queries_come_back_through_files(whole_run: Run, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", load_recipe("cpu", ["workers=1"]))
        [page, *_] = whole_run.pages.read("acme")
        run.pages.write("a", [dataclasses.replace(page, id="a/1", document="a")], "x")
        queries = data.draw(page_queries())
        run.queries.write("a", queries, "x")
        export_run(run, Path(folder) / "set", ExportOptions("hf", pixels=2_000))
        back = Run.create(Path(folder) / "back", load_recipe("cpu", ["workers=1"]))
        import_dataset(back, str(Path(folder) / "set"))
        key = {query.id: query for query in queries}
        assert {query.id: query for query in back.queries.read()} == key


def test_pages_come_back_with_text_boxes_and_names(
    sets: Callable[[str], Path], whole_run: Run, tmp_path: Path
) -> None:
    back = Run.create(tmp_path / "back", load_recipe("cpu", ["workers=1"]))
    told = import_dataset(back, str(sets("hf")), ImportOptions())
    assert told["rejected"] == {}
    assert back.pages.names() == whole_run.pages.names()
    for given_page, found in zip(whole_run.pages.read(), back.pages.read(), strict=True):
        names = ("id", "document", "number", "text", "text_source")
        assert [getattr(found, name) for name in names] == [getattr(given_page, name) for name in names]
        np.testing.assert_array_equal(found.boxes, given_page.boxes)
    one, two = ({query.id: query for query in run.queries.read()} for run in (whole_run, back))
    for key, query in one.items():
        assert two[key] == (query if query.writer else dataclasses.replace(query, writer="imported hf"))
    assert one.keys() == two.keys()


@pytest.mark.slow
def test_a_set_exported_again_is_the_same_set(sets: Callable[[str], Path], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    run = Run.create(tmp_path / "back", load_recipe("cpu", ["workers=1"]))
    import_dataset(run, str(sets("hf")))
    export_run(run, tmp_path / "again", ExportOptions("hf", pixels=30_000))
    first, second = (pq.read_table(folder / "data") for folder in (sets("hf"), tmp_path / "again"))
    for name in ("image", "positive_queries", "negative_queries", "answer", "page_text", "page_id"):
        assert first[name].to_pylist() == second[name].to_pylist()
    ids = [[[query["id"] for query in queries] for queries in one["queries"].to_pylist()] for one in (first, second)]
    assert ids[0] == ids[1]
