"""Hard negatives: a positive with exactly one property edited, chosen to be hard and diverse (paper section 2)."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from docrerank.queries.phrasing import Draft
from docrerank.queries.pools import Pools
from docrerank.queries.slots import Slot
from docrerank.recipe import Generate
from docrerank.records import FINANCE, PROPERTIES

#: Share of a document's negatives that one property may take where others are possible, once there are `ENOUGH`.
MAX_SHARE = 0.28
ENOUGH = 20
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Edit:
    """One candidate: the slot that was changed, what was put in, and the query that came of it."""

    slot: Slot
    edited: str
    text: str


def candidate_edits(draft: Draft, pools: Pools, recipe: Generate, rng: random.Random) -> list[Edit]:
    """Single edits of a positive, taking its slots in turn so that properties are mixed; the taxonomy's alone."""
    allowed = FINANCE if recipe.taxonomy == "finance" else PROPERTIES
    streams = [(slot, pools.alternatives(slot, rng)) for slot in draft.slots if slot.property in allowed]
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
    """Which of a text's years follow an earlier one; a year that stands twice fits no text that had two."""
    years = [int(year) for year in _YEAR.findall(text)]
    return [one < other for one, other in pairwise(years) if one != other]


def choose(edits: list[Edit], count: int, used: Mapping[str, int]) -> list[Edit]:
    """The edits to keep: every property once before any twice, those that the document has had least of first.

    Proposals come closest first, so this is hard before diverse within a property and diverse across properties; with
    fewer than `count` survivors all are kept, but for a property that has had more than `MAX_SHARE` of the document's:
    it waits until a query has no other.

    Args:
        edits: verified ones, in the order in which they were proposed.
        count: how many to keep.
        used: how often each property was edited in the document so far.
    """
    ranks = list(_ranks(edits))
    order = sorted(range(len(edits)), key=lambda at: (ranks[at], used.get(edits[at].slot.property, 0), at))
    total = sum(used.values())
    common = {name for name, cases in used.items() if total >= ENOUGH and cases > MAX_SHARE * total}
    rare = [at for at in order if edits[at].slot.property not in common]
    return [edits[at] for at in sorted((rare or order[:1])[:count])]


def _ranks(edits: list[Edit]) -> Iterator[int]:
    """How many edits of the same property came before each."""
    seen: Counter[str] = Counter()
    for edit in edits:
        yield seen[edit.slot.property]
        seen[edit.slot.property] += 1
