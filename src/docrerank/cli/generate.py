"""`docrerank generate`: the queries of a run, by rules or by chat models, with the cost known before."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from docrerank.cli.options import AddressOption, EngineOption, Json, Overrides, RunFolder, choose_engine, open_run
from docrerank.cli.output import print_json, say
from docrerank.cli.stages import work
from docrerank.recipe import Recipe
from docrerank.recipe.endpoints import EMBEDDED
from docrerank.records import UserError
from docrerank.runs import Run

EndpointOption = Annotated[
    str,
    typer.Option(
        "--endpoint",
        help="A server's address up to and with /v1, asked for every role; or `embedded`: llama.cpp in this process's "
        "care, as negative writer and rephraser.",
    ),
]
ModelOption = Annotated[
    str, typer.Option("--model", help="With --endpoint: the model's name there, or a GGUF file for `embedded`.")
]
BudgetOption = Annotated[
    float,
    typer.Option(
        "--budget", min=0.0, help="Money that models may cost in this call, by the recipe's prices; 0: no cap."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")]
Throughput = Annotated[
    float, typer.Option("--tokens-per-second", min=0.001, help="With --dry-run: what the endpoints write.")
]

_EMBEDDED = ("negative_writer", "rephraser")
_ROLES = ("positive_writer", "judge", *_EMBEDDED)


def generate_run(
    run: RunFolder,
    set_: Overrides = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    budget: BudgetOption = 0.0,
    engine: EngineOption = "",
    ray_address: AddressOption = "",
    dry_run: DryRun = False,
    tokens_per_second: Throughput = 1_000.0,
    json: Json = False,
) -> None:
    """Write verified positives, hard negatives and rephrasings for every page; see docs/generation.md for models."""
    overrides = [*point_roles(endpoint, model), *choose_engine(engine, ray_address), *(set_ or [])]
    if dry_run:
        show_cost(_with(run, overrides), tokens_per_second, json)
        return
    opened = open_run(run, overrides)
    with opened.locked():
        counts = write_queries(opened, budget)
    if json:
        print_json(counts)


def write_queries(run: Run, budget: float = 0.0) -> dict[str, Any]:
    """Do the stage of a run whose lock is held."""
    from docrerank.chat import Budget
    from docrerank.generation import generate

    check_budget(run.recipe, budget)
    return work(run, "generate", lambda run, show: generate(run, show, Budget(money=budget or None)))


def point_roles(endpoint: str, model: str) -> list[str]:
    """The recipe keys that `--endpoint` and `--model` stand for."""
    if not endpoint:
        return [f"generate.{role}.model={model}" for role in _ROLES if model]
    if endpoint == EMBEDDED:
        keys = {"by": "model", "base_url": EMBEDDED, "model": EMBEDDED, "prompt": "short", "sees": "text"}
        keys["gguf"] = model or "''"
        sampling = {"sampling.temperature": "0.7", "sampling.max_tokens": "600"}
        return [f"generate.{role}.{key}={value}" for role in _EMBEDDED for key, value in {**keys, **sampling}.items()]
    keys = {"by": "model", "base_url": endpoint, **({"model": model} if model else {})}
    return [f"generate.{role}.{key}={value}" for role in _ROLES for key, value in keys.items()]


def check_budget(recipe: Recipe, budget: float) -> None:
    """A cap without prices would cap nothing."""
    roles = {name: getattr(recipe.generate, name) for name in _ROLES}
    free = [name for name, role in roles.items() if role.is_model and not role.price_input + role.price_output]
    if budget and free:
        raise UserError(
            f"--budget needs prices, and {', '.join(free)} has none: for example "
            f"--set generate.{free[0]}.price_input=0.2 --set generate.{free[0]}.price_output=0.8 (of 1M tokens)"
        )


def show_cost(run: Run, tokens_per_second: float, json: bool) -> None:
    """Print the plan: pages, calls, tokens, money and time."""
    from docrerank.generation import plan_calls, unfinished

    pages = sum(run.pages.count(name) for name in unfinished(run))
    plan = plan_calls(run, pages, tokens_per_second)
    if json:
        print_json(plan.summary())
        return
    if not plan.roles:
        say(f"{pages} pages to write queries for, by rules: no model is asked")
        return
    say(f"{pages} pages to write queries for; if every candidate passes every stage:")
    for role in plan.roles:
        tokens_in, tokens_out = role.tokens()
        money = role.endpoint.price(tokens_in, tokens_out)
        say(
            f"  {role.role}: {role.endpoint.model} at {role.endpoint.base_url}: {role.calls:,} calls, "
            f"{tokens_in:,} tokens in, {tokens_out:,} out, money {money:.2f}"
        )
    if saved := sum(role.tokens()[1] - role.calls for role in plan.roles if role.role == "judge"):
        say(f"  generate.judge.prompt=short asks the judge for one token: {saved:,} fewer tokens out")
    say(
        f"  together {plan.calls:,} calls, {plan.input_tokens:,} tokens in, {plan.output_tokens:,} out, money "
        f"{plan.money:.2f}; {_tell_time(plan.seconds)} of writing at {tokens_per_second:g} tokens/s"
    )


def _tell_time(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _with(path: Any, overrides: list[str]) -> Run:
    """The run under changed keys, nothing written."""
    from docrerank.recipe import load_recipe

    opened = Run.open(path)
    recipe: Recipe = load_recipe(path / "recipe.yaml", overrides) if overrides else opened.recipe
    return Run(opened.path, recipe)
