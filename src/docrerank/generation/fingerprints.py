"""What a document's queries depend on: the fingerprints that decide what is done again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docrerank.generation.clients import ROLES, model_roles
from docrerank.generation.prompt_files import load_prompt
from docrerank.recipe import Generate, fingerprint
from docrerank.records import Query, Rejected, Verdict
from docrerank.runs import Parts, Run, Stage

STAGE = "generate"
STAGE_VERSION = 7
CORPUS_VERSION = 3
#: Folder of an imported set's queries as they came: generation goes on from these instead of writing positives.
IMPORTED = "imported"
#: Folder of what was written, document by document, before the corpus-wide gates.
WRITTEN = "written"
#: Prompts that every run with models depends on, and those of roles with `prompt: short`.
PROMPTS = (
    "system positives judge-stated judge-derivable answer negatives-general negatives-finance rephrasings"
).split()
SHORT_PROMPTS = "positives-short negatives-short rephrasings-short judge-stated-short judge-derivable-short".split()


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
    """What was written for each document, before the corpus-wide gates."""
    return Parts(run.path / WRITTEN, Query)


def written_verdicts(run: Run) -> Parts[Verdict]:
    """The verdicts on what was written."""
    return Parts(run.path / WRITTEN / "verdicts", Verdict)


def written_rejected(run: Run) -> Parts[Rejected]:
    """What was left out while it was written."""
    return Parts(run.path / WRITTEN / "rejected", Rejected)


def unfinished(run: Run) -> list[str]:
    """Documents whose queries are missing, were written from something else, or wait for unanswered calls."""
    return open_stage(run).todo()


def open_stage(run: Run) -> Stage:
    """The stage whose shards are the run's documents, those aside that were imported complete."""
    origins = {name: written_from(run, name) for name in run.pages.names() if not is_complete(run, name)}
    return Stage(run, STAGE, origins, written_rejected(run), written_verdicts(run), written_queries(run))


def written_from(run: Run, document: str, whole: bool = True) -> str:
    """Fingerprint of all that a document's own queries depend on; addresses, prices and patience are not among it.

    A part that is not whole has another one, so that the next run asks for its unanswered calls again.
    """
    recipe = run.recipe.generate
    parts: list[Any] = [run.pages.made_from(document), _shape(recipe), run.recipe.seed]
    if roles := model_roles(recipe):
        short = SHORT_PROMPTS if any(role.prompt == "short" for role in roles.values()) else []
        parts.append([load_prompt(name).id for name in (*PROMPTS, *short)])
    if given := given_queries(run).made_from(document):
        parts.append(given)
    if not whole:
        parts.append("calls went unanswered")
    return fingerprint(STAGE, STAGE_VERSION, *parts)


def made_from(run: Run) -> dict[str, str]:
    """Written document to the fingerprint of all that its part in RUN/queries depends on: that is the whole corpus."""
    written = written_queries(run)
    origins = {name: written.made_from(name) for name in run.pages.names()}
    corpus = fingerprint("corpus", CORPUS_VERSION, sorted(origins.items()), run.recipe.generate.near_duplicate)
    return {name: fingerprint(corpus, name) for name, origin in origins.items() if origin}


def _shape(recipe: Generate) -> dict[str, Any]:
    return {
        **recipe.model_dump(mode="json", exclude=set(ROLES)),
        **{name: getattr(recipe, name).shape() for name in ROLES},
    }
