"""What a document's queries depend on: the fingerprints that decide what is done again."""

from __future__ import annotations

from typing import Any

from docrerank.generation.desk import ROLES, model_roles
from docrerank.generation.prompt_files import load_prompt
from docrerank.recipe import Generate, fingerprint
from docrerank.records import Query
from docrerank.runs import Parts, Run

STAGE = "generate"
STAGE_VERSION = 3
SETTLE_VERSION = 1
#: Folder of positives that generation starts from instead of writing them: imported training sets.
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


def imported_positives(run: Run) -> Parts[Query]:
    """Positives to start from, one part for each document; empty in most runs."""
    return Parts(run.path / IMPORTED, Query)


def written_queries(run: Run) -> Parts[Query]:
    """What models wrote, before `settle`."""
    return Parts(run.path / WRITTEN, Query)


def uses_models(run: Run) -> bool:
    """Whether generation goes through the stages one by one: a model does some, or positives are given."""
    return bool(model_roles(run.recipe.generate)) or bool(imported_positives(run).names())


def written_from(run: Run, document: str) -> str:
    """Fingerprint of all that a document's own queries depend on; addresses, prices and patience are not among it."""
    recipe = run.recipe.generate
    parts: list[Any] = [run.pages.made_from(document), _shape(recipe), run.recipe.seed]
    if model_roles(recipe):
        parts.append([load_prompt(name).id for name in PROMPTS])
    if given := imported_positives(run).made_from(document):
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
