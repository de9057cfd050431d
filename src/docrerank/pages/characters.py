"""What a page's characters become: one kind of space, one kind of line end, nothing invisible, words joined again.

All work is done on arrays of code points, so that its time is linear in the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]

INK, SPACE, NEWLINE, DROP, JOIN = range(5)
#: Of so many letters from a to z on, at least this share are vowels in every language that is written with them.
MIN_LETTERS, MIN_VOWELS = 200, 0.25
_LETTERS, _VOWELS = np.array([ord(c) for c in "abcdefghijklmnopqrstuvwxyz"]), np.array([ord(c) for c in "aeiouy"])
SOFT_HYPHEN, REPLACEMENT, BREAK, BEYOND = 0xAD, 0xFFFD, 0xFFFE, 0x110000
LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
#: First halves that keep their hyphen when a line ends after it.
KEEPS_HYPHEN = frozenset("self non third long short high low well full part half cross two three four".split())


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a run of characters.

    Attributes:
        words: none is empty or holds white space.
        first: of shape (n,), index of each word's first character.
        last: of shape (n,), of its last character on the line where it begins.
        line: of shape (n,), which line of the text each word begins on; grows.
    """

    words: list[str]
    first: Indices
    last: Indices
    line: Indices

    def keep(self, mask: npt.NDArray[np.bool_]) -> Tokens:
        """Only the words where `mask`, of shape (n,), is true."""
        words = [word for word, kept in zip(self.words, mask.tolist(), strict=True) if kept]
        return Tokens(words, self.first[mask], self.last[mask], self.line[mask])

    def text(self) -> str:
        """The words, one space or line end after each."""
        return lay_out(self.words, self.line)


def split_words(codes: Codes) -> Tokens:
    """Split code points, of shape (n,), into words.

    Spaces of every kind separate words; control characters, lone surrogates and invisible marks vanish; a hyphen that
    only broke a line (U+00AD before a line end, or pdfium's mark U+FFFE) joins its two halves into one word.
    """
    codes = np.minimum(codes, BEYOND)
    kinds = _kinds()[codes]
    if not (kinds >= DROP).any():
        return _split(codes, kinds)
    _join_soft_hyphens(codes, kinds)
    kept = np.flatnonzero(kinds != DROP)
    tokens = _split(codes[kept], kinds[kept])
    marks = np.flatnonzero(kinds[kept] == JOIN)
    if len(marks):
        tokens = _join_halves(tokens, marks)
    return Tokens(tokens.words, kept[tokens.first], kept[tokens.last], tokens.line)


def _split(codes: Codes, kinds: Kinds) -> Tokens:
    """Words of characters that are ink, spaces, line ends or marks."""
    gap = (kinds == SPACE) | (kinds == NEWLINE)
    edges = np.flatnonzero(gap[1:] != gap[:-1]) + 1
    edges = np.concatenate(([0] if not gap[:1].all() else [], edges, [len(gap)] if not gap[-1:].all() else []))
    first, end = edges[0::2].astype(np.int64), edges[1::2].astype(np.int64)
    line = np.searchsorted(np.flatnonzero(kinds == NEWLINE), first)
    return Tokens(_decode(np.where(gap, np.uint32(0x20), codes)).split(), first, end - 1, line)


def tidy(text: str) -> str:
    """Normalise a text as page texts are; `tidy(tidy(text)) == tidy(text)`.

    Examples:
        >>> tidy("Net\\u00a0sales \\r\\n grew\\x00")
        'Net sales\\ngrew\\n'
    """
    return split_words(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)).text()


def lay_out(words: list[str], line: Indices) -> str:
    """Put one space after each word, or a line end where the next word's line is another."""
    starts = [0, *(np.flatnonzero(line[1:] != line[:-1]) + 1).tolist(), len(words)]
    rows = [" ".join(words[start:end]) for start, end in pairwise(starts)]
    return "\n".join(rows) + "\n" if words else ""


def is_garbled(text: str, share: float = 0.3) -> bool:
    """Whether a text cannot be its page's: too many characters without meaning, or hardly a vowel."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    ink = codes[codes > 0x20]
    meaningless = (ink == REPLACEMENT) | ((ink >= 0xE000) & (ink <= 0xF8FF)) | (ink >= 0xF0000)
    return bool(len(ink)) and (float(meaningless.mean()) > share or _lacks_vowels(ink))


def _lacks_vowels(ink: Codes) -> bool:
    """Whether a text's letters are a font's own codes for others: "7KH FRPSDQ\\ VROG" for "The company sold"."""
    lower = ink | np.uint32(0x20)
    letters = int(np.isin(lower, _LETTERS).sum())
    return letters >= MIN_LETTERS and int(np.isin(lower, _VOWELS).sum()) < MIN_VOWELS * letters


@cache
def _kinds() -> Kinds:
    """What each code point is to us; Python's own `isspace` decides what separates words."""
    kinds = np.zeros(BEYOND + 1, dtype=np.uint8)
    kinds[:0x20] = kinds[0x7F:0xA0] = kinds[0xD800:0xE000] = kinds[BEYOND] = DROP
    kinds[[code for code in range(0x3001) if chr(code).isspace()]] = SPACE
    kinds[[0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029]] = NEWLINE
    kinds[[SOFT_HYPHEN, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFFFF]] = DROP
    kinds[[0x02, BREAK]] = JOIN
    return kinds


def _join_soft_hyphens(codes: Codes, kinds: Kinds) -> None:
    """A soft hyphen right before a line end takes that line end away."""
    for at in np.flatnonzero(codes == SOFT_HYPHEN).tolist():
        end = at + 1
        while end < len(codes) and end <= at + 2 and kinds[end] == NEWLINE:
            end += 1
        if end > at + 1:
            codes[at], kinds[at], kinds[at + 1 : end] = BREAK, JOIN, DROP


def _join_halves(tokens: Tokens, marks: Indices) -> Tokens:
    """Mend each word that holds marks: its text, its last character on its first line, the line of what follows."""
    owner = np.searchsorted(tokens.first, marks, side="right") - 1
    inner = marks > tokens.first[owner]
    last = tokens.last.copy()
    np.minimum.at(last, owner[inner], marks[inner] - 1)
    broken = np.zeros(len(last), dtype=np.int64)
    broken[owner] = 1
    words = list(tokens.words)
    for at in np.flatnonzero(broken).tolist():
        words[at] = mend(words[at])
    joined = Tokens(words, tokens.first, last, tokens.line + np.cumsum(broken) - broken)
    return joined.keep(np.array([bool(word) for word in words], dtype=np.bool_))


def mend(word: str) -> str:
    """Join the parts of a word that line ends broke at a hyphen (U+FFFE), with the hyphen where it belongs.

    Examples:
        >>> mend("strug\\ufffegle"), mend("self\\ufffeservice"), mend("XML\\ufffebased")
        ('struggle', 'self-service', 'XML-based')
    """
    parts = [part for part in word.replace("\x02", "\ufffe").split("\ufffe") if part]
    whole = "".join(parts[:1])
    for part in parts[1:]:
        whole += ("-" if _keeps_hyphen(whole, part) else "") + part
    return whole


def _keeps_hyphen(left: str, right: str) -> bool:
    tail = left.lstrip("(“\"'‘[")
    if not (tail[-1:].isalpha() and right[:1].isalpha()):
        return True
    same_case = tail[-1].isupper() == right[0].isupper() or len(tail) == 1
    return not same_case or "-" in tail or tail.lower() in KEEPS_HYPHEN


def _decode(codes: Codes) -> str:
    text = codes.tobytes().decode("utf-32-le")
    return text.translate(LIGATURES) if ((codes >= 0xFB00) & (codes <= 0xFB06)).any() else text
