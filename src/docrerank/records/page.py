"""A page of a document: its text, the place of each word, and its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

TextSource = Literal["layer", "ocr", "none"]


class Word(NamedTuple):
    """A whitespace-separated token and its box, as fractions of the page from the top left corner."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


def document_of(page_id: str) -> str:
    """The document of a page's id; empty if the id names none.

    Examples:
        >>> document_of("reports/2020/12")
        'reports/2020'
    """
    return page_id.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, identified as `<document stem>/<number from 1>`.

    Attributes:
        id: `"<document>/<number>"`, unique in a run.
        document: the source file's stem.
        number: from 1.
        source: path of the file, as given.
        sha256: of the file's bytes, hexadecimal.
        width: in points (1/72 inch) for a PDF, in pixels for an image.
        height: as `width`.
        text: the words in reading order; lines end with a newline.
        text_source: `layer` (the PDF's own text), `ocr`, or `none` (nothing readable).
        boxes: float32 of shape (n, 4), one row `x0, y0, x1, y1` for each of the n tokens of `text.split()`,
            as fractions of the page (0 to 1) from the top left corner.
        kinds: what the page is ("balance sheet", "tax note", "cover"), the surest first; empty if unknown.
        certainties: the certainty of each kind, from 0 to 1.
        headings: the headings above the page, outermost first.
        company: the company whose report this is, with its ticker in brackets if known; else empty.
        period: the year of that report, or its quarter: "2022", "2023 Q2".
        form: a filing's form: "10-K", "10-Q", "8-K".
        strip: a line that is drawn over the page's image, for every reader of it; empty for none.

    Examples:
        >>> page = Page("a/1", "a", 1, "a.pdf", "0" * 64, 612, 792, "Net sales", "layer",
        ...             np.array([[0.1, 0.1, 0.2, 0.12], [0.21, 0.1, 0.3, 0.12]], dtype=np.float32))
        >>> [word.text for word in page.words()]
        ['Net', 'sales']
    """

    id: str
    document: str
    number: int
    source: str
    sha256: str
    width: float
    height: float
    text: str
    text_source: TextSource
    boxes: npt.NDArray[np.float32] = field(compare=False, repr=False)
    kinds: tuple[str, ...] = ()
    certainties: tuple[float, ...] = ()
    headings: tuple[str, ...] = ()
    company: str = ""
    period: str = ""
    form: str = ""
    strip: str = ""

    def words(self) -> Iterator[Word]:
        """Yield the page's words with their boxes, in reading order."""
        for token, box in zip(self.text.split(), self.boxes.tolist(), strict=True):
            yield Word(token, *box)
