"""A large run is served from its index on disk, and answers as one in memory does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.servers import SAMPLE, Served, start_server

from docrerank.reranker import Reranker, Searcher
from docrerank.retrieval import LargePages, Search
from docrerank.runs import Parts, Run
from docrerank.serving.collection import open_search
from docrerank.serving.errors import ApiError
from docrerank.serving.models import load_models
from docrerank.serving.pages import Pages

httpx = pytest.importorskip("httpx")
#: None of them names a kind of page: a large run puts those first among the candidates alone.
QUERIES = ("How many employees does the company have?", "customers in the north", "who is the chairman of the board?")
#: Every run is large to the process that finds this when it starts, and to its workers.
PATCH = "from docrerank.retrieval import run_index\nrun_index.LARGE = 1\n"
UNKNOWN = ["x/1", "../../etc/passwd", "no slash", "report/99999999999999999999", "a/-1", "a/1_0", "\u0661/\u0661"]


@pytest.fixture(scope="module")
def large_run(served_run: Run, server: Served, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the run whose pages the server in memory has encoded."""
    return Run.open(shutil.copytree(served_run.path, tmp_path_factory.mktemp("large") / "run"))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("patch")
    (folder / "sitecustomize.py").write_text(PATCH)
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture(scope="module")
def large(large_run: Run, path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("server")
    served = start_server(folder, "minilm", "--pages", str(large_run.path), PYTHONPATH=path)
    yield served
    served.kill()


@pytest.fixture
def opened(large_run: Run, large: Served, monkeypatch: pytest.MonkeyPatch) -> Search:
    """The same pages in this process."""
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    opened = open_search(large_run)
    assert isinstance(opened.pages, LargePages)
    return opened


def search(served: Served, query: str, **fields: Any) -> list[Any]:
    answer = served.post("/v1/search", {"query": query, **fields})
    assert answer.status_code == 200, answer.text
    hits: list[Any] = answer.json()["results"]
    return hits


@pytest.mark.parametrize("model", ["minilm", "minilm-fused"])
@pytest.mark.parametrize("query", QUERIES)
def test_a_search_finds_what_one_in_memory_finds(
    server: Served, large: Served, large_run: Run, model: str, query: str
) -> None:
    found, expected = (search(one, query, model=model, top_k=6, candidates=9) for one in (large, server))
    assert (large_run.path / "index").is_dir()
    for name in ("page_id", "document", "number", "first_stage_rank", "snippet"):
        assert [hit[name] for hit in found] == [hit[name] for hit in expected]
    for name in ("score", "first_stage_score"):
        assert [hit[name] for hit in found] == pytest.approx([hit[name] for hit in expected], abs=2e-2)


def test_the_candidates_are_those_of_a_search_by_hand(
    large: Served, large_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docrerank.retrieval.run_index.LARGE", 1)
    searcher = Searcher(large_run)
    for query in QUERIES:
        expected = searcher.first.find(query, 8)
        hits = sorted(search(large, query, top_k=8, candidates=8), key=lambda hit: hit["first_stage_rank"])
        assert [hit["page_id"] for hit in hits] == [page.id for page in expected.pages]
        assert [hit["first_stage_score"] for hit in hits] == pytest.approx(expected.scores.tolist(), abs=1e-3)


def test_one_document_is_searched_alone_and_an_unknown_one_told(server: Served, large: Served, large_run: Run) -> None:
    name = large_run.pages.names()[1]
    found, expected = (search(one, "net sales", document=name) for one in (large, server))
    assert [hit["page_id"] for hit in found] == [hit["page_id"] for hit in expected]
    for unknown in ("none", "", "../x", "a" * 300):
        answers = [one.post("/v1/search", {"query": "a", "document": unknown}) for one in (large, server)]
        assert answers[0].status_code == answers[1].status_code
        assert unknown == "" or answers[0].json() == answers[1].json()


@pytest.mark.parametrize("model", ["minilm", "minilm-fused"])
def test_pages_named_by_id_score_as_in_memory(server: Served, large: Served, large_run: Run, model: str) -> None:
    named = [{"page_id": page.id} for page in large_run.pages.read()][::2]
    body = {"query": QUERIES[0], "documents": [*named, "a text of its own", named[0]], "model": model}
    found, expected = (one.post("/v1/rerank", body).json() for one in (large, server))
    assert found["usage"] == expected["usage"]
    scores = [{hit["index"]: hit["relevance_score"] for hit in body["results"]} for body in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    cut = {**body, "max_tokens_per_doc": 20, "model": "minilm"}
    found, expected = (one.post("/v1/rerank", cut).json() for one in (large, server))
    assert found["usage"] == expected["usage"]


def test_documents_marks_queries_and_pictures_are_those_of_the_run(
    server: Served, large: Served, large_run: Run
) -> None:
    pages = list(large_run.pages.read())
    documents = large.get("/v1/documents").json()
    assert documents == server.get("/v1/documents").json()
    assert sum(one["pages"] for one in documents["data"]) == len(pages)
    for page in (pages[0], pages[-1]):
        for address in (f"/v1/support/{page.id}?query=employees", f"/v1/queries/{page.id}"):
            assert large.get(address).json() == server.get(address).json()
        pictures = [one.get(f"/v1/pages/thumbnail/{page.id}") for one in (large, server)]
        assert pictures[0].headers["etag"] == pictures[1].headers["etag"]
        assert pictures[0].content == pictures[1].content


@pytest.mark.parametrize("page_id", UNKNOWN)
def test_an_unknown_page_is_told_as_in_memory(server: Served, large: Served, page_id: str) -> None:
    named = {"page_id": page_id}
    answers = [one.post("/v1/rerank", {"query": "a", "documents": ["b", named]}) for one in (large, server)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    for kind in ("pages/thumbnail", "support", "queries"):
        answers = [one.get(f"/v1/{kind}/{page_id}", params={"query": "a"}) for one in (large, server)]
        assert (answers[0].status_code, answers[0].json()) == (404, answers[1].json())


def test_an_uploaded_document_is_asked_beside_a_large_run(large: Served, large_run: Run) -> None:
    data = SAMPLE[0].read_bytes()  # a document that the run has, too
    answer = httpx.post(large.url + "/v1/documents", files={"file": ("mine.pdf", data)}, timeout=600)
    assert answer.status_code == 201, answer.text
    name, uploaded = answer.json()["document"], answer.json()["pages"]
    assert {hit["page_id"] for hit in search(large, QUERIES[0], document=name)} <= set(uploaded)
    assert name not in {hit["document"] for hit in search(large, QUERIES[0])}
    own = f"{large_run.pages.names()[0]}/1"
    named = [{"page_id": own}, {"page_id": uploaded[0]}]
    hits = large.post("/v1/rerank", {"query": QUERIES[0], "documents": named}).json()["results"]
    assert hits[0]["relevance_score"] == pytest.approx(hits[1]["relevance_score"], abs=5e-3)  # the same page
    assert large.get(f"/v1/pages/thumbnail/{uploaded[0]}").status_code == 200
    assert httpx.delete(f"{large.url}/v1/documents/{name}").status_code == 204
    assert large.get(f"/v1/pages/thumbnail/{uploaded[0]}").status_code == 404


def test_what_has_not_changed_is_not_read_when_a_server_starts(
    large_run: Run, opened: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("pages are read")

    monkeypatch.setattr(Parts, "read", refuse)
    again = open_search(large_run)
    load_models(["minilm"], large_run, again)
    both = Pages(again.pages, {})
    for unknown in UNKNOWN:
        with pytest.raises(ApiError):
            both.get(unknown)
    with pytest.raises(AssertionError, match="pages are read"):  # the control
        both.get(f"{large_run.pages.names()[0]}/1")


def test_a_page_of_the_runs_id_but_another_text_gets_its_own_encoding(
    large_run: Run, opened: Search, untrained: Reranker
) -> None:
    stored: Any = load_models(["minilm"], large_run, opened).find("minilm").reranker
    own = next(large_run.pages.read())
    others = [
        replace(own, text="The company had 5,200 employees.", boxes=own.boxes[:5]),
        replace(own, id="upload-1/1", document="upload-1", text="Apples are red.", boxes=own.boxes[:3]),
    ]
    asked = [others[0], own, others[1], own]
    marked = np.full((1, 384), 7, np.float32)  # so that it shows where an encoding comes from
    kept = replace(stored.encode_pages([own])[0], tokens=marked)
    stored._encodings.clear()
    stored._store.read = lambda pages: [kept for _ in pages]
    found = stored.encode_pages(asked)
    assert [len(one.tokens) == 1 and one.tokens[0, 0] == 7 for one in found] == [False, True, False, True]
    for page, encoding in zip(others, found[::2], strict=True):
        np.testing.assert_allclose(encoding.tokens, untrained.encode_pages([page])[0].tokens, atol=2e-2)


def test_a_page_that_changed_since_it_was_indexed_is_refused(large_run: Run, opened: Search, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(large_run.path, tmp_path / "run"))
    both = Pages(open_search(run).pages, {})
    first, second = (f"{name}/1" for name in run.pages.names()[:2])
    run.pages.keep_only([run.pages.names()[1]])
    assert [one.page.id for one in both.read([(second, "documents[0].page_id")])] == [second]
    with pytest.raises(ApiError, match="the run has changed"):
        both.read([(second, "documents[0].page_id"), (first, "documents[1].page_id")])


@pytest.mark.parametrize("count", [1_000, 1_001])
def test_a_request_names_a_bounded_number_of_pages(large: Served, large_run: Run, count: int) -> None:
    page = f"{large_run.pages.names()[0]}/1"
    answer = large.post("/v1/rerank", {"query": "a", "documents": [{"page_id": page}] * count, "top_n": 1})
    assert answer.status_code == (200 if count == 1_000 else 413)
