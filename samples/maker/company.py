"""What is known of a company before its figures: names, parts, years, words, looks."""

from __future__ import annotations

from dataclasses import dataclass, field

from maker.theme import Theme


@dataclass(frozen=True)
class Story:
    """The prose of an annual report, a tuple of paragraphs a page.

    `{Metric|0}` and `{Metric|-1|Part}` stand for a figure of this or an earlier year, `{year|-1}` for the year.
    """

    strapline: str
    letter: tuple[str, ...]
    signed: tuple[str, str]
    segments: tuple[str, ...]
    regions: tuple[str, ...]
    income: tuple[str, ...]
    position: tuple[str, ...]
    notes: tuple[str, ...]
    people: tuple[str, ...]
    risks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Segment:
    """Revenue of the first year in millions, its yearly growth and its profit margin (as shares of 1)."""

    name: str
    revenue: float
    growth: float
    margin: float


@dataclass(frozen=True)
class Company:
    """`year` is the fiscal year reported, `ended` its last day as printed; `regions` are (name, share of revenue)."""

    stem: str
    name: str
    short: str
    currency: str
    sign: str
    year: int
    ended: str
    segments: tuple[Segment, ...]
    regions: tuple[tuple[str, float], ...]
    shares: float
    story: Story
    theme: Theme
    pages: tuple[str, ...]
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def segment_names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.segments)

    @property
    def region_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.regions)

    def years(self, count: int = 3) -> tuple[int, ...]:
        """The last `count` years, the newest first."""
        return tuple(range(self.year, self.year - count, -1))
