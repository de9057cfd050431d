from __future__ import annotations

from dataclasses import replace

from docrerank.recipe import Train
from docrerank.records import Page, Query
from docrerank.retrieval import TokenEncoder, find_heading, score_tokens
from docrerank.runs import Run
from docrerank.training.dev_part import DevPart, Place, choose_dev, draw_pages, plan_dev
from docrerank.training.text_trainer import score_plan

SETTINGS = Train(dev_pages=4, dev_queries=100)


def choose(pages: list[Page], queries: list[Query]) -> DevPart:
    drawn = draw_pages((Place(page.id, page.document, page.source) for page in pages), SETTINGS.dev_pages, 13)
    known = {page.id: page for page in pages}
    chosen = [replace(known[page], document=document) for page, document in drawn.items()]
    return choose_dev(chosen, queries, SETTINGS, 13, {})


def read(run: Run) -> tuple[list[Page], list[Query]]:
    return list(run.pages.read()), list(run.queries.read())


def test_a_dev_part_of_documents_takes_them_whole(run: Run) -> None:
    pages, queries = read(run)
    part = choose(pages, queries)
    assert len(part.pages) == 4
    assert len({page.document for page in part.pages}) == 1
    assert {query.page_id for query in part.queries} == {page.id for page in part.pages}


def test_pages_that_are_files_of_their_own_are_drawn_over_the_whole_set_and_measured_together(run: Run) -> None:
    pages, queries = read(run)
    images = [replace(page, source=f"images/{number}.png") for number, page in enumerate(pages)]
    part = choose(images, queries)
    assert len(part.pages) == 4
    assert len({page.id.partition("/")[0] for page in part.pages}) > 1
    assert len({page.document for page in part.pages}) == 1


def test_a_page_is_not_measured_against_its_copies(run: Run, encoder: TokenEncoder) -> None:
    pages, queries = read(run)
    part = choose(pages, queries)
    first, second = part.pages[:2]
    copied = replace(part, repeats={second.id: first.id})
    plans = [plan_dev(own) for own in (part, copied)]
    scores = [score_plan(encoder, plan) for plan in plans]
    for query, plain, row in zip(part.queries, *(plan.rankings for plan in plans), strict=True):
        missing = query.page_id in (first.id, second.id)
        assert len(row) == len(plain) - missing
        assert scores[1][row[0]] == scores[0][plain[0]]


def test_token_vectors_are_measured_with_all_pages_and_score_each_pair_as_it_scores_alone(
    run: Run, encoder: TokenEncoder
) -> None:
    plan = plan_dev(choose(*read(run)))
    assert {len(row) for row in plan.rows} == {4}
    scores = score_plan(encoder, plan)
    for place in (0, 5, len(plan.pairs) - 1):
        query, page = plan.pairs[place]
        asked, pages = encoder.encode_queries([query.text]), encoder.encode_pages([page.text], [find_heading(page)])
        assert abs(scores[place] - score_tokens(asked, pages)[0, 0]) < 1e-3
