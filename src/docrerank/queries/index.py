"""Where the terms of a document stand: what the judge looks things up in. Built once, in time linear in the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docrerank.records import Page
from docrerank.retrieval import same_meaning, stem, terms, tokens, years

#: Letters from which words are looked for without their spaces: shorter ones stand inside others.
MIN_LETTERS = 12
#: Lines on either side that belong to one statement: a row and its neighbours, a sentence broken over lines.
NEAR_LINES = 1


class PageIndex:
    """One page's terms, line by line.

    Args:
        page: the page.
    """

    def __init__(self, page: Page) -> None:
        self.page_id = page.id
        self.lines = [frozenset(map(stem, tokens(line))) for line in page.text.split("\n") if line.strip()]
        self.terms = frozenset().union(*self.lines)
        self.years = years(page.text)
        self._letters = _squeeze(page.text)

    def on_one_line(self, wanted: Iterable[str]) -> bool:
        """Whether one line holds all of these terms."""
        return self._near(frozenset(wanted), 0)

    def close_together(self, wanted: Iterable[str]) -> bool:
        """Whether neighbouring lines hold all of these terms."""
        return self._near(frozenset(wanted), NEAR_LINES)

    def says(self, words: str) -> bool:
        """Whether the page says these words or others of the same meaning, close together."""
        return any(form and self.close_together(form) for form in same_meaning(words)) or words in self.years

    def spells(self, words: str) -> bool:
        """Whether these words run through the page, however they are broken over lines or hyphenated; long ones only.

        Examples:
            >>> import numpy as np
            >>> text = "payable semiannually, in arrears"
            >>> page = Page("a/1", "a", 1, "a.pdf", "0", 1, 1, text, "layer", np.zeros((4, 4), np.float32))
            >>> PageIndex(page).spells("semi-annually in arrears"), PageIndex(page).spells("able")
            (True, False)
        """
        letters = _squeeze(words)
        return len(letters) >= MIN_LETTERS and letters in self._letters

    def share_close(self, wanted: Iterable[str]) -> float:
        """The largest share of these terms that neighbouring lines hold, 0 to 1."""
        terms_wanted = frozenset(wanted)
        if not terms_wanted:
            return 1.0
        return max((len(terms_wanted & window) for window in self._windows(NEAR_LINES)), default=0) / len(terms_wanted)

    def _near(self, wanted: frozenset[str], lines: int) -> bool:
        if not wanted or not wanted <= self.terms:
            return False
        return any(wanted <= window for window in self._windows(lines))

    def _windows(self, lines: int) -> Iterable[frozenset[str]]:
        if lines == 0:
            return self.lines
        return (frozenset().union(*self.lines[max(0, at - lines) : at + lines + 1]) for at in range(len(self.lines)))


def _squeeze(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(filter(str.isalnum, text.lower()))


class DocumentIndex:
    """All pages of a document, and which of them hold a term.

    Args:
        pages: the document's pages.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = {page.id: PageIndex(page) for page in pages}
        self._holding: dict[str, set[str]] = {}
        for index in self.pages.values():
            for term in index.terms:
                self._holding.setdefault(term, set()).add(index.page_id)

    def answering(self, query: str, aside: str, own: str) -> tuple[str, ...]:
        """Pages other than `own` that hold all a query asks about close together, its years anywhere.

        Args:
            query: the query's text.
            aside: words that need not be found: the document's own name.
            own: id of the query's page.
        """
        asked_years = years(query)
        wanted = set(terms(query)) - set(terms(aside)) - asked_years
        holding = [self._holding.get(term, set()) for term in wanted]
        candidates = set.intersection(*holding) - {own} if holding else set()
        return tuple(
            sorted(
                page_id
                for page_id in candidates
                if asked_years <= self.pages[page_id].years and self.pages[page_id].close_together(wanted)
            )
        )
