"""`docrerank generate`: the queries of a run, by rules or by chat models, with the cost known before."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from docrerank.cli.options import Engine, Json, Overrides, RayAddress, RunFolder, choose, open_run
from docrerank.cli.output import print_json, say
from docrerank.cli.stages import do_stage, work
from docrerank.recipe import Recipe, load_recipe
from docrerank.records import UserError
from docrerank.runs import Run

EndpointOption = Annotated[
    str, typer.Option("--endpoint", help="A server's address, up to and with /v1, asked for every role.")
]
ModelOption = Annotated[str, typer.Option("--model", help="With --endpoint: the model's name there.")]
BudgetOption = Annotated[
    float, typer.Option("--budget", min=0.0, help="Money that models may cost in this call; 0: no cap.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost; do nothing.")]

_ROLES = ("positive_writer", "judge", "negative_writer", "rephraser")


def generate_run(
    run: RunFolder,
    set_: Overrides = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    budget: BudgetOption = 0.0,
    engine: Engine = "",
    ray_address: RayAddress = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write verified positives, hard negatives and rephrasings for every page; see docs/generation.md for models."""
    overrides = [*point_roles(endpoint, model), *choose("", engine, ray_address, set_)]
    if dry_run:
        show_cost(Run(Run.open(run).path, load_recipe(run / "recipe.yaml", overrides)), json)
        return
    do_stage(open_run(run, overrides), lambda run: write_queries(run, budget), json)


def write_queries(run: Run, budget: float = 0.0) -> dict[str, Any]:
    """Do the stage of a run whose lock is held."""
    from docrerank.chat import Budget
    from docrerank.generation import generate

    check_budget(run.recipe, budget)
    return work(run, "generate", lambda run, show: generate(run, show, Budget(money=budget or None)))


def point_roles(endpoint: str, model: str) -> list[str]:
    """The recipe keys that `--endpoint` and `--model` stand for."""
    keys = {"by": "model", "base_url": endpoint} if endpoint else {}
    keys |= {"model": model} if model else {}
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


def show_cost(run: Run, json: bool) -> None:
    """Print the plan: pages, calls, tokens and money."""
    from docrerank.generation import plan_calls, unfinished

    plan = plan_calls(run, sum(map(run.pages.count, unfinished(run))))
    if json:
        print_json(plan.summary())
        return
    if not plan.roles:
        say(f"{plan.pages} pages to write queries for, by rules: no model is asked")
        return
    say(f"{plan.pages} pages to write queries for; if every candidate passes every stage:")
    for role in plan.roles:
        say(f"  {role.role}: {role.endpoint.model} at {role.endpoint.base_url}: {role.describe()}")
        if saved := (role.tokens()[1] - role.calls) * (role.role == "judge"):
            say(f"    generate.judge.prompt=short asks the judge for one token: {saved:,} fewer tokens out")
    say(f"  together {plan.describe()}")
