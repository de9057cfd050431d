"""The filings that a question asks: their company, year, quarter and form, as their covers have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docrerank.retrieval.terms import years

#: What remains of a match where the year, the quarter or the form of a filing is another than asked for.
NEXT_YEAR, YEAR_BEFORE, OTHER_YEAR, OTHER_QUARTER, OTHER_FORM = 0.5, 0.2, 0.1, 0.3, 0.5
#: A filing compares with the years before its own: so far back a question about a year is asked of it.
MAX_BACK = 2
MAX_CHARACTERS, MAX_WORDS = 10_000, 5

_WORD = re.compile(r"[A-Za-z0-9&'’.-]*[A-Za-z0-9&]")
_LEGAL = re.compile(
    r"(?:,? (?:inc|incorporated|corporation|corp|company|companies|co|plc|llc|l\.?p|ltd|limited|group|holdings?|"
    r"n\.?v|s\.?a|ag|se)\.?)+$",
    re.IGNORECASE,
)
_TICKER = re.compile(r" \(([A-Z.]{1,6})\)$")
_QUARTER = re.compile(r"\b(?:Q([1-4])|([1-4])Q|(first|second|third|fourth)[ -]quarter)", re.IGNORECASE)
_FISCAL = re.compile(
    r"\b(?:FY ?'?\d{2,4}|(?:fiscal(?: year)?|as of|year[ -]end) (?:FY ?)?(?:19|20)\d\d)\b", re.IGNORECASE
)
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
_FORM = re.compile(r"\b(10|8|20|40)[ -]?([KQF])\b", re.IGNORECASE)
#: Endings of a company's name that people leave out: "Verizon Communications", "Adobe Systems".
_TRADE = frozenset(
    "communications systems technologies technology international industries health motors motor platforms financial "
    "bank stores brands energy".split()
)


@dataclass(frozen=True, slots=True)
class Filing:
    """A document's company, period and form; each empty if it is not known."""

    company: str
    period: str
    form: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question says of the filings it asks.

    Attributes:
        names: runs of its words, squeezed together in lower case.
        capitals: those of them that begin with a capital or a digit; all of a question without capitals.
        year: the latest that it names; empty if none.
        quarter: "1" to "4"; empty if none.
        form: "10-K" and the like; empty if none.
    """

    names: frozenset[str]
    capitals: frozenset[str]
    year: str
    quarter: str
    form: str


def read_asked(query: str) -> Asked:
    """Read what a question says of the filings it asks.

    Examples:
        >>> asked = read_asked("What was CVS Health's revenue in Q2 of FY2022?")
        >>> asked.year, asked.quarter, "cvshealth" in asked.names
        ('2022', '2', True)
    """
    query = query[:MAX_CHARACTERS]
    words = [re.sub(r"['’]s?$", "", word) for word in _WORD.findall(query)]
    runs = [
        words[at : at + size]
        for at in range(len(words))
        for size in range(1, MAX_WORDS + 1)
        if at + size <= len(words)
    ]
    lower = query.islower()
    names = {squeezed: run[0] for run in runs if (squeezed := _squeeze(" ".join(run)))}
    capitals = frozenset(name for name, first in names.items() if lower or not first[0].islower())
    quarter = _QUARTER.search(query)
    form = _FORM.search(query)
    return Asked(
        frozenset(names),
        capitals,
        max(_fiscal_years(query) or years(query), default=""),
        next((_ORDINALS.get(group.lower(), group) for group in quarter.groups() if group), "") if quarter else "",
        f"{form[1]}-{form[2]}".upper() if form else "",
    )


def _fiscal_years(query: str) -> set[str]:
    """Years that a question marks as those of a report ("FY2021", "as of 2021"), rather than as what it speaks of."""
    return {year for match in _FISCAL.finditer(query) for year in years(match[0])}


def match_filings(query: str, filings: Sequence[Filing], documents: Sequence[str]) -> list[float]:
    """How far each filing is the one that a question asks, from 0 to 1; all 0 if its company is none of theirs.

    Where every document is a filing of one company, it need not be named.

    Args:
        query: a question.
        filings: what the documents' covers say.
        documents: their names, which a filing's company is called by too.
    """
    asked = read_asked(query)
    called = [
        bool(_list_names(filing, name) & asked.capitals) or _is_short(filing, asked)
        for filing, name in zip(filings, documents, strict=True)
    ]
    companies = {filing.company for filing in filings}
    if not any(called) and len(companies) == 1 and "" not in companies and (asked.year or asked.form):
        called = [True] * len(filings)
    return [_match_period(filing, asked) if named else 0.0 for filing, named in zip(filings, called, strict=True)]


def _match_period(filing: Filing, asked: Asked) -> float:
    score = 1.0
    year, _, quarter = filing.period.partition(" ")
    if asked.year and year:
        after = int(year) - int(asked.year)
        score *= YEAR_BEFORE if after == -1 else NEXT_YEAR**after if 0 <= after <= MAX_BACK else OTHER_YEAR
    if asked.form and filing.form:
        score *= 1.0 if asked.form == filing.form else OTHER_FORM
    if asked.quarter:
        score *= 1.0 if quarter == f"Q{asked.quarter}" else OTHER_QUARTER
    elif filing.form in ("10-Q", "8-K") and asked.form != filing.form:
        score *= OTHER_FORM
    return score


def _list_names(filing: Filing, document: str) -> set[str]:
    """What people may call a filing's company, squeezed: by its name, shortened, by its ticker, as its file does."""
    if not filing.company:
        return set()
    name = _LEGAL.sub("", _TICKER.sub("", filing.company))
    words = [word for word in name.split() if word.lower() != "the"]
    found = {_squeeze(" ".join(words)), _squeeze(re.split(r"[_-]?(?:19|20)\d\d", document)[0])}
    if len(words) > 1 and words[-1].lower() in _TRADE:
        found.add(_squeeze(" ".join(words[:-1])))
    if (ticker := _TICKER.search(filing.company)) and len(ticker[1]) > 1:
        found.add(ticker[1].lower())
    return {name for name in found if len(name) > 1}


def _is_short(filing: Filing, asked: Asked) -> bool:
    """Whether a capitalised word is made of the first letters of a company's words: AMEX, JnJ, P&G."""
    name = _LEGAL.sub("", _TICKER.sub("", filing.company))
    words = [word.lower().strip(".,") for word in name.replace("&", " and ").split() if word.lower() != "the"]
    if len([word for word in words if word != "and"]) < 2:
        return False
    return any(2 < len(short) <= 6 and _composes(short, words) for short in asked.capitals)


def _composes(short: str, words: Sequence[str]) -> bool:
    """Whether a word is put together of beginnings of all words in turn; "and" may be n, or nothing."""
    if not words:
        return not short
    if words[0] == "and":
        return _composes(short, words[1:]) or (short[:1] == "n" and _composes(short[1:], words[1:]))
    return any(
        short[:size] == words[0][:size] and _composes(short[size:], words[1:])
        for size in range(1, min(4, len(short)) + 1)
    )


def _squeeze(text: str) -> str:
    """Letters and digits alone, in lower case, without "and": "Johnson & Johnson" and "JOHNSON_JOHNSON" are one."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\band\b|&", "", text.lower()))


def describe(filing: Filing) -> str:
    """A filing in a few words: "Verizon Communications Inc., 2022"."""
    return ", ".join(part for part in (_TICKER.sub("", filing.company), filing.period) if part)
