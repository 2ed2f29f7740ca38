"""Piecewise constant: multiplied by a factor at each of some shares of the training."""

from collections.abc import Sequence
from typing import Annotated

from archspec.graph import Range


def steps(
    progress: float,
    *,
    at: Sequence[Annotated[float, Range(gt=0, lt=1)]] = (0.5, 0.75),
    factor: Annotated[float, Range(gt=0, lt=1)] = 0.1,
) -> float:
    """1, then `factor` from the first of `at`, its square from the second, and so on.

    Args:
        at: shares of all steps, such as 0.5 for half of them.
    """
    return float(factor ** sum(progress >= one for one in at))
