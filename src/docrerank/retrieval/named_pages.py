"""Pages that a query names: "page 12", "the cover", "Figure 4", "the balance sheet", "quick ratio", "Acme in 2021".

People who look at a document ask so, and no similarity of words finds such a page: its number, its kind and its
company are seldom in its text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from docrerank.records import Page
from docrerank.retrieval.encoder import Vectors
from docrerank.retrieval.named_filings import Filing, describe, match_filings
from docrerank.retrieval.named_kinds import SECTION, find_kinds, find_sections, strip_heading

#: What a match counts: a page's number, a line that begins with the label, the label anywhere else on the page.
NUMBER, LABEL, MENTION = 1.0, 0.6, 0.3
#: What every page of a filing that a query names has over all others.
FILING = 1.0
#: The first page, whatever number is printed on it; no printed number is this.
FIRST = 0
MAX_QUERY_CHARACTERS = 10_000
MAX_PAGE_CHARACTERS = 100_000
MAX_RANGE = 20
#: Of a query; a rare label counts where no more pages of a document have it.
MAX_LABELS, MAX_RARE_PAGES = 8, 3
#: A printed numbering counts if this share of a document's pages, and at least this many, follow it.
MIN_SHARE, MIN_PAGES = 0.4, 3
MARGIN_LINES = 3

_CARDINALS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        1,
    )
}
_ORDINALS = {
    word: number
    for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
} | {"first": FIRST, "cover": FIRST, "title": FIRST, "front": FIRST, "last": -1, "final": -1}
_NUMBER = rf"(\d{{1,4}}|{'|'.join(sorted(_CARDINALS, key=len, reverse=True))})"
_NAMED = re.compile(
    rf"\b(?:pages?|slides?|pp?\.) ?(?:no\.? ?|number ?|# ?)?[(\[]?{_NUMBER}\b(?: ?(-|–|to|through|and|,|or|&) ?"
    rf"(?:page |slide )?{_NUMBER}\b)?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:(\d{{1,3}})(?:st|nd|rd|th)|({'|'.join(_ORDINALS)})) (?:page|slide)\b", re.IGNORECASE)
_KINDS = {"fig": "fig(?:ure)?", "figure": "fig(?:ure)?"} | {
    kind: kind
    for kind in "table chart exhibit appendix section chapter algorithm equation unit part lesson box".split()
}
_LABEL = re.compile(
    rf"\b((?i:{'|'.join(sorted(_KINDS, key=len, reverse=True))}))(?i:s?)\.? ?"
    r"(\d{1,3}(?:[.-]\d{1,3}){0,3}|[A-Z](?:[.-]?\d{1,3})?)(?![\w])"
)
#: A label by itself, such as "Q41a-t": letters and digits that are no word, period, form, ordinal or amount.
_RARE = re.compile(r"(?<![\w.$€£'’-])[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*(?!\w)")
_NOT_RARE = re.compile(
    r"[\d.-]+|\D+|(?:[qh][1-4])?(?:fy|cy)?\d{2,4}e?|[qh][1-4]\d{2,4}|[1-4][qh]\d{2,4}|(?:10|8|20)-?[kqf]|"
    r"\d+(?:st|nd|rd|th|s|k|m|mm|b|bn|x)|.*(?:19|20)\d\d.*|.*(?-i:[a-z]{4}).*|.{1,2}",
    re.IGNORECASE,
)
#: A list in brackets shows how the answer is to be written.
_EXAMPLE = re.compile(r"\[[^\[\]]{0,200}\]")
_COVER = re.compile(r"\b(?:on|of|in) the (?:front )?cover\b", re.IGNORECASE)
_FIRST_OF = re.compile(r"\bthe (first|second|third|fourth|fifth) (figure|table|exhibit|algorithm)\b", re.IGNORECASE)
_AT_EDGE = re.compile(r"^\W{0,3}(\d{1,4})\b|\b(\d{1,4})\W{0,3}$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a query names.

    Attributes:
        numbers: of pages, from 1; -1 is the last, 0 the first whatever number is printed on it.
        labels: of figures and the like, as (kind, number), in lower case; the kind of a rare label is empty.
    """

    numbers: frozenset[int]
    labels: tuple[tuple[str, str], ...]


def find_named(query: str) -> Named:
    """Read the pages and labels that a query names.

    Examples:
        >>> sorted(find_named("sales on page twelve and in slides 3-5, cover page").numbers)
        [0, 3, 4, 5, 12]
        >>> find_named("What does Fig. 3 show that Table A.1 does not?").labels
        (('fig', '3'), ('table', 'a.1'))
    """
    query = _EXAMPLE.sub(" ", query[:MAX_QUERY_CHARACTERS])
    numbers = {number for match in _NAMED.finditer(query) for number in _spread(*match.groups())} - {FIRST}
    numbers |= {int(plain) if plain else _ORDINALS[word.lower()] for plain, word in _ORDINAL.findall(query)}
    labels = dict.fromkeys((kind.lower(), name.lower()) for kind, name in _LABEL.findall(query))
    numbers |= {FIRST} if _COVER.search(query) else set()
    labels |= dict.fromkeys(
        (kind.lower(), str(_ORDINALS[word.lower()] or 1)) for word, kind in _FIRST_OF.findall(query)
    )
    rare = (name for name in _RARE.findall(_LABEL.sub(" ", query)) if not _NOT_RARE.fullmatch(name))
    labels |= dict.fromkeys(("", name.lower()) for name in rare)
    return Named(frozenset(numbers), tuple(labels)[:MAX_LABELS])


class NamedPages:
    """Which pages of a collection a query names, and why.

    A number means the page's place in its document or the number printed on it, if the document prints one; a label
    is looked for in the text, a section in the headings above; a kind ("the balance sheet", or "quick ratio", whose
    parts stand there) is what the page was found to be when read. Where the query names a company whose reports are
    among the documents, their pages come before all others'.

    Args:
        pages: the collection; a text alone has a label at most.
    """

    def __init__(self, pages: Sequence[Page | str]) -> None:
        self._pages = list(pages)
        self._texts = [page.text if isinstance(page, Page) else page for page in pages]
        self._numbers: list[frozenset[int]] | None = None
        self._places: dict[str, list[int]] = defaultdict(list)
        self._kinds: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._headings: dict[str, list[int]] = defaultdict(list)
        self._filings: dict[str, Filing] = {}
        for row, page in enumerate(pages):
            if isinstance(page, Page):
                self._places[page.document].append(row)
                self._filings.setdefault(page.document, Filing(page.company, page.period, page.form))
                for kind, certainty in zip(page.kinds, page.certainties, strict=True):
                    self._kinds[kind].append((row, certainty))
                for heading in set(map(strip_heading, page.headings)):
                    self._headings[heading].append(row)

    def score(self, query: str) -> Vectors:
        """How surely each page is named, from 0 to 1, and 1 more in a filing that is; of shape (pages,)."""
        scores = self._score_parts(query)
        shares = self._score_filings(query)
        return scores if shares is None else np.asarray(shares * (scores + FILING), np.float32)

    def explain(self, query: str, row: int) -> str:
        """Why a page is named, such as "quick ratio: balance sheet"; empty if it is not."""
        page = self._pages[row]
        if not isinstance(page, Page) or not self.score(query)[row] > 0:
            return ""
        reasons = [f"{words}: {kind}" for kind, (_, words) in find_kinds(query).items() if kind in page.kinds]
        named = find_named(query)
        reasons += [f"page {page.number}"] * bool(named.numbers & self._read_numbers()[row])
        reasons += [f"{kind} {name}".strip() for kind, name in named.labels if self._find_label(kind, name)[row]]
        reasons += [f"section {name}" for name in find_sections(query, self._headings) if row in self._headings[name]]
        shares = self._score_filings(query)
        reasons += [describe(self._filings[page.document])] * bool(shares is not None and shares[row] == 1)
        return "; ".join(reasons)

    def _score_parts(self, query: str) -> Vectors:
        """What of their documents a query names: kinds, numbers, labels, sections."""
        named, scores = find_named(query), np.zeros(len(self._pages), np.float32)
        for label in named.labels:
            scores = np.maximum(scores, self._find_label(*label))
        for heading in find_sections(query, self._headings):
            scores[self._headings[heading]] = SECTION
        for kind, (weight, _) in find_kinds(query).items():
            for row, certainty in self._kinds.get(kind, ()):
                scores[row] = max(scores[row], weight * certainty)
        if named.numbers:
            rows = [row for row, own in enumerate(self._read_numbers()) if own & named.numbers]
            scores[rows] = NUMBER
        return scores

    def _score_filings(self, query: str) -> Vectors | None:
        """How far each page's document is the filing that a query asks, 1 for the best; None if it names none."""
        if len(self._filings) < 2 or not any(filing.company for filing in self._filings.values()):
            return None
        found = match_filings(query, list(self._filings.values()), list(self._filings))
        if not max(found) or min(found) == max(found):
            return None
        shares = np.zeros(len(self._pages), np.float32)
        for document, share in zip(self._filings, found, strict=True):
            shares[self._places[document]] = share / max(found)
        return shares

    def _find_label(self, kind: str, name: str) -> Vectors:
        """How surely each page holds a label; a rare one is certain, and none on many pages."""
        pattern = _compile(kind, name)
        found = np.array([_match(pattern, text) for text in self._texts], np.float32)
        for rows in self._places.values() if not kind else ():
            found[rows] = LABEL * (found[rows] > 0) * (np.count_nonzero(found[rows]) <= MAX_RARE_PAGES)
        return found

    def _read_numbers(self) -> list[frozenset[int]]:
        """The numbers that mean each page, found when they are first asked for."""
        if self._numbers is None:
            self._numbers = [frozenset()] * len(self._pages)
            for rows in self._places.values():
                own = number_pages([page for row in rows if isinstance(page := self._pages[row], Page)])
                for row, numbers in zip(rows, own, strict=True):
                    self._numbers[row] = numbers
        return self._numbers


def number_pages(pages: Sequence[Page]) -> list[frozenset[int]]:
    """The numbers that may mean each page of one document: its place, -1 for the last, what is printed on it."""
    first_place, last = min(page.number for page in pages), max(page.number for page in pages)
    step, first = _find_printed(pages)
    edges = ((last, -1), (first_place, FIRST))
    return [
        frozenset(range(max(1, step * page.number + first), step * (page.number + 1) + first))
        | {page.number, *(number for place, number in edges if place == page.number)}
        for page in pages
    ]


def _find_printed(pages: Sequence[Page]) -> tuple[int, int]:
    """How the printed numbers run: `step` a page, beginning at `first`; (0, 0) if none are printed."""
    margins = [(page.number, frozenset(_read_margins(page.text))) for page in pages]
    votes: Counter[tuple[int, int]] = Counter()
    for place, numbers in margins:
        for number in numbers:
            votes[1, number - place] += 1
            votes[2, number - 2 * place] += number + 1 in numbers
    best, count = max(votes.items(), key=lambda vote: (vote[1], -abs(vote[0][1])), default=((0, 0), 0))
    return best if count >= max(MIN_PAGES, MIN_SHARE * len(pages)) else (0, 0)


def _read_margins(text: str) -> Iterator[int]:
    """Numbers at the edges of a page's first and last lines."""
    lines = [line.strip() for line in text[:MAX_PAGE_CHARACTERS].splitlines() if line.strip()]
    for line in {*lines[:MARGIN_LINES], *lines[-MARGIN_LINES:]}:
        for begins, ends in _AT_EDGE.findall(line):
            yield int(begins or ends)


def strip_numbers(text: str, numbers: Collection[int]) -> str:
    """A page's text without those numbers that stand at the edges of its first and last lines.

    Examples:
        >>> strip_numbers("12 Annual report\\ntable 12 and 13\\nend", [12])
        ' Annual report\\ntable 12 and 13\\nend'
    """
    lines = text.splitlines()
    filled = [place for place, line in enumerate(lines) if line.strip()]
    for place in {*filled[:MARGIN_LINES], *filled[-MARGIN_LINES:]}:
        lines[place] = _AT_EDGE.sub(
            lambda match: "" if int(match[1] or match[2]) in numbers else match[0], lines[place].strip()
        )
    return "\n".join(lines)


def _spread(first: str, joint: str, second: str) -> set[int]:
    """The pages of "3", "3 and 7" or "3 to 7"; of a long range the first."""
    start = _to_number(first)
    end = _to_number(second) if second else start
    if joint and joint.lower() in ("-", "–", "to", "through") and end > start:
        return set(range(start, min(end, start + MAX_RANGE) + 1))
    return {start, end}


def _to_number(text: str) -> int:
    return int(text) if text.isdigit() else _CARDINALS[text.lower()]


def _compile(kind: str, name: str) -> re.Pattern[str]:
    before = rf"\b{_KINDS[kind]}\.? ?" if kind else r"(?<![\w-])"
    return re.compile(rf"{before}{re.escape(name)}(?![\w]|[.-]\d)", re.IGNORECASE)


def _match(pattern: re.Pattern[str], text: str) -> float:
    best = 0.0
    for match in pattern.finditer(text[:MAX_PAGE_CHARACTERS]):
        if not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip(" \t|*•#-([:"):
            return LABEL
        best = MENTION
    return best
