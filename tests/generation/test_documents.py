"""Generation with chat models, against a scripted server over real sockets."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from scripted import answer, boxes_for, make_run
from server import Call, Reaction, ScriptedServer

from docrerank.chat import Budget, BudgetReached, ChatClient, Patience
from docrerank.generation import clients, generate, plan_calls, unfinished
from docrerank.generation.fingerprints import given_queries
from docrerank.records import Page, Query, UserError
from docrerank.runs import Run


def dataset(run: Run) -> list[Query]:
    return sorted(run.queries.read(), key=lambda query: query.id)


def paid_twice(server: ScriptedServer) -> list[str]:
    """Prompts paid more than once; a client's few words that find out what its server can do are not among them."""
    return [text for text, times in server.paid.items() if times > 1 and "the word hello" not in text]


def reasons(run: Run) -> Counter[str]:
    return Counter(row.reason for row in run.rejected("generate").read())


def test_every_page_goes_through_all_stages_and_nothing_is_lost(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 3, 10)
        counts = generate(run)
    assert (counts["positive"], counts["hard_negative"], counts["rephrased"]) == (27, 81, 27)
    assert reasons(run)["nothing to ask"] == 3
    assert reasons(run)["needs the page in hand"] == 27
    assert reasons(run)["negative answered by its page"] == 27
    assert len({query.id for query in dataset(run)}) == len(dataset(run))
    assert not unfinished(run)


def test_rows_carry_model_prompt_answer_place_and_raw_verdicts(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 3)
        generate(run)
    by_kind = {query.kind: query for query in dataset(run)}
    assert by_kind["positive"].writer == "positive_writer-model positives/2"
    assert by_kind["positive"].location == "first sentence"
    assert by_kind["hard_negative"].writer == "negative_writer-model negatives-general/2"
    assert (by_kind["hard_negative"].original, by_kind["hard_negative"].property) != ("", "")
    assert by_kind["rephrased"].level == 1
    verdicts = [verdict for verdict in run.verdicts.read() if verdict.query_id == by_kind["positive"].id]
    assert [verdict.prompt for verdict in verdicts] == ["judge-stated/2", "judge-derivable/1"]
    assert json.loads(verdicts[0].raw) == {"ground": "read it", "answerable": True}
    assert {verdict.judge for verdict in verdicts} == {"judge-model"}


def test_kept_negatives_are_of_different_properties_first(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 3, "generate.negatives_per_positive=2")
        generate(run)
    sets = [
        {q.property for q in dataset(run) if q.source_id == p.id and q.kind == "hard_negative"} for p in dataset(run)
    ]
    assert [own for own in sets if own] == [{"year", "region"}] * 3


def test_a_page_is_first_in_its_calls_and_its_calls_share_all_of_it(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        generate(make_run(tmp_path / "run", server.base_url, 1, 5))
        bodies = [call.body["messages"] for call in server.calls if "<page>" in json.dumps(call.body)]
    assert len({message[0]["content"] for message in bodies}) == 1
    for messages in bodies:
        first, *_, last = messages[1]["content"]
        assert first["text"].startswith("<page>\n")
        assert first["text"].endswith("</page>\n")
        assert "Above is one page" in last["text"] or "Above is one page" in messages[1]["content"][1]["text"]


def test_a_second_call_and_another_run_pay_nothing_again(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 2, 6)
        generate(run)
        before, first = len(server.calls), dataset(run)
        generate(run)
        assert len(server.calls) == before
        for name in run.pages.names():
            (run.path / "written" / f"{name}._done").unlink()
        generate(run)
        assert not paid_twice(server)
    assert dataset(run) == first


def test_faults_of_the_server_lose_nothing_and_are_counted(tmp_path: Path) -> None:
    """429 with Retry-After, 500, dropped and half answers, invalid JSON, wrong schema, refusals, 1 MB, slow drip."""

    def faulty(call: Call) -> Reaction:
        kind = sum(call.text.encode()) % 12
        if call.nth > 1 or kind > 8:
            return Reaction(answer(call))
        return [
            Reaction("later", status=429, headers={"retry-after": "0.05"}),
            Reaction("broken", status=500),
            Reaction(kind="drop"),
            Reaction(answer(call), kind="half"),
            Reaction("not json {"),
            Reaction('{"other": 1}'),
            Reaction("", message={"refusal": "I cannot help with that"}),
            Reaction("x" * 1_000_000),
            Reaction("word " * 200),
        ][kind]

    with ScriptedServer(faulty) as server:
        run = make_run(tmp_path / "run", server.base_url, 2, 20)
        generate(run)
        counted = reasons(run)
    accounted = {query.page_id for query in dataset(run)} | {row.page_id for row in run.rejected("generate").read()}
    assert accounted == {page.id for page in run.pages.read()}
    assert {"model: refused by the model", "model: wrong schema"} <= set(counted)
    assert any(query.kind == "positive" for query in dataset(run))


@pytest.mark.slow
def test_two_hundred_pages_go_through_every_stage(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 4, 50, "generate.negative_candidates=6")
        counts = generate(run)
        assert not paid_twice(server)
    assert counts["positive"] == 180
    assert counts["hard_negative"] == 3 * counts["positive"]
    assert counts["rejected"]["nothing to ask"] == 20


def test_a_dead_endpoint_is_one_clear_line(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "http://127.0.0.1:9/v1", 1, 3)
    with pytest.raises(UserError, match="does not answer"):
        generate(run)


def test_an_endpoint_that_dies_halfway_stops_the_run_and_the_next_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Patience(tries=1)
    monkeypatch.setattr(clients, "ChatClient", partial(ChatClient, patience=quick))
    dead = {"from": 60}

    def dying(call: Call) -> Reaction:
        return Reaction(kind="drop") if len(server.calls) > dead["from"] else Reaction(answer(call))

    with ScriptedServer(dying) as server:
        run, whole = (make_run(tmp_path / name, server.base_url, 2, 10) for name in ("run", "whole"))
        with pytest.raises(UserError, match=r"does not answer .* then give the same command again"):
            generate(run)
        assert unfinished(run)
        dead["from"] = 10_000
        generate(run)
        assert not paid_twice(server)
        assert not unfinished(run)
        generate(whole)
    assert dataset(run) == dataset(whole)


def test_the_budget_stops_cleanly_and_the_next_call_goes_on(tmp_path: Path) -> None:
    prices = [
        f"generate.{role}.price_input=100" for role in ("positive_writer", "negative_writer", "rephraser", "judge")
    ]
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 2, 6, *prices)
        with pytest.raises(BudgetReached):
            generate(run, budget=Budget(money=0.5))
        assert server.paid
        spent = sum(role["money"] for role in run.manifest.read()["usage"][0].values() if isinstance(role, dict))
        assert spent <= 0.5
        generate(run)
        assert not paid_twice(server)
    assert not unfinished(run)


def test_calls_that_go_unanswered_are_asked_again_by_the_next_run(tmp_path: Path) -> None:
    bad = {"on": True}

    def flaky(call: Call) -> Reaction:
        if bad["on"] and "Lund" in call.text and "Above is one page" in call.text and "Write up to" not in call.text:
            return Reaction("no", status=400, code="")
        return Reaction(answer(call))

    with ScriptedServer(flaky) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 9)
        generate(run)
        assert reasons(run)["model: request rejected"] > 0
        bad["on"] = False
        before = len(dataset(run))
        generate(run, lambda done, total: None)
    assert len(dataset(run)) >= before


def test_a_model_may_judge_what_rules_wrote(tmp_path: Path) -> None:
    def lenient(call: Call) -> Reaction:
        return Reaction(json.dumps({"ground": "because", "answerable": True}))

    with ScriptedServer(lenient) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 1, "generate.min_negatives=0", roles=("judge",))
        text = "Net sales of Acme were $12 million in 2019.\nAcme employed 340 people in 2018.\n"
        run.pages.write(
            "volume-000", [replace(page, text=text, boxes=boxes_for(text)) for page in run.pages.read()], "b"
        )
        counts = generate(run)
        assert {call.body["model"] for call in server.calls} == {"judge-model"}
    assert counts["positive"] == 1
    assert next(query for query in dataset(run)).writer.startswith("rules/6 ")
    assert {verdict.judge for verdict in run.verdicts.read()} == {"judge-model"}


def test_rules_may_judge_what_a_model_wrote(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 6, roles=("positive_writer", "rephraser"))
        counts = generate(run)
        assert {call.body["model"] for call in server.calls} == {"positive_writer-model", "rephraser-model"}
    assert counts["positive"] > 0
    assert {verdict.judge for verdict in run.verdicts.read()} == {"rules/4"}


def test_existing_positives_are_the_start(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 5)
        text = "How many litres did the waterworks of Graz treat in 1991?"
        given = Query("", "volume-000/1", text, "positive", "question", answer="37", writer="imported x")
        given_queries(run).write("volume-000", [given], "given")
        generate(run)
        assert not [call for call in server.calls if "Write up to" in call.text]
    assert [query.text for query in dataset(run) if query.kind == "positive"] == [text]
    assert sum(query.kind == "hard_negative" for query in dataset(run)) == 3


def test_the_third_gate_compares_answers(tmp_path: Path) -> None:
    def liar(call: Call) -> Reaction:
        wrong = "`found`" in call.text and "in 1992" in call.text
        return Reaction('{"found": true, "answer": "999999"}' if wrong else answer(call))

    with ScriptedServer(liar) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 3, "generate.answer_check=true")
        generate(run)
    assert reasons(run)["answered otherwise"] == 1
    assert sum(query.kind == "positive" for query in dataset(run)) == 2


def test_the_plan_is_an_upper_bound_of_what_is_asked(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 9)
        plan = plan_calls(run, 9)
        generate(run)
        asked = len([call for call in server.calls if "schema" not in call.text[:40]])
    assert 0 < asked <= plan.calls + 8  # each client probes its server twice
    stage = run.manifest.read()["stages"]["generate"]
    assert stage["plan"]["calls"] == plan.calls
    assert sum(usage["answered"] for usage in stage["usage"].values()) == len(server.calls)


def test_a_query_that_another_document_repeats_is_left_out_with_all_made_from_it(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 3, 4, "generate.near_duplicate=0.85")
        counts = generate(run)
    assert reasons(run)["near-duplicate in the corpus"] == 8
    assert {query.page_id.partition("/")[0] for query in dataset(run)} == {"volume-000"}
    assert {verdict.query_id for verdict in run.verdicts.read()} == {query.id for query in dataset(run)}
    assert counts["positive"] == 4


def test_a_negative_that_another_page_answers_is_kept_and_labelled(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 2, 2, "generate.negatives_per_positive=12")
        text = "How many litres did the waterworks of Graz treat in 1991 (report 0-1)? In 1992 the same in Graz."
        own = list(run.pages.read("volume-001"))
        run.pages.write("volume-001", [replace(page, text=text, boxes=boxes_for(text)) for page in own], "other")
        generate(run)
    labelled = [query for query in dataset(run) if query.answered_by]
    assert labelled
    assert all(page.startswith("volume-001/") for query in labelled for page in query.answered_by)


def test_a_query_that_the_judge_turned_down_is_not_in_the_way_of_the_same_with_another_answer(tmp_path: Path) -> None:
    """A model that first gives a wrong answer, and the judge's own answer as the gate."""

    def twice(call: Call) -> Reaction:
        if "Write up to" not in call.text:
            return Reaction(answer(call))
        own = json.loads(answer(call))["queries"][1:]
        return Reaction(json.dumps({"queries": [{**each, "answer": "999999"} for each in own] + own, "reason": ""}))

    with ScriptedServer(twice) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 3, "generate.answer_check=true")
        generate(run)
    assert reasons(run)["answered otherwise"] == 3
    assert [query.answer for query in dataset(run) if query.kind == "positive"] == ["37", "74", "111"]


def test_a_model_s_positive_that_many_pages_answer_is_rejected(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 5)
        asked = "How many litres did the waterworks of Graz treat in 1991 (report 0-1)?"
        text = f"{asked} The plant of Graz treated 37 litres in 1991."
        pages = [replace(page, text=text, boxes=boxes_for(text)) for page in run.pages.read()]
        run.pages.write("volume-000", pages, "alike")
        generate(run)
    assert reasons(run)["answered by many pages"] == 5
    assert not dataset(run)


def test_a_page_that_cannot_be_drawn_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        run = make_run(tmp_path / "run", server.base_url, 1, 2, "generate.judge.sees=image")
        generate(run)
    assert reasons(run) == {"page cannot be drawn": 2}
    assert not dataset(run)


def test_rules_write_a_new_document_alone_and_label_all_by_the_whole_corpus(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "http://127.0.0.1:9/v1", 1, 1, "workers=1", "generate.min_negatives=0", roles=())
    text = "Net sales of Acme were $12 million in 2019.\nAcme employed 340 people in Graz in 2018.\n"
    first = [replace(page, text=text, boxes=boxes_for(text)) for page in run.pages.read()]
    run.pages.write("volume-000", first, "text")
    assert generate(run)["documents_redone"] == 1
    before = dataset(run)
    assert [query for query in before if query.kind == "positive"]
    other = text + "In all, 62% of engineers say they work in Germany.\n"
    second = Page("other/1", "other", 1, "other.pdf", "0", 600, 800, other, "layer", boxes_for(other))
    run.pages.write("other", [second], "text")
    assert unfinished(run) == ["other"]
    assert generate(run)["documents_redone"] == 1
    assert generate(run)["documents_redone"] == 0
    positives = [query for query in dataset(run) if query.kind == "positive"]
    assert len({query.text for query in positives}) == len(positives)
    assert any(query.answered_by for query in positives)


def test_progress_counts_pages(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        generate(make_run(tmp_path / "run", server.base_url, 2, 5), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)
