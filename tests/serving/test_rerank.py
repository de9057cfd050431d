"""The rerank and score interfaces: every form of document, and every mistake told in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from docrerank.records import Page
from docrerank.reranker import Reranker
from docrerank.runs import Run

QUERY = "How many people work at the company?"
TEXTS = [
    "The board met in March to discuss the dividend.",
    "At the end of the year the company had 5,200 employees.",
    "Litres of water that the plant treats on a day.",
]


def rank(server: Any, documents: Any, path: str = "/v1/rerank", **fields: Any) -> Any:
    answer = server.post(path, {"query": QUERY, "documents": documents, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/rerank"])
def test_the_best_document_comes_first_with_its_place(server: Any, path: str) -> None:
    found = rank(server, TEXTS, path)
    assert found["results"][0]["index"] == 1
    assert sorted(result["index"] for result in found["results"]) == [0, 1, 2]
    assert found["model"] == "minilm"
    assert found["usage"]["total_tokens"] > 30
    assert found["meta"]["billed_units"]["search_units"] == 1


def test_scores_are_those_of_predict_to_the_last_bit_of_float32(server: Any, untrained: Reranker) -> None:
    """mteb PR 5057: scores in bfloat16 step by .06 and tie pages that differ."""
    texts = [f"The company had {count:,} employees at the end of the year." for count in range(5_000, 5_040)]
    served = {hit["index"]: hit["relevance_score"] for hit in rank(server, texts)["results"]}
    scores = [served[index] for index in range(len(texts))]
    assert [np.float32(score).item() for score in scores] == scores
    assert len(set(scores)) > 30
    np.testing.assert_allclose(scores, untrained.predict([(QUERY, text) for text in texts]), atol=2e-3)


@pytest.mark.parametrize(
    "documents",
    [
        [{"text": text} for text in TEXTS],
        [{"content": [{"type": "text", "text": text}]} for text in TEXTS],
        [TEXTS[0], {"text": TEXTS[1]}, {"content": [{"type": "text", "text": TEXTS[2]}]}],
    ],
)
def test_all_forms_of_text_score_like_strings(server: Any, documents: Any) -> None:
    plain, formed = rank(server, TEXTS)["results"], rank(server, documents)["results"]
    assert [hit["index"] for hit in plain] == [hit["index"] for hit in formed]
    np.testing.assert_allclose(
        [hit["relevance_score"] for hit in plain], [hit["relevance_score"] for hit in formed], atol=2e-3
    )


def test_pages_of_the_run_are_named_by_their_ids(server: Any, served_run: Run, untrained: Reranker) -> None:
    pages: list[Page] = list(served_run.pages.read())[:6]
    found = rank(server, [{"page_id": page.id} for page in pages])["results"]
    scores = untrained.predict([(QUERY, page) for page in pages])
    assert found[0]["index"] == int(scores.argmax())
    np.testing.assert_allclose(found[0]["relevance_score"], scores.max(), atol=5e-3)


def test_a_fused_model_ranks_as_rank_does(server: Any, served_run: Run, untrained: Reranker) -> None:
    pages = list(served_run.pages.read())[:8]
    found = rank(server, [{"page_id": page.id} for page in pages], model="minilm-fused")["results"]
    ranked = {hit["corpus_id"]: hit["score"] for hit in untrained.rank(QUERY, pages)}
    np.testing.assert_allclose(
        [hit["relevance_score"] for hit in found], [ranked[hit["index"]] for hit in found], atol=0.05
    )


def test_top_n_cuts_and_documents_come_back_as_they_were(server: Any) -> None:
    found = rank(server, [TEXTS[0], {"text": TEXTS[1]}], top_n=1, return_documents=True)["results"]
    assert [hit["document"] for hit in found] == [{"text": TEXTS[1]}]


def test_a_model_without_a_threshold_never_says_that_nothing_answers(server: Any) -> None:
    assert "answer" not in rank(server, TEXTS)


def test_max_tokens_per_doc_is_honoured(server: Any) -> None:
    long = f"{TEXTS[0]} {TEXTS[1]}"
    cut = rank(server, [long, TEXTS[0]], max_tokens_per_doc=10)["results"]
    assert abs(cut[0]["relevance_score"] - cut[1]["relevance_score"]) < 2e-3
    whole = rank(server, [long, TEXTS[0]])["results"]
    assert whole[0]["relevance_score"] - whole[1]["relevance_score"] > 0.02


MISTAKES: list[tuple[str, dict[str, Any], str, str]] = [
    ("one bare content", {"documents": {"content": [{"type": "text", "text": "a"}]}}, "documents", "two documents"),
    ("a loose part", {"documents": ["a", {"type": "text", "text": "a"}]}, "documents[1]", "content"),
    ("a list of parts", {"documents": [[{"type": "text", "text": "a"}]]}, "documents[0]", "content"),
    ("an unknown field", {"documents": ["a"], "shuffle": True}, "shuffle", "leave it out"),
    ("an instruction", {"documents": ["a"], "instruction": "find"}, "instruction", "leave it out"),
    ("no documents", {"documents": []}, "documents", ""),
    ("an empty query", {"documents": ["a"], "query": "  "}, "query", "ask something"),
    ("no query", {"documents": ["a"], "query": None}, "query", "openapi"),
    ("a number", {"documents": [1]}, "documents[0]", "string"),
    ("an empty document", {"documents": [{}]}, "documents[0]", "text"),
    ("an unknown part", {"documents": [{"content": [{"type": "video_url"}]}]}, "documents[0].content[0].type", ""),
    ("an unknown page", {"documents": [{"page_id": "x/1"}]}, "documents[0].page_id", "/v1/documents"),
    ("a page outside", {"documents": [{"page_id": "../../etc/passwd"}]}, "documents[0].page_id", "/v1/documents"),
    ("an unknown model", {"documents": ["a"], "model": "x"}, "model", "minilm"),
    ("top_n of 0", {"documents": ["a"], "top_n": 0}, "top_n", ""),
    ("an image alone", {"documents": [{"image": "aGVsbG8="}]}, "documents[0]", "/v1/documents"),
    ("an image as a string", {"documents": ["data:image/png;base64,aGVsbG8="]}, "documents[0]", "/v1/documents"),
    ("two forms", {"documents": [{"text": "a", "page_id": "x/1"}]}, "documents[0]", "page_id"),
]


@pytest.mark.parametrize(("fields", "field", "hint"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_told_with_its_field_and_what_to_do(server: Any, fields: Any, field: str, hint: str) -> None:
    """vLLM PR 33468 (a bad image gives 500), its bare `content`, and xinference PR 5496 are among them."""
    answer = server.post("/v1/rerank", {"query": QUERY, **fields})
    assert answer.status_code in (404, 413, 422)
    error = answer.json()
    assert set(error) == {"code", "message", "field", "hint"}
    assert error["field"] == field
    assert hint in error["hint"]


def test_an_image_with_its_text_scores_as_that_text_and_is_never_taken_for_text(server: Any) -> None:
    """llama.cpp #25921: an image's base64 was scored as if it were words."""
    found = rank(server, [{"text": TEXTS[1], "image": "aGVsbG8="}, TEXTS[1]])["results"]
    assert found[0]["relevance_score"] == found[1]["relevance_score"]


def test_listed_content_items_are_one_document_each_never_loose_parts(server: Any) -> None:
    """xinference PR 5496: a list of `content` objects was taken for the parts of one."""
    documents = [{"content": [{"type": "text", "text": TEXTS[1]}, {"type": "text", "text": TEXTS[0]}]}] * 2
    found = rank(server, documents)["results"]
    assert [hit["index"] for hit in found] == [0, 1]
    assert found[0]["relevance_score"] == found[1]["relevance_score"]


def test_score_pairs_one_query_with_all_and_many_with_theirs(server: Any, untrained: Reranker) -> None:
    one = server.post("/score", {"text_1": QUERY, "text_2": TEXTS}).json()
    many = server.post("/v1/score", {"queries": [QUERY, QUERY, "water"], "documents": TEXTS}).json()
    expected = untrained.predict([(QUERY, TEXTS[0]), (QUERY, TEXTS[1]), ("water", TEXTS[2])])
    np.testing.assert_allclose([row["score"] for row in many["data"]], expected, atol=2e-3)
    np.testing.assert_allclose([row["score"] for row in one["data"][:2]], expected[:2], atol=2e-3)
    assert [row["index"] for row in one["data"]] == [0, 1, 2]


def test_score_refuses_what_makes_no_pairs(server: Any) -> None:
    answer = server.post("/score", {"text_1": ["a", "b"], "text_2": ["c", "d", "e"]})
    assert answer.status_code == 422
    assert "make no pairs" in answer.json()["message"]


def test_ten_thousand_documents_are_taken_and_one_more_is_not(server: Any) -> None:
    found = rank(server, ["a word"] * 10_000, top_n=1)
    assert found["meta"]["billed_units"]["search_units"] == 100
    answer = server.post("/v1/rerank", {"query": QUERY, "documents": ["a"] * 10_001})
    assert answer.status_code == 413
    assert "10000" in answer.json()["message"]


def test_models_and_openapi_name_what_there_is(server: Any) -> None:
    models = server.get("/v1/models").json()["data"]
    assert [model["id"] for model in models] == ["minilm", "minilm-fused"]
    described = server.get("/openapi.json").json()
    assert described["paths"]["/v1/rerank"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert described["components"]["schemas"]["RerankRequest"]["properties"]["documents"]["minItems"] == 1
    assert {"/v1/rerank", "/score", "/v1/search"} <= set(described["paths"])


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": 5, "rank_fields": ["text"], "max_chunks_per_doc": 10},
        {"user": "me", "encoding_format": "float", "truncate_prompt_tokens": 100},
        {"truncation": True},
    ],
)
def test_parameters_that_change_nothing_are_accepted_and_listed(server: Any, fields: dict[str, Any]) -> None:
    plain = server.post("/v1/rerank", {"query": QUERY, "documents": TEXTS})
    answer = server.post("/v1/rerank", {"query": QUERY, "documents": TEXTS, **fields})
    assert answer.json()["results"] == plain.json()["results"]
    assert set(answer.headers["x-docrerank-ignored"].split(", ")) == set(fields)
    assert "x-docrerank-ignored" not in plain.headers


def test_jinas_max_doc_length_cuts_documents(server: Any) -> None:
    long = f"{TEXTS[0]} {TEXTS[1]}"
    results = [rank(server, [long], **{name: 10})["results"] for name in ("max_doc_length", "max_tokens_per_doc")]
    assert results[0] == results[1]


def test_equal_documents_get_equal_scores_from_a_fused_model(server: Any) -> None:
    """Float noise among equal scores was standardised: .819, .571 and .571 for one text three times."""
    scores = [hit["relevance_score"] for hit in rank(server, [TEXTS[1]] * 3, model="minilm-fused")["results"]]
    assert scores == [0.0] * 3
    mixed = rank(server, [TEXTS[0], TEXTS[1], TEXTS[0]], model="minilm-fused")["results"]
    by_index = {hit["index"]: hit["relevance_score"] for hit in mixed}
    assert by_index[0] == by_index[2] < by_index[1]
