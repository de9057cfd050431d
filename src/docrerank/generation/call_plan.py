"""What the models of a run would cost, before any is asked: an upper bound, by role."""

from __future__ import annotations

from docrerank.chat import Plan, PlannedCalls, estimate_text_tokens
from docrerank.generation.clients import model_roles
from docrerank.generation.fingerprints import find_bare, given_queries, unfinished
from docrerank.generation.model_writers import LEVELS
from docrerank.generation.open_roles import MAX_TEXT
from docrerank.generation.prompt_files import load_prompt
from docrerank.recipe import Generate, Role
from docrerank.runs import Run

#: Tokens of a query with its JSON around it, and of a judge's answer.
QUERY_TOKENS, JUDGEMENT_TOKENS = 40, 60
#: Of an average page of text.
PAGE_TOKENS = 700


def plan_calls(run: Run, pages: int, page_tokens: int = PAGE_TOKENS) -> Plan:
    """The calls for this many pages if every page fills up its positives and every candidate is asked both wordings.

    Most runs need about two thirds. More calls than planned come of positives that lose all their hard negatives
    (the next candidate takes the place) and of unusable answers, which are asked for once more: `budget` is the cap.

    Args:
        run: its recipe, and the positives that it was imported with.
        pages: how many are to be written for.
        page_tokens: of a page's text.
    """
    recipe = run.recipe.generate
    roles = model_roles(recipe)
    calls = _count_calls(recipe, *_count_positives(run, pages))
    planned = [
        PlannedCalls(name, role, calls[name], _input_tokens(name, role, page_tokens), _output_tokens(name, recipe))
        for name, role in roles.items()
    ]
    return Plan(pages, planned)


def _count_positives(run: Run, pages: int) -> tuple[int, int, int]:
    """Pages to write positives for, candidates to verify, positives to keep; imported ones need no writing."""
    recipe, given = run.recipe.generate, given_queries(run)
    imported = set(given.names()).intersection(unfinished(run)) if given.names() else set()
    bare = sum(len(find_bare(given.read(name))) for name in imported)
    pages = max(0, pages - sum(run.pages.count(name) for name in imported))
    candidates = recipe.positive_candidates or 2 * recipe.positives_per_page
    return pages, pages * candidates + bare, pages * recipe.positives_per_page + bare


def _count_calls(recipe: Generate, pages: int, candidates: int, kept: int) -> dict[str, int]:
    negatives = kept * recipe.negative_candidates
    rephrased = kept * min(recipe.rephrasings_per_positive, LEVELS)
    return {
        "positive_writer": pages,
        "negative_writer": kept,
        "rephraser": kept if recipe.rephrasings_per_positive else 0,
        "judge": 2 * (candidates + negatives + rephrased) + kept * recipe.answer_check,
    }


def _input_tokens(name: str, role: Role, page_tokens: int) -> int:
    """Of one call: system text, page, prompt, query."""
    prompts = {"positive_writer": "positives", "negative_writer": "negatives-general", "rephraser": "rephrasings"}
    own = estimate_text_tokens(load_prompt("system").text + load_prompt(prompts.get(name, "judge-stated")).text)
    return own + QUERY_TOKENS + (_page_tokens(role, page_tokens) if name in ("positive_writer", "judge") else 0)


def _page_tokens(role: Role, text: int) -> int:
    if role.sees == "text":
        return min(text, MAX_TEXT // 4)
    return role.image_pixels // role.image_patch**2


def _output_tokens(name: str, recipe: Generate) -> int:
    candidates = recipe.positive_candidates or 2 * recipe.positives_per_page
    tokens = {
        "positive_writer": 3 * QUERY_TOKENS * candidates,
        "negative_writer": QUERY_TOKENS * recipe.negative_candidates,
        "rephraser": QUERY_TOKENS * LEVELS,
        "judge": 1 if recipe.judge.prompt == "short" else JUDGEMENT_TOKENS,
    }
    return tokens[name]
