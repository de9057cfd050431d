"""`docrerank plan`: what a corpus would take, from a sample that is read and written for now."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docrerank.cli.options import Json, Overrides, Pdfs, RecipeName
from docrerank.cli.output import print_json, progress, results, say, show_size, show_time
from docrerank.recipe import Recipe, load_recipe
from docrerank.records import UserError
from docrerank.runs import Progress, Run, sort_by_hash, worker_count
from docrerank.vision import is_vision_model

if TYPE_CHECKING:
    from docrerank.generation.corpus_plan import Line, Rates

#: Pages that are encoded to measure it.
ENCODED_PAGES = 64

SampleSize = Annotated[int, typer.Option("--sample", min=1, help="Documents that are read, drawn by the seed.")]
Pages = Annotated[int, typer.Option("--pages", min=0, help="Pages of the whole corpus; 0 counts those of PDFS.")]
Assumed = Annotated[
    list[str] | None,
    typer.Option(
        "--assume",
        help="Of a GPU gpu_input, gpu_output (tokens a second), cached (share of input), gpu_price; core_price; hours "
        "for all. May be repeated.",
        metavar="NAME=VALUE",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Print every figure with the product that it comes from.")]


def plan_run(
    pdfs: Pdfs,
    recipe: RecipeName = "cpu",
    set_: Overrides = None,
    sample: SampleSize = 20,
    pages: Pages = 0,
    assume: Assumed = None,
    full: Full = False,
    json: Json = False,
) -> None:
    """Measure a sample of a corpus and say what all of it would take: time, storage, money; see docs/plan.md."""
    from docrerank.generation import plan_calls
    from docrerank.generation.corpus_plan import plan_corpus

    loaded, rates = load_recipe(recipe, set_ or ()), _read_rates(assume or [])
    with tempfile.TemporaryDirectory(prefix="docrerank-plan-") as folder:
        run = Run.create(folder, loaded.model_copy(update={"workers": 1}))
        chosen, total = _choose(pdfs, loaded, sample)
        with progress("measuring a sample") as show:
            measured = _measure(run, chosen, show)
        wanted = pages or total()
        lines = list(plan_corpus(measured, wanted, plan_calls(run, wanted), rates))
    if json:
        print_json(
            {"pages": wanted, "sample": asdict(measured), "assumed": asdict(rates), "plan": list(map(asdict, lines))}
        )
        return
    sums = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in asdict(rates).items())
    for text in [*map(str, lines), f"assumed: {sums}"] if full else _sum_up(lines, wanted):
        results.print(text, markup=False, soft_wrap=True)
    say(f"measured on {measured.pages} pages of {measured.documents} documents, by the recipe {loaded.name}")


def _read_rates(assumed: list[str]) -> Rates:
    """What is assumed, with the values that were given."""
    from docrerank.generation.corpus_plan import Rates

    known = [field.name for field in fields(Rates)]
    given: dict[str, float] = {}
    for one in assumed:
        name, _, value = one.partition("=")
        try:
            given[name] = {name: float(value) for name in known}[name]
        except (KeyError, ValueError):
            raise UserError(f"--assume {one}: give NAME=NUMBER, with a name of {', '.join(known)}") from None
    return Rates(**given)


def _sum_up(lines: Sequence[Line], pages: int) -> Iterator[str]:
    """Time, storage and money in two digits."""
    cores, steps = worker_count(0), {line.what: line.value for line in lines if line.unit == "core hours"}
    seconds = {what.removesuffix(", processor"): 3600 * hours / cores for what, hours in steps.items()}
    parts = ", ".join(f"{what} {show_time(value)}" for what, value in seconds.items())
    yield f"{pages:,} pages: about {show_time(sum(seconds.values()))} on {cores} cores ({parts}), training not counted"
    values = {line.what: line.value for line in lines}
    stored = {line.what: line.value * 1e9 for line in lines if line.unit == "GB" and line.what != "storage, all"}
    parts = ", ".join(f"{what.removeprefix('storage, ')} {show_size(size)}" for what, size in stored.items())
    yield f"storage: {show_size(1e9 * values['storage, all'])} ({parts})"
    if "GPUs" in values:
        gpu_hours = sum(line.value for line in lines if line.unit == "GPU hours")
        yield f"models: {show_time(3600 * gpu_hours)} of one GPU"
    money = {what.removeprefix("money, "): value for what, value in values.items() if what.startswith("money, ")}
    yield "money: " + ", ".join(f"{what} {value:.2f}" for what, value in money.items())


def _choose(pdfs: list[str], recipe: Recipe, count: int) -> tuple[list[str], Callable[[], int]]:
    """The documents of the sample, and a function that counts the pages of all."""
    from docrerank.pages import count_pages, find_documents

    documents, _ = find_documents(pdfs, recipe.ingest.max_file_bytes)
    if not documents:
        raise UserError("nothing to plan for: no PDF or image is among the paths")
    names = {document.stem: document for document in documents}
    chosen = [names[stem].path for stem in sort_by_hash(list(names), recipe.seed)[:count]]
    return chosen, lambda: sum(count_pages(document) for document in documents)


def _measure(run: Run, documents: list[str], show: Progress) -> Any:
    """Read the sample, write for it by rules, encode some of it; what each costs a page."""
    from docrerank.chat import estimate_text_tokens
    from docrerank.generation import generate
    from docrerank.generation.clients import model_roles
    from docrerank.generation.corpus_plan import Sample
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
    from itertools import islice

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
