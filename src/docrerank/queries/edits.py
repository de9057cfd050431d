"""Hard negatives: a positive with exactly one property edited (paper section 2)."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from itertools import pairwise

from docrerank.queries.edit_words import Pools
from docrerank.queries.editable_spans import Slot
from docrerank.queries.near_words import NearWords
from docrerank.queries.phrasing import Draft
from docrerank.recipe import Generate
from docrerank.records import FINANCE, PROPERTIES

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
#: Two numbers that bound a range: `18 to 29`, `$5-$10`.
_RANGE = re.compile(r"(\d[\d,]{0,15}(?:\.\d{1,4})?) ?%?(?: to | and | ?[-–—] ?)[$€£]?(\d[\d,]{0,15}(?:\.\d{1,4})?)")


@dataclass(frozen=True, slots=True)
class Edit:
    """One candidate: the slot that was changed, what was put in, and the query that came of it."""

    slot: Slot
    edited: str
    text: str


def candidate_edits(draft: Draft, pools: Pools, near: NearWords, recipe: Generate, rng: random.Random) -> list[Edit]:
    """Single edits of a positive, taking its slots in turn so that properties are mixed; the taxonomy's alone."""
    allowed = FINANCE if recipe.taxonomy == "finance" else PROPERTIES
    slots = [slot for slot in draft.slots if slot.property in allowed]
    streams = [(slot, pools.alternatives(slot, rng)) for slot in slots]
    streams += [stream for slot in slots for stream in near.find_slots(slot, rng)]
    edits: list[Edit] = []
    count = recipe.negative_candidates
    while streams and len(edits) < count:
        for slot, words in list(streams):
            word = next(words, None)
            if word is None:
                streams.remove((slot, words))
            else:
                text = draft.text[: slot.start] + word + draft.text[slot.end() :]
                if _in_order(draft.text) == _in_order(text):
                    edits.append(Edit(slot, word, text))
    return edits[:count]


def _in_order(text: str) -> list[bool]:
    """Which of a text's years follow an earlier one, and which of its ranges go up.

    A year that stands twice fits no text that had two, and a range from 36 to 29 is none.
    """
    years = [int(year) for year in _YEAR.findall(text)]
    ranges = [[float(bound.replace(",", "")) for bound in bounds] for bounds in _RANGE.findall(text)]
    return [one < other for one, other in [*pairwise(years), *ranges] if one != other]
