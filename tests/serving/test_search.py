"""Search over a run's pages, their pictures, their marks, their queries, and uploaded documents."""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from fixtures.servers import BEARER
from PIL import Image

from docrerank.pages import read_files
from docrerank.runs import Run
from docrerank.serving.pictures import Pictures
from docrerank.serving.workers import Workers

QUESTION = "How many employees does the company have?"
SAMPLE = sorted((Path(__file__).parents[2] / "samples" / "benchmark" / "corpus").glob("brankholm-*.pdf"))


def search(server: Any, query: str = QUESTION, **fields: Any) -> Any:
    answer = server.post("/v1/search", {"query": query, **fields}, headers=BEARER)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_hits_bear_their_rank_before_and_after(server: Any, served_run: Run) -> None:
    found = search(server, top_k=5, candidates=8)
    hits = found["results"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert {hit["first_stage_rank"] for hit in hits} <= set(range(1, 9))
    assert {hit["page_id"] for hit in hits} <= {page.id for page in served_run.pages.read()}


def test_a_model_without_threshold_leaves_open_whether_a_page_answers(server: Any) -> None:
    answer = search(server)["answer"]
    assert answer["answered"] is None
    assert 0 <= answer["relevance"] <= 1


def test_one_document_is_searched_alone_and_an_unknown_one_told(server: Any, served_run: Run) -> None:
    name = served_run.pages.names()[1]
    assert {hit["document"] for hit in search(server, document=name)["results"]} == {name}
    answer = server.post("/v1/search", {"query": QUESTION, "document": "none"})
    assert (answer.status_code, answer.json()["field"]) == (404, "document")


def test_pictures_come_once_and_then_from_the_cache(server: Any, served_run: Run) -> None:
    page = next(iter(served_run.pages.read()))
    small, large = (server.get(f"/v1/pages/{size}/{page.id}") for size in ("thumbnail", "page"))
    sizes = [Image.open(io.BytesIO(answer.content)).size for answer in (small, large)]
    assert sizes[0][0] * sizes[0][1] <= 90_000 < sizes[1][0] * sizes[1][1]
    assert "max-age" in small.headers["cache-control"]
    again = server.get(f"/v1/pages/thumbnail/{page.id}", headers={"if-none-match": small.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert server.get(f"/v1/pages/other/{page.id}").status_code == 422


def test_the_words_and_lines_that_support_a_page_lie_on_it(server: Any, served_run: Run) -> None:
    hit = search(server)["results"][0]
    marks = server.get(f"/v1/support/{hit['page_id']}", params={"query": QUESTION}).json()
    page = next(page for page in served_run.pages.read() if page.id == hit["page_id"])
    on_page = {word.text for word in page.words()}
    assert {one["text"] for one in marks["matches"]} <= on_page
    assert any("employe" in one["text"].lower() for one in marks["matches"])
    assert {one["word"] for one in marks["matches"]} <= set(QUESTION.strip("?").split())
    assert marks["passages"][0]["text"].removesuffix(" …") in " ".join(page.text.split())
    assert marks["passages"][0]["text"] == hit["snippet"]
    for left, top, right, bottom in [one["box"] for one in marks["matches"]] + marks["passages"][0]["boxes"]:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_a_pages_queries_come_with_their_edits(server: Any, served_run: Run) -> None:
    negative = next(query for query in served_run.queries.read() if query.kind == "hard_negative")
    found = server.get(f"/v1/queries/{negative.page_id}").json()["queries"]
    made = [other for query in found for other in query.get("made_from", [])]
    shown = next(other for other in made if other["text"] == negative.text)
    assert (shown["property"], shown["edited"]) == (negative.property, negative.edited)


def test_an_uploaded_document_is_asked_right_away_and_can_be_deleted(server: Any) -> None:
    data = SAMPLE[2].read_bytes()
    import httpx

    answer = httpx.post(server.url + "/v1/documents", files={"file": ("../../mine.pdf", data)}, timeout=600)
    assert answer.status_code == 201, answer.text
    name, pages = answer.json()["document"], answer.json()["pages"]
    assert pages
    hits = search(server, document=name, model="minilm-fused")["results"]
    assert {hit["page_id"] for hit in hits} <= set(pages)
    assert server.get(f"/v1/pages/thumbnail/{pages[0]}").status_code == 200
    assert server.get(f"/v1/support/{pages[0]}", params={"query": "profit"}).status_code == 200
    assert server.get(f"/v1/documents/{name}").json() == answer.json()
    assert answer.json()["file"] == "mine.pdf"
    assert name not in server.get("/v1/documents").text
    assert httpx.delete(f"{server.url}/v1/documents/{name}").status_code == 204
    assert server.post("/v1/search", {"query": "a", "document": name}).status_code == 404
    assert server.get(f"/v1/pages/thumbnail/{pages[0]}").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.pdf", b"not a pdf", 422),
        ("a.pdf", b"", 422),
        ("a.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\ntrailer", 422),
        ("a.exe", b"MZ", 415),
        ("a", b"%PDF-1.7", 415),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, 422),
    ],
)
def test_a_hostile_upload_is_refused_in_words(server: Any, name: str, data: bytes, status: int) -> None:
    import httpx

    answer = httpx.post(server.url + "/v1/documents", files={"file": (name, data)}, timeout=600)
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == "file"
    assert "/tmp" not in answer.text
    assert server.get("/health").status_code == 200


def test_cut_and_flipped_pdfs_never_fail_the_server(server: Any) -> None:
    import random

    import httpx

    whole, chance = SAMPLE[0].read_bytes(), random.Random(7)
    for _ in range(6):
        data = bytearray(whole[: chance.randrange(200, len(whole))])
        for _ in range(40):
            data[chance.randrange(len(data))] = chance.randrange(256)
        answer = httpx.post(server.url + "/v1/documents", files={"file": ("a.pdf", bytes(data))}, timeout=600)
        assert answer.status_code in (201, 422), answer.text


def test_a_model_with_a_threshold_says_when_nothing_answers(guarded: Any) -> None:
    nobody = "Who won the football World Cup in Brazil in 2014?"
    found = search(guarded, nobody)
    assert (found["answer"]["answered"], found["answer"]["relevance_threshold"]) == (False, 0.6)
    assert found["results"]
    assert search(guarded, QUESTION)["answer"]["answered"] is True
    documents = ["The company has 5,200 employees.", "Apples are red."]
    for question, answered in ((nobody, False), (QUESTION, True)):
        body = {"query": question, "documents": documents}
        assert guarded.post("/v1/rerank", body, headers=BEARER).json()["answer"]["answered"] is answered


@pytest.mark.parametrize("model", ["minilm-fused", "minilm"])
def test_probabilities_fall_with_the_rank_and_add_up_to_that_of_any_page(server: Any, model: str) -> None:
    likely = []
    for question in (QUESTION, "What is the capital of Mongolia?"):
        found = search(server, question, model=model, top_k=20)
        chances = [hit["probability"] for hit in found["results"]]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(found["answer"]["probability"], abs=1e-3)
        likely.append(sum(chances))
    assert likely[0] > 0.15 > 0.1 > likely[1]


def test_a_snippet_is_a_sentence_of_the_page(server: Any, served_run: Run) -> None:
    hit = search(server, model="minilm-fused")["results"][0]
    page = next(page for page in served_run.pages.read() if page.id == hit["page_id"])
    assert hit["snippet"].removesuffix(" …") in " ".join(page.text.split())
    assert "employee" in hit["snippet"].lower()


def test_the_run_offers_questions_that_have_near_misses(server: Any, served_run: Run) -> None:
    found = server.get("/v1/queries").json()["queries"]
    assert 1 <= len(found) <= 6
    assert {query["page_id"].rpartition("/")[0] for query in found} == set(served_run.pages.names())
    assert any(other["kind"] == "hard_negative" for query in found for other in query["made_from"])


def test_pictures_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run names its documents as they were given, perhaps relative to the folder it was made in."""
    (tmp_path / "papers").mkdir()
    shutil.copy(SAMPLE[0], tmp_path / "papers" / "a.pdf")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    pages, _ = read_files([Path("papers/a.pdf")])
    monkeypatch.chdir(tmp_path / "elsewhere")

    async def draw() -> bytes:
        workers = Workers()
        try:
            return await Pictures(10_000_000, workers, tmp_path / "run").get(pages[0], "thumbnail")
        finally:
            workers.close()

    assert Image.open(io.BytesIO(asyncio.run(draw()))).width > 50
