"""What a document's queries depend on: the fingerprints that decide what is done again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docrerank.generation.desk import ROLES, model_roles
from docrerank.generation.prompt_files import load_prompt
from docrerank.recipe import Generate, fingerprint
from docrerank.records import Query
from docrerank.runs import Parts, Run

STAGE = "generate"
STAGE_VERSION = 5
SETTLE_VERSION = 1
#: Folder of an imported set's queries as they came: generation goes on from these instead of writing positives.
IMPORTED = "imported"
#: Folder of what models wrote, document by document, before the corpus-wide gates.
WRITTEN = "written"
PROMPTS = (
    "system",
    "positives",
    "judge-stated",
    "judge-derivable",
    "answer",
    "negatives-general",
    "negatives-finance",
    "rephrasings",
    "negatives-few-shot",
    "rephrasings-few-shot",
    "examples-few-shot",
)


def given_queries(run: Run) -> Parts[Query]:
    """The queries of an imported set, one part for each document; empty in most runs.

    A positive that came with hard negatives stays as it is, with all that came with it; of one that came without
    (`find_bare`) generation makes the rest.
    """
    return Parts(run.path / IMPORTED, Query)


def find_bare(queries: Iterable[Query]) -> list[Query]:
    """The positives without a hard negative: generation starts from them."""
    known = list(queries)
    sources = {query.source_id for query in known if query.kind == "hard_negative"}
    return [query for query in known if query.kind == "positive" and query.id not in sources]


def is_complete(run: Run, document: str) -> bool:
    """Whether a document was imported with hard negatives for every positive: nothing is to be written for it."""
    given = given_queries(run)
    return given.made_from(document) is not None and not find_bare(given.read(document))


def written_queries(run: Run) -> Parts[Query]:
    """What models wrote, before `settle`."""
    return Parts(run.path / WRITTEN, Query)


def find_open(run: Run) -> list[str]:
    """Documents that go through the stages one by one and whose own queries are missing or outdated."""
    names, written = run.pages.names(), written_queries(run)
    return [n for n in names if not is_complete(run, n) and written.made_from(n) != written_from(run, n)]


def uses_models(run: Run) -> bool:
    """Whether generation goes through the stages one by one: a model does some, or positives are given."""
    return bool(model_roles(run.recipe.generate)) or bool(given_queries(run).names())


def written_from(run: Run, document: str) -> str:
    """Fingerprint of all that a document's own queries depend on; addresses, prices and patience are not among it."""
    recipe = run.recipe.generate
    parts: list[Any] = [run.pages.made_from(document), _shape(recipe), run.recipe.seed]
    if model_roles(recipe):
        parts.append([load_prompt(name).id for name in PROMPTS])
    if given := given_queries(run).made_from(document):
        parts.append(given)
    return fingerprint(STAGE, STAGE_VERSION, *parts)


def made_from(run: Run, document: str) -> str:
    """Fingerprint of all that a document's part in RUN/queries depends on; with models that is the whole corpus."""
    if not uses_models(run):
        return written_from(run, document)
    written = written_queries(run)
    everything = [[name, written.made_from(name)] for name in run.pages.names()]
    return fingerprint("settle", SETTLE_VERSION, everything, document, run.recipe.generate.near_duplicate)


def _shape(recipe: Generate) -> dict[str, Any]:
    return {
        **recipe.model_dump(mode="json", exclude=set(ROLES)),
        **{name: getattr(recipe, name).shape() for name in ROLES},
    }
