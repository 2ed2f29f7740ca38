"""The statistics against NumPy's and the standard library's, and by hand."""

import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.devices import median, percentile, summarise
from archspec.devices._latency import round_ratios


def close(value: Any) -> Any:
    return pytest.approx(float(value), rel=1e-9, abs=1e-9)


times = st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=60)


@given(times)
def test_against_numpy_and_statistics(samples: list[float]) -> None:
    found = summarise(samples)
    assert found.count == len(samples)
    assert found.median == close(statistics.median(samples))
    assert found.mean == close(statistics.fmean(samples))
    assert found.variance == close(np.var(samples))
    assert found.std == close(statistics.pstdev(samples))
    assert found.iqr == close(np.percentile(samples, 75) - np.percentile(samples, 25))
    assert found.p10 == close(np.percentile(samples, 10))
    assert found.p90 == close(np.percentile(samples, 90))
    assert found.p99 == close(np.percentile(samples, 99))
    assert (found.min, found.max) == (min(samples), max(samples))


@given(times, st.floats(0, 100))
def test_percentile_is_numpys(samples: list[float], percent: float) -> None:
    assert percentile(samples, percent) == pytest.approx(np.percentile(samples, percent), rel=1e-9)


def test_by_hand() -> None:
    found = summarise([4.0, 1.0, 3.0, 2.0])
    assert (found.median, found.mean, found.variance, found.iqr) == (2.5, 2.5, 1.25, 1.5)
    assert found.p10 == pytest.approx(1.3)
    assert found.p90 == pytest.approx(3.7)


@given(times)
def test_order_does_not_matter_and_the_input_is_left_alone(samples: list[float]) -> None:
    before = list(samples)
    assert summarise(samples) == summarise(sorted(samples, reverse=True))
    assert samples == before


@pytest.mark.parametrize(
    ("samples", "noisy"),
    # IQR/median: 0; 0.1 exactly is not above the limit; 0.12
    [([5.0] * 50, False), ([9.5, 9.5, 10.0, 10.5, 10.5], False), ([9.4, 9.4, 10.0, 10.6, 10.6], True)],
)
def test_noise_is_a_wide_middle_half(samples: list[float], noisy: bool) -> None:
    assert summarise(samples).noisy is noisy


def test_one_wild_run_is_not_noise() -> None:
    assert not summarise([10.0] * 49 + [500.0]).noisy


def test_nothing_has_no_statistics() -> None:
    with pytest.raises(ValueError, match="no samples"):
        summarise([])
    with pytest.raises(ValueError, match="no values"):
        median([])


def test_round_ratios_by_hand() -> None:
    own, other = [2.0, 2.0, 9.0, 8.0, 8.0, 8.0], [1.0, 1.0, 1.0, 4.0, 2.0, 90.0]
    assert round_ratios(own, other, 3) == [2.0, 2.0]  # 2/1 and 8/4: wild runs and the doubled second round cancel


@given(times, st.integers(1, 7), st.floats(0.1, 10), st.floats(0.5, 4))
def test_a_drift_that_hits_both_leaves_the_ratio_alone(
    samples: list[float], runs: int, factor: float, drift: float
) -> None:
    rounds = [drift**number for number in range(len(samples) // runs + 1)]
    reference = [sample * rounds[index // runs] for index, sample in enumerate(samples)]
    own = [factor * sample for sample in reference]
    assert round_ratios(own, reference, runs) == pytest.approx([factor] * -(-len(samples) // runs))
