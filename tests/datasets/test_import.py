"""Published sets become runs, and every fault in them is told with its row."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from docrerank.datasets import ImportOptions, import_dataset
from docrerank.generation import find_bare, generate, given_queries
from docrerank.pages import render
from docrerank.recipe import load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

NO_OCR = ImportOptions(ocr="never")


def encode(number: int = 0, size: tuple[int, int] = (60, 80), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (number % 256, 100, 50)).save(buffer, kind)
    return buffer.getvalue()


def image(number: int = 0, **options: Any) -> dict[str, Any]:
    return {"bytes": encode(number, **options), "path": None}


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    values = {
        "image": image(number),
        "positive_queries": [f"What was {number}?"],
        "negative_queries": [[f"What was {number} in {year}?" for year in (1, 2, 3)]],
        "answer": [str(number)],
    }
    return {**values, **changes}


TYPES = {
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    "positive_queries": pa.list_(pa.string()),
    "negative_queries": pa.list_(pa.list_(pa.string())),
    "answer": pa.list_(pa.string()),
}


def write_set(folder: Path, *files: list[dict[str, Any]], **types: pa.DataType) -> Path:
    """A set with the columns of the released one, one parquet file for each list of rows."""
    (folder / "data").mkdir(parents=True)
    kinds = {**TYPES, **types}
    for number, rows in enumerate(files):
        schema = pa.schema([(name, kinds[name]) for name in rows[0]])
        file = folder / "data" / f"train-{number:05}-of-{len(files):05}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema), file, row_group_size=100)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", load_recipe("cpu", ["workers=1", "train.mined_share=0"]))


def faults(run: Run) -> dict[str, str]:
    return {f"{row.subject.rpartition(' ')[2]} {row.reason}": row.detail for row in run.rejected("import").read()}


def test_a_released_set_becomes_pages_and_queries(run: Run, tmp_path: Path) -> None:
    counts = import_dataset(run, str(write_set(tmp_path / "ColHNQue", [row(0), row(1)], [row(2)])), NO_OCR)
    assert (counts["pages"], counts["positive"], counts["hard_negative"], counts["rejected"]) == (3, 3, 9, {})
    pages, queries = list(run.pages.read()), list(run.queries.read())
    assert [page.id for page in pages] == [f"ColHNQue-00000/{number}" for number in (1, 2, 3)]
    assert [query.text for query in queries[:3]] == ["What was 0?", "What was 0 in 1?", "What was 0 in 2?"]
    assert queries[0].answer == "0"
    assert queries[0].writer == "imported ColHNQue"
    assert queries[1].source_id == queries[0].id
    assert len({query.id for query in queries}) == 12
    assert [render(page).getpixel((5, 5))[0] for page in pages] == [0, 1, 2]  # type: ignore[index]
    assert Path(pages[0].source).read_bytes() == encode(0)
    assert str(tmp_path) in pages[0].source


def test_blocks_of_rows_go_on_over_files_and_row_groups(run: Run, tmp_path: Path) -> None:
    files = [[row(number) for number in range(start, start + 150)] for start in (0, 150, 300)]
    import_dataset(run, str(write_set(tmp_path / "set", *files)), NO_OCR)
    assert Counter(page.document for page in run.pages.read()) == {"set-00000": 256, "set-00001": 194}
    asked = {query.page_id: query.text for query in run.queries.read() if query.kind == "positive"}
    assert asked["set-00000/256"] == "What was 255?"
    assert asked["set-00001/1"] == "What was 256?"


def test_the_same_import_reads_nothing_again_and_a_changed_file_only_its_block(run: Run, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [row(number) for number in range(256)], [row(256)])
    told = import_dataset(run, str(folder), NO_OCR)
    assert (told["redone"], told["positives_without_negatives"]) == (2, 0)
    assert import_dataset(run, str(folder), NO_OCR)["redone"] == 0
    changed = pa.Table.from_pylist([row(256), row(257)], pa.schema(list(TYPES.items())))
    pq.write_table(changed, folder / "data" / "train-00001-of-00002.parquet")
    told = import_dataset(run, str(folder), NO_OCR)
    assert (told["redone"], told["pages"]) == (1, 258)


def test_a_second_set_is_added_and_the_first_stays(run: Run, tmp_path: Path) -> None:
    first = write_set(tmp_path / "first", [row(number) for number in range(3)])
    second = write_set(tmp_path / "second", [row(number) for number in range(10, 12)])
    import_dataset(run, str(first), NO_OCR)
    told = import_dataset(run, str(second), NO_OCR)
    assert (told["pages"], told["redone"], told["sets"]) == (5, 1, {"first": 1.0, "second": 1.0})
    assert {page.document for page in run.pages.read()} == {"first-00000", "second-00000"}
    assert len(list(given_queries(run).read())) == len(list(run.queries.read())) == 20
    assert import_dataset(run, str(first), NO_OCR)["redone"] == 0
    assert import_dataset(run, str(second), NO_OCR)["redone"] == 0


def test_a_set_that_would_replace_another_is_refused_and_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    names = {"page_id": pa.string(), "document": pa.string(), "page_number": pa.int64()}
    rows = [row(0, page_id="acme/1", document="acme", page_number=1)]
    import_dataset(run, str(write_set(tmp_path / "one", rows, **names)), NO_OCR)
    before = list(run.queries.read())
    with pytest.raises(UserError, match="document 'acme' is in the set 'one' too"):
        import_dataset(run, str(write_set(tmp_path / "two", rows, **names)), NO_OCR)
    with pytest.raises(UserError, match="has a set 'one' already, from"):
        import_dataset(run, str(write_set(tmp_path / "other" / "one", [row(1)])), NO_OCR)
    assert list(run.queries.read()) == before
    (run.path / "imported_sets.json").unlink()  # a run of an earlier version
    with pytest.raises(UserError, match="holds 'acme', which is of no set that is known"):
        import_dataset(run, str(write_set(tmp_path / "three", [row(1)])), NO_OCR)
    assert import_dataset(run, str(tmp_path / "one"), NO_OCR)["pages"] == 1


def test_a_share_of_a_set_is_the_same_documents_every_time(run: Run, tmp_path: Path) -> None:
    names = {"page_id": pa.string(), "document": pa.string(), "page_number": pa.int64()}
    rows = [row(n, page_id=f"{n}/1", document=str(n), page_number=1) for n in range(4)]
    folder = write_set(tmp_path / "set", rows, **names)
    half = ImportOptions(ocr="never", share=0.5)
    assert import_dataset(run, str(folder), half)["pages"] == 2
    drawn = run.pages.names()
    assert import_dataset(run, str(folder), half)["redone"] == 0
    assert import_dataset(run, str(folder), ImportOptions(ocr="never", share=0.75))["redone"] == 1
    assert set(drawn) < set(run.pages.names())


def test_equal_images_are_stored_once_and_large_ones_scaled_down(run: Run, tmp_path: Path) -> None:
    rows = [row(0), row(0), row(7, image=image(7, size=(2000, 1000), kind="JPEG"))]
    import_dataset(run, str(write_set(tmp_path / "set", rows)), ImportOptions(pixels=100_000, ocr="never"))
    pages = list(run.pages.read())
    assert pages[0].source == pages[1].source
    assert pages[2].source.endswith(".png")
    assert 90_000 < pages[2].width * pages[2].height <= 100_000
    assert len([path for path in (run.path / "imported_images").rglob("*") if path.is_file()]) == 2


def test_every_fault_of_a_row_is_told_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    rows = [
        row(0),
        row(1, image=None),
        row(2, image={"bytes": b"GIF89a and so on", "path": None}),
        row(3, image={"bytes": encode(3)[:60], "path": None}),
        row(4, image=image(4, size=(9000, 9000))),
        row(5, positive_queries=None),
        row(6, negative_queries=[["x"], ["y"]]),
        row(7, negative_queries=None),
        row(8, positive_queries=["Good?", " "], negative_queries=[[None, "Near?"], ["Lost?"]], answer=["a", "b"]),
        row(9, answer=["a", "b"]),
        row(10, negative_queries=[["WHAT  was 10?"]]),
        row(11, positive_queries=["x" * 5000]),
        row(12, image={"bytes": None, "path": "../../etc/passwd"}),
    ]
    counts = import_dataset(run, str(write_set(tmp_path / "set", rows)), NO_OCR)
    told = faults(run)
    assert set(told) == {
        "1 no image",
        "2 not an image",
        "3 damaged",
        "4 too many pixels",
        "5 no positive query",
        "6 negatives do not match positives",
        "8 empty query",
        "9 answers do not match positives",
        "10 hard negative has a positive's words",
        "11 query too long",
        "12 no image",
    }
    assert "1 positives, 2 lists of negatives" in told["6 negatives do not match positives"]
    by_page = {page: [] for page in (page.id for page in run.pages.read())}
    for query in run.queries.read():
        by_page[query.page_id].append(query.text)
    assert by_page["set-00000/9"] == ["Good?", "Near?"]
    assert counts["rejected"]["empty query"] == 2
    bare = {query.page_id: query.text for query in find_bare(given_queries(run).read())}
    assert bare == {f"set-00000/{n + 1}": f"What was {n}?" for n in (6, 7, 10)}
    assert counts["positives_without_negatives"] == 3


def test_a_flat_list_of_negatives_belongs_to_the_one_positive(run: Run, tmp_path: Path) -> None:
    flat = {"negative_queries": pa.list_(pa.string())}
    rows = [row(0, negative_queries=["Near?", "Nearer?"]), row(1, positive_queries=["a", "b"], negative_queries=["c"])]
    import_dataset(run, str(write_set(tmp_path / "set", rows, **flat)), NO_OCR)
    assert [query.text for query in run.queries.read() if query.kind == "hard_negative"] == ["Near?", "Nearer?"]
    assert "1 negatives do not match positives" in faults(run)


def test_positives_alone_are_a_set_too(run: Run, tmp_path: Path) -> None:
    rows = [{"image": image(n), "positive_queries": f"What was {n}?"} for n in range(3)]
    told = import_dataset(run, str(write_set(tmp_path / "set", rows, positive_queries=pa.string())), NO_OCR)
    assert (told["positive"], told["positives_without_negatives"]) == (3, 3)
    write_set(tmp_path / "again", [row(number) for number in range(3)])
    (tmp_path / "again" / "data" / "train-00000-of-00001.parquet").replace(
        tmp_path / "set" / "data" / "train-00000-of-00001.parquet"
    )
    assert import_dataset(run, str(tmp_path / "set"), NO_OCR)["positives_without_negatives"] == 0


def test_generation_leaves_a_complete_set_as_it_came(run: Run, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [row(0), row(1)])
    import_dataset(run, str(folder), NO_OCR)
    before = list(run.queries.read())
    counts = generate(run)
    assert (counts["documents_redone"], counts["hard_negative"]) == (0, 6)
    assert list(run.queries.read()) == before


def test_generation_writes_only_for_positives_without_hard_negatives(run: Run, tmp_path: Path) -> None:
    text = "Net sales of Acme were $12 million in 2019.\nAcme employed 340 people in 2018.\n"
    mixed = row(
        0,
        positive_queries=["What was 0?", "What were the net sales of Acme in 2019?"],
        negative_queries=[["What was 0 in 1?"], []],
        answer=["0", "$12 million"],
        page_text=text,
    )
    alone = row(1, positive_queries=["How many people did Acme employ in 2018?"], negative_queries=[[]])
    rows = [mixed, {**alone, "answer": ["340"], "page_text": text}, {**row(2), "page_text": text}]
    import_dataset(run, str(write_set(tmp_path / "set", rows, page_text=pa.string())), NO_OCR)
    given = {query.id: query for query in run.queries.read()}
    generate(run)
    made = {query.id: query for query in run.queries.read()}
    bare = {query.id for query in find_bare(given.values())}
    complete = {key for key, query in given.items() if key not in bare and query.source_id not in bare}
    assert len(complete) == 6
    assert {key: dataclasses.replace(made[key], answered_by=()) for key in complete} == {
        key: given[key] for key in complete
    }
    for key in bare & made.keys():
        assert any(query.source_id == key and query.kind == "hard_negative" for query in made.values())
    assert bare & made.keys()
    again = import_dataset(run, str(tmp_path / "set"), NO_OCR)
    assert (again["redone"], again["positives_without_negatives"]) == (0, 2)
    assert {query.id: query for query in run.queries.read()} == made


def test_bytes_are_an_image_and_other_kinds_are_read(run: Run, tmp_path: Path) -> None:
    rows = [row(n, image=encode(n, kind=kind)) for n, kind in enumerate(("PNG", "JPEG", "WEBP", "TIFF"))]
    told = import_dataset(run, str(write_set(tmp_path / "set", rows, image=pa.binary())), NO_OCR)
    assert told["pages"] == 4
    assert [render(page).size for page in run.pages.read()] == [(60, 80)] * 4


@pytest.mark.parametrize(
    ("rows", "types", "message"),
    [
        ([{"image": image(), "text": "q"}], {"text": pa.string()}, "has no column 'positive_queries'"),
        ([{"positive_queries": ["q"]}], {}, "has no column 'image'"),
        ([row(0, image="a.png")], {"image": pa.string()}, "column 'image' is string, not an image"),
        ([row(0, positive_queries=[1])], {"positive_queries": pa.list_(pa.int64())}, "column 'positive_queries' is"),
        ([row(0, negative_queries="x")], {"negative_queries": pa.string()}, "column 'negative_queries' is string"),
    ],
)
def test_other_columns_are_told_with_file_and_column(
    rows: list[dict[str, Any]], types: dict[str, pa.DataType], message: str, run: Run, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message) as error:
        import_dataset(run, str(write_set(tmp_path / "set", rows, **types)), NO_OCR)
    assert "train-00000-of-00001.parquet" in str(error.value)


def test_what_is_no_set_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.parquet file in"):
        import_dataset(run, str(tmp_path / "empty"))
    with pytest.raises(UserError, match="is no set"):
        import_dataset(run, str(tmp_path / "nothing.csv"))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(UserError, match=r"a\.parquet cannot be read"):
        import_dataset(run, str(tmp_path / "bad"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"'DocReRank/FinHNQue-FinanceHardNegativeQueries'.*HF_HUB_OFFLINE=0.*folder"):
        import_dataset(run, "FinHNQue")


def test_a_set_without_a_usable_row_is_an_error(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing in 'set' could be used; .*row 0: no image"):
        import_dataset(run, str(write_set(tmp_path / "set", [row(0, image=None)])), NO_OCR)


def test_a_run_of_documents_is_not_overwritten(make_run: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a run of its own documents"):
        import_dataset(make_run(), str(write_set(tmp_path / "set", [row(0)])), NO_OCR)


def test_a_damaged_part_of_a_file_is_told(run: Run, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [row(number) for number in range(10)])
    file = folder / "data" / "train-00000-of-00001.parquet"
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"nothing in 'set' could be used; train-00000.*cannot be read"):
        import_dataset(run, str(folder), NO_OCR)


@pytest.mark.slow
def test_ocr_reads_pages_for_a_model_that_reads_text(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    from PIL import ImageDraw, ImageFont

    drawn = Image.new("RGB", (500, 120), "white")
    ImageDraw.Draw(drawn).text((20, 40), "Net sales 2020", fill="black", font=ImageFont.load_default(40))
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    folder = write_set(tmp_path / "set", [row(0, image={"bytes": buffer.getvalue(), "path": None})])
    found = {}
    for name, base in (("text", "''"), ("vision", "some/Qwen2-VL-2B")):
        run = Run.create(tmp_path / name, load_recipe("cpu", ["workers=1", f"train.base={base}"]))
        import_dataset(run, str(folder))
        found[name] = next(iter(run.pages.read())).text.split()
    assert {"Net", "sales", "2020"} <= set(found["text"])
    assert found["vision"] == []


def test_a_page_named_twice_is_told(run: Run, tmp_path: Path) -> None:
    names = {"page_id": pa.string(), "document": pa.string(), "page_number": pa.int64()}
    rows = [row(n, page_id="a/1", document="a", page_number=1) for n in range(2)]
    import_dataset(run, str(write_set(tmp_path / "set", rows, **names)), NO_OCR)
    assert [page.id for page in run.pages.read()] == ["a/1"]
    assert "1 page twice in the set" in faults(run)


def test_a_document_name_that_is_a_path_is_refused(run: Run, tmp_path: Path) -> None:
    names = {"page_id": pa.string(), "document": pa.string(), "page_number": pa.int64()}
    rows = [row(0, page_id="../x/1", document="../x", page_number=1)]
    with pytest.raises(UserError, match="row 0: 'document' is no name"):
        import_dataset(run, str(write_set(tmp_path / "set", rows, **names)), NO_OCR)


def test_a_page_keeps_what_the_set_says_of_it(run: Run, tmp_path: Path) -> None:
    extra = {
        "page_id": pa.string(),
        "document": pa.string(),
        "page_number": pa.int64(),
        "page_text": pa.string(),
        "text_source": pa.string(),
        "word_boxes": pa.list_(pa.float32()),
    }
    named = {"page_id": "a/7", "document": "a", "page_number": 7, "page_text": "Net sales\n", "text_source": "layer"}
    rows = [row(0, **named, word_boxes=[0.1, 0.1, 0.2, 0.2, 0.3, 0.1, 0.4, 5.0])]
    rows.append(row(1, **{**named, "page_id": "a/8", "page_number": 8}, word_boxes=[0.5]))
    import_dataset(run, str(write_set(tmp_path / "set", rows, **extra)))
    first, second = run.pages.read()
    assert (first.id, first.number, first.text, first.text_source) == ("a/7", 7, "Net sales\n", "layer")
    assert first.boxes.tolist()[1] == pytest.approx([0.3, 0.1, 0.4, 1.0])
    assert render(first).size == (60, 80)
    assert second.boxes.tolist() == [[0.0] * 4] * 2
    assert "1 word boxes do not match the text" in faults(run)
    assert dataclasses.replace(first).words().__next__().text == "Net"
