"""How alike two metrics rank networks: Spearman's and Kendall's coefficients, each with the number of networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archspec.measures import measure_named, measures

FEWEST = 3
"""Two networks are ranked alike or not, whatever is measured: below three there is nothing to say."""
BASELINES = ("params", "random_score")

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Of `count` networks that have both metrics: 1 is the same order of what is better, -1 the opposite one.

    None where there are fewer than three, or where one of the metrics is the same for all: then nothing is ranked.
    `kendall` is tau-b, `spearman` is over mean ranks: ties are neither for nor against.
    """

    first: str
    second: str
    count: int
    spearman: float | None
    kendall: float | None


def rank_correlation(first: str, second: str, networks: Iterable[Values]) -> RankCorrelation:
    """Over the networks that have both. A metric of which less is better (`BETTER`) counts downwards.

    Names that are no measure's may be compared too: of them more counts as better.
    """
    pairs = [(_number(values, first), _number(values, second)) for values in networks]
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    spearman, kendall = _coefficients([_way(first) * one for one, _ in both], [_way(second) * one for _, one in both])
    return RankCorrelation(first, second, len(both), spearman, kendall)


def _coefficients(first: Sequence[float], second: Sequence[float]) -> tuple[float | None, float | None]:
    if len(first) < FEWEST or len(set(first)) == 1 or len(set(second)) == 1:
        return None, None
    from scipy.stats import kendalltau, spearmanr

    return float(spearmanr(first, second).statistic), float(kendalltau(first, second).statistic)


def _way(name: str) -> float:
    return -1.0 if name in measures() and measure_named(name).less_is_better else 1.0


def _number(values: Values, name: str) -> float | None:
    value = values.get(name)
    return value if value is not None and math.isfinite(value) else None
