"""A corpus of short pages, and a scripted model that writes and judges over them as a sound one would."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from server import Call

from docrerank.recipe import load_recipe
from docrerank.records import Page
from docrerank.runs import Run

ROLES = ("positive_writer", "negative_writer", "rephraser", "judge")
CITIES = ["Lund", "Graz", "Bern", "Oslo", "Porto", "Gent", "Turku", "Brno"]


def make_text(document: int, number: int) -> str:
    """A page that states one figure of one town and year; every tenth is a cover with nothing to ask."""
    if number % 10 == 0:
        return f"Cover of volume {document}\n"
    town, year = CITIES[number % len(CITIES)], 1990 + number
    title, litres = f"Waterworks report {document}-{number}", number * 37 + document
    return f"{title}\nThe plant of {town} treated {litres} litres in {year}.\n"


def make_pages(documents: int, pages: int) -> dict[str, list[Page]]:
    found = {}
    for document in range(documents):
        name = f"volume-{document:03d}"
        found[name] = [
            Page(f"{name}/{n}", name, n, f"{name}.pdf", "0", 600, 800, text, "layer", boxes_for(text))
            for n in range(1, pages + 1)
            for text in [make_text(document, n)]
        ]
    return found


def boxes_for(text: str) -> np.ndarray:
    return np.tile(np.array([0.1, 0.1, 0.2, 0.12], np.float32), (len(text.split()), 1))


def make_run(
    folder: Path, url: str, documents: int, pages: int, *overrides: str, roles: tuple[str, ...] = ROLES
) -> Run:
    """A run with pages and a recipe that asks the server at `url` for these roles, pages shown as text."""
    keys = [f"generate.{role}.{key}" for role in roles for key in ("by=model", f"base_url={url}", "sees=text")]
    keys += [f"generate.{role}.model={role}-model" for role in roles]
    run = Run.create(
        folder, load_recipe("cpu", [*keys, "generate.positives_per_page=1", "generate.near_duplicate=1.0", *overrides])
    )
    for name, own in make_pages(documents, pages).items():
        run.pages.write(name, own, "pages")
    return run


def answer(call: Call) -> str:
    """What a sound model says to each of the prompts."""
    text = call.text
    if "Write up to" in text:
        return _write(text)
    if "Change exactly one property" in text:
        return _edit(text)
    if "Write it in other words" in text:
        query = _query(text)
        return json.dumps({"queries": [{"level": 1, "query": query.replace("How many", "What number of")}]})
    if "`found`" in text:
        return json.dumps({"found": True, "answer": _figure(text)})
    return json.dumps({"ground": "read it", "answerable": _holds(text)})


def _write(text: str) -> str:
    match = re.search(r"plant of (\w+) treated (\d+) litres in (\d+)", text)
    if match is None:
        return json.dumps({"queries": [], "reason": "a cover"})
    query = f"How many litres did the waterworks of {match[1]} treat in {match[3]} (report {_report(text)})?"
    own = {"query": query, "answer": match[2], "quote": match[0], "location": "first sentence"}
    unsound = {"query": "What does this page show about litres?", "answer": "x", "quote": "", "location": ""}
    return json.dumps({"queries": [unsound, own], "reason": ""})


def _edit(text: str) -> str:
    query = _query(text)
    year = re.search(r" in (\d{4})", query)
    assert year is not None
    other = [query.replace(f" in {year[1]}", f" in {int(year[1]) + step}") for step in (1, -1, 2)]
    town = re.search(r"waterworks of (\w+)", query)
    assert town is not None
    names = [query.replace(town[1], name) for name in CITIES[:3] if name != town[1]]
    rows = [{"query": q, "property": "year", "original": "", "edited": ""} for q in other]
    rows += [{"query": q, "property": "region", "original": "", "edited": ""} for q in names]
    rows.append(
        {"query": query.replace("How many", "What number of"), "property": "metric", "original": "", "edited": ""}
    )
    return json.dumps({"queries": rows})


def _holds(text: str) -> bool:
    page, _, question = text.partition("</page>")
    town, year = re.search(r"waterworks of (\w+)", question), re.search(r" in (\d{4})", question)
    return bool(town and year and f"plant of {town[1]} " in page and f"in {year[1]}." in page)


def _query(text: str) -> str:
    match = re.search(r"Query: (.*)", text)
    assert match is not None
    return match[1]


def _figure(text: str) -> str:
    match = re.search(r"treated (\d+) litres", text)
    return match[1] if match else ""


def _report(text: str) -> str:
    match = re.search(r"report (\d+-\d+)", text)
    return match[1] if match else ""
