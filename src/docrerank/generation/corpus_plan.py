"""What a corpus would take, from a measured sample of it: every figure a multiplication that can be read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from docrerank.chat import Plan


@dataclass(frozen=True, slots=True)
class Rates:
    """What is assumed, not measured.

    Attributes:
        gpu_input: tokens a second that a GPU reads, those of the prefix cache aside.
        gpu_output: tokens a second that a GPU writes, over all requests at once.
        cached: share of input tokens that the prefix cache has: the page, for all calls about it but the first.
        gpu_price: money for a GPU and hour.
        core_price: money for a processor core and hour.
        hours: in which all is to be done.
    """

    gpu_input: float = 20_000.0
    gpu_output: float = 2_000.0
    cached: float = 0.7
    gpu_price: float = 2.5
    core_price: float = 0.04
    hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of a sample, per page.

    Attributes:
        documents: how many were read.
        pages: of them.
        core_seconds: of one core, by stage.
        counts: words, queries and the like of a page.
        page_bytes: on disk, by what is stored.
    """

    documents: int
    pages: int
    core_seconds: dict[str, float]
    counts: dict[str, float]
    page_bytes: dict[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: what it is, how it comes about, its value and its unit."""

    what: str
    sum: str
    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sum} = {show(self.value)} {self.unit}"


def multiply(what: str, unit: str, *factors: tuple[float, str]) -> Line:
    """A product. A factor whose unit begins with "/ " is divided by.

    Examples:
        >>> print(multiply("reading", "core hours", (7200, "pages"), (2, "s a page"), (3600, "/ s an hour")))
        reading: 7,200 pages x 2 s a page / 3,600 s an hour = 4 core hours
    """
    value, parts = 1.0, []
    for number, name in factors:
        divides = name.startswith("/ ")
        value = value / number if divides else value * number
        parts.append(f"{' / ' if divides else ' x '}{show(number)} {name.removeprefix('/ ')}")
    return Line(what, "".join(parts)[3:], value, unit)


def show(number: float) -> str:
    """A number with three figures that count, whole from a hundred on."""
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.3g}"


def plan_corpus(sample: Sample, pages: int, calls: Plan, rates: Rates) -> Iterator[Line]:
    """The lines of a plan: counts, work, storage, money, the cluster.

    Args:
        sample: of the corpus.
        pages: of the whole corpus.
        calls: what the recipe's models would be asked for that many pages (`plan_calls`).
        rates: what is assumed.
    """
    every = (float(pages), "pages")
    for name, count in sample.counts.items():
        yield multiply(name, name, every, (count, "a page"))
    cores = [
        multiply(f"{stage}, processor", "core hours", every, (seconds, "s a page"), (3600, "/ s an hour"))
        for stage, seconds in sample.core_seconds.items()
    ]
    gpus = list(_plan_gpus(calls, rates))
    stored = [
        multiply(f"storage, {name}", "GB", every, (size, "bytes a page"), (1e9, "/ bytes a GB"))
        for name, size in sample.page_bytes.items()
    ]
    yield from (*cores, *gpus, *stored)
    core_hours, gpu_hours = (sum(line.value for line in lines) for lines in (cores, gpus))
    yield Line("storage, all", "the lines above", sum(line.value for line in stored), "GB")
    yield multiply("cores", "cores", (core_hours, "core hours"), (rates.hours, "/ hours"))
    yield multiply("money, processors", "money", (core_hours, "core hours"), (rates.core_price, "an hour"))
    if gpus:
        yield multiply("GPUs", "GPUs", (gpu_hours, "GPU hours"), (rates.hours, "/ hours"))
        yield multiply("money, GPUs", "money", (gpu_hours, "GPU hours"), (rates.gpu_price, "an hour"))
        yield Line("money, endpoints instead", "tokens x the recipe's prices", calls.money, "money")
    shape = f"{max(1, math.ceil(core_hours / rates.hours))} cores"
    shape += f" and {math.ceil(gpu_hours / rates.hours)} GPUs" if gpus else ""
    yield Line("cluster", f"{shape}, rounded up, busy for", rates.hours, "hours")


def _plan_gpus(calls: Plan, rates: Rates) -> Iterator[Line]:
    """Reading and writing of each role."""
    for role in calls.roles:
        often = (float(role.calls), "calls")
        fresh = (1 - rates.cached, "not in the prefix cache")
        yield multiply(
            f"{role.role} reads", "GPU hours", often, (role.input_tokens, "tokens"), fresh,
            (rates.gpu_input, "/ tokens a second"), (3600, "/ s an hour"),
        )  # fmt: skip
        yield multiply(
            f"{role.role} writes", "GPU hours", often, (role.output_tokens, "tokens"),
            (rates.gpu_output, "/ tokens a second"), (3600, "/ s an hour"),
        )  # fmt: skip
