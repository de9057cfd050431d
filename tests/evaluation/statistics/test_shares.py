from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docrerank.evaluation.statistics import estimate_share


def test_wilson_interval_equals_published_values() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (successes, trials), (low, high) in published.items():
        interval = estimate_share(successes, trials)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_solves_wilsons_equation_and_holds_the_share(counts: tuple[int, int]) -> None:
    """Its ends are the rates p with (share - p)^2 = z^2 p (1 - p) / n (Wilson 1927)."""
    found, z = estimate_share(*counts), NormalDist().inv_cdf(0.975)
    for rate in (found.low, found.high):
        assert (found.value - rate) ** 2 == pytest.approx(z**2 * rate * (1 - rate) / counts[1], abs=1e-9)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        estimate_share(successes, trials)
