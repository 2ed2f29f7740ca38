"""Rank correlations by hand, against every pair by brute force, and against SciPy."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from archspec.measures._correlation import rank_correlation

PAIRS = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=12)


def of(pairs: list[tuple[float, float]], first: str = "naswot", second: str = "miou") -> tuple[float | None, ...]:
    found = rank_correlation(first, second, [{first: one, second: other} for one, other in pairs])
    assert found.count == len(pairs)
    return found.spearman, found.kendall


def test_by_hand() -> None:
    assert of([(1, 10), (2, 20), (3, 30)]) == (pytest.approx(1), pytest.approx(1))
    assert of([(1, 30), (2, 20), (3, 10)]) == (pytest.approx(-1), pytest.approx(-1))
    # ranks 1 2 3 4 and 2 1 4 3: 1 - 6 * 4 / (4 * 15) = 0.6; four of six pairs agree, two do not: 2 / 6
    assert of([(1, 2), (2, 1), (3, 4), (4, 3)]) == (pytest.approx(0.6), pytest.approx(1 / 3))


@given(PAIRS)
def test_against_every_pair(pairs: list[tuple[int, int]]) -> None:
    """Kendall's tau-b: agreeing less disagreeing pairs over the root of the untied ones on either side."""
    spearman, kendall = of(list(pairs))
    signs = [(np.sign(a - c), np.sign(b - d)) for (a, b), (c, d) in combinations(pairs, 2)]
    untied = [sum(sign != 0 for sign in side) for side in zip(*signs, strict=True)]
    if 0 in untied:
        assert (spearman, kendall) == (None, None)
        return
    assert kendall == pytest.approx(sum(one * other for one, other in signs) / np.sqrt(untied[0] * untied[1]))
    ranks = [[np.mean([value < one for value in side]) + np.mean([value <= one for value in side]) for one in side]
             for side in zip(*pairs, strict=True)]  # fmt: skip
    assert spearman == pytest.approx(np.corrcoef(ranks)[0, 1], abs=1e-9)
    assert spearman == pytest.approx(stats.spearmanr(*zip(*pairs, strict=True)).statistic, abs=1e-9)


def test_what_is_better_counts_as_more() -> None:
    """Fewer parameters are better: where larger networks score higher, what is better disagrees."""
    spearman, kendall = of([(1e6, 0.4), (2e6, 0.5), (3e6, 0.6)], first="params")
    assert (spearman, kendall) == (pytest.approx(-1), pytest.approx(-1))
    assert of([(1.0, 2.0), (2.0, 3.0), (3.0, 9.0)], "gflops", "latency_ms") == (pytest.approx(1), pytest.approx(1))


def test_few_networks_say_nothing() -> None:
    networks = [
        {"naswot": 1.0, "miou": 0.1},
        {"naswot": 2.0, "miou": 0.2},
        {"naswot": 3.0, "miou": None},
        {"miou": 1.0},
    ]
    found = rank_correlation("naswot", "miou", networks)
    assert (found.count, found.spearman, found.kendall) == (2, None, None)
    assert of([(1, 1), (1, 2), (1, 3)]) == (None, None)
    assert rank_correlation("naswot", "miou", []).count == 0
