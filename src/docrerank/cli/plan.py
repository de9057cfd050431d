"""`docrerank plan`: what a corpus would take, from a sample that is read and written for now."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from docrerank.cli.options import Json, Overrides, Pdfs, RecipeName
from docrerank.cli.output import print_json, progress, results, say, show_size, show_time
from docrerank.recipe import Recipe, load_recipe
from docrerank.records import UserError
from docrerank.runs import Progress, Run, sort_by_hash, worker_count
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.chat import Plan

#: Pages that are encoded to measure it.
ENCODED_PAGES = 64

SampleSize = Annotated[int, typer.Option("--sample", min=1, help="Documents that are read, drawn by the seed.")]
Pages = Annotated[int, typer.Option("--pages", min=0, help="Pages of the whole corpus; 0 counts those of PDFS.")]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured: documents, pages, and of a page core seconds by stage, counts, and bytes on disk."""

    documents: int
    pages: int
    core_seconds: dict[str, float]
    counts: dict[str, float]
    page_bytes: dict[str, float]


def plan_run(
    pdfs: Pdfs,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    sample: SampleSize = 20,
    pages: Pages = 0,
    json: Json = False,
) -> None:
    """Measure a sample of a corpus and say what all of it would take: time, storage, calls of models; docs/plan.md."""
    from docrerank.generation import plan_calls

    loaded = load_recipe(recipe, set_ or ())
    with tempfile.TemporaryDirectory(prefix="docrerank-plan-") as folder:
        run = Run.create(folder, loaded.model_copy(update={"workers": 1}))
        chosen, total = _choose(pdfs, loaded, sample)
        with progress("measuring a sample") as show:
            measured = _measure(run, chosen, show)
        wanted = pages or total()
        calls = plan_calls(run, wanted, round(measured.counts["text tokens"]))
    seconds = {stage: wanted * each for stage, each in measured.core_seconds.items()}
    stored = {name: wanted * each for name, each in measured.page_bytes.items()}
    if json:
        sums = {"core_seconds": seconds, "bytes": stored, "calls": calls.summary()}
        print_json({"pages": wanted, "sample": asdict(measured), **sums})
        return
    for line in _sum_up(wanted, seconds, stored, calls):
        results.print(line, markup=False, soft_wrap=True)
    say(f"measured on {measured.pages} pages of {measured.documents} documents, by the recipe {loaded.name}")


def _sum_up(pages: int, seconds: dict[str, float], stored: dict[str, float], calls: Plan) -> Iterator[str]:
    """Time, storage, and what models would be asked."""
    cores = worker_count(0)
    parts = ", ".join(f"{stage} {show_time(each / cores)}" for stage, each in seconds.items())
    time = show_time(sum(seconds.values()) / cores)
    yield f"{pages:,} pages: about {time} on {cores} cores ({parts}), training not counted"
    parts = ", ".join(f"{name} {show_size(each)}" for name, each in stored.items())
    yield f"storage: {show_size(sum(stored.values()))} ({parts})"
    if calls.roles:
        yield f"models: {calls.describe()}"


def _choose(pdfs: list[str], recipe: Recipe, count: int) -> tuple[list[str], Callable[[], int]]:
    """The documents of the sample, and a function that counts the pages of all."""
    from docrerank.pages import count_pages, find_documents

    documents, _ = find_documents(pdfs, recipe.ingest.max_file_bytes)
    if not documents:
        raise UserError("nothing to plan for: no PDF or image is among the paths")
    names = {document.stem: document for document in documents}
    chosen = [names[stem].path for stem in sort_by_hash(list(names), recipe.seed)[:count]]
    return chosen, lambda: sum(count_pages(document) for document in documents)


def _measure(run: Run, documents: list[str], show: Progress) -> Sample:
    """Read the sample, write for it by rules, encode some of it; what each costs a page."""
    from docrerank.chat import estimate_text_tokens
    from docrerank.generation import generate
    from docrerank.generation.clients import model_roles
    from docrerank.pages import ingest

    seconds, sizes = {"reading": _time(lambda: ingest(run, documents, show))}, {}
    names = run.pages.names()
    pages = sum(map(run.pages.count, names))
    counts = {"text tokens": sum(estimate_text_tokens(text) for text in run.pages.column("text")) / pages}
    if not model_roles(run.recipe.generate):
        seconds["writing by rules"] = _time(lambda: generate(run))
        counts["queries"] = sum(map(run.queries.count, names)) / pages
        sizes["queries"] = _size(run, "queries", "verdicts", "written", "rejected")
    read = {"pages": _size(run, "pages"), **sizes}
    per_page = {name: size / pages for name, size in read.items()}
    spent = {name: own / pages for name, own in seconds.items()}
    if not is_vision_model(run.recipe.train.base):
        spent["encoding"], per_page["encodings"] = _encode(run)
    return Sample(len(names), pages, spent, counts, per_page)


def _encode(run: Run) -> tuple[float, float]:
    """Core seconds and bytes of a page's encoding, over the first pages; the model is loaded beforehand."""
    from docrerank.retrieval import ENCODINGS, PageStore, load_untrained, window_settings

    pages = list(islice(run.pages.read(), ENCODED_PAGES))
    store = PageStore(run.path / ENCODINGS, load_untrained(window_settings(run)))
    return _time(lambda: store.fill(pages)) / len(pages), _size(run, ENCODINGS) / len(pages)


def _time(work: Callable[[], object]) -> float:
    """Processor seconds of this process and of those that it started and that have ended."""

    def read() -> float:
        usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    started = read()
    work()
    return read() - started


def _size(run: Run, *folders: str) -> int:
    return sum(file.stat().st_size for name in folders for file in (run.path / name).rglob("*") if file.is_file())
