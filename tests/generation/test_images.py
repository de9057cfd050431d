"""The image path: page images over a real socket, with the finance recipe's strip."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from server import Call, Reaction, ScriptedServer

from docrerank.generation import generate
from docrerank.pages import ingest
from docrerank.pages.title_strip import MIN_HEIGHT, STRIP_SHARE
from docrerank.recipe import load_recipe
from docrerank.runs import Run

ROLES = ("positive_writer", "negative_writer", "rephraser", "judge")
COVER = (
    "FORM 10-K",
    "For the fiscal year ended March 31, 2021",
    "NORTHWIND TRADERS, INC.",
    "(Exact name of registrant as specified in its charter)",
)


def answer(call: Call) -> str:
    if "Write up to" in call.text:
        row = {
            "query": "What were the net sales of Northwind Traders in 2021?",
            "answer": "420",
            "quote": "",
            "location": "",
        }
        return json.dumps({"queries": [row], "reason": ""})
    if "Change exactly one property" in call.text:
        row = {"query": "What were the net sales of Northwind Traders in 2016?", "property": "year"}
        return json.dumps({"queries": [{**row, "original": "2021", "edited": "2016"}]})
    if "Write it in other words" in call.text:
        return json.dumps({"queries": []})
    return json.dumps({"ground": "seen", "answerable": "in 2021" in call.text})


def drive(folder: Path, recipe: str, *overrides: str) -> list[Call]:
    """Generate over one page of a filing; gives back what the server was asked."""
    folder.mkdir()
    canvas = Canvas(str(folder / "filing.pdf"), invariant=1)
    for row, line in enumerate((*COVER, "Net sales of the year were 420 million dollars.")):
        canvas.drawString(72, 700 - 30 * row, line)
    canvas.save()
    with ScriptedServer(lambda call: Reaction(answer(call))) as server:
        keys = [f"generate.{role}.base_url={server.base_url}" for role in ROLES]
        keys += ["generate.positive_writer.image_pixels=90000", "generate.judge.image_pixels=90000", "workers=1"]
        run = Run.create(folder / "run", load_recipe(recipe, [*keys, *overrides]))
        ingest(run, [folder / "filing.pdf"])
        counts = generate(run)
        assert (counts["positive"], counts["hard_negative"]) == (1, 1)
        return [call for call in server.calls if "the word hello" not in call.text]


def decode(call: Call) -> Image.Image | None:
    content = call.body["messages"][-1]["content"]
    if isinstance(content, str) or all(part["type"] == "text" for part in content):
        return None
    assert content[0]["type"] == "image_url"  # the page first, the instruction last
    return Image.open(io.BytesIO(base64.b64decode(content[0]["image_url"]["url"].partition(",")[2])))


def test_the_finance_recipe_shows_the_title_strip_and_asks_for_its_six_properties(tmp_path: Path) -> None:
    calls = drive(tmp_path / "finance", "finance")
    images = [image for image in map(decode, calls) if image is not None]
    plain = [image for image in map(decode, drive(tmp_path / "paper", "paper")) if image is not None]
    assert len(images) == len(plain) == 5  # the writer, and two wordings for a positive and for a negative
    assert len({image.tobytes() for image in images}) == 1
    strip = max(MIN_HEIGHT, round(images[0].width * STRIP_SHARE))
    top = np.asarray(images[0].convert("L"))[: strip - 2]
    assert (top < 128).any()
    assert (np.asarray(plain[0].convert("L"))[: strip - 2] > 200).all()  # the control: no strip without the recipe
    edits = [call for call in calls if "Change exactly one property" in call.text]
    assert "- subject: another subject" in edits[0].text
    assert decode(edits[0]) is None  # the negative writer sees no page
    written = next(call for call in calls if "Write up to" in call.text)
    assert "Northwind Traders, Inc., fiscal 2021" in written.text
