"""Polynomial decay, (1 - t / T) to a power (DeepLab's)."""

from typing import Annotated

from archspec.graph import Range


def poly(
    progress: float, *, power: Annotated[float, Range(gt=0)] = 0.9, end: Annotated[float, Range(ge=0, le=1)] = 0.0
) -> float:
    """From 1 to `end`.

    Args:
        end: the share of the learning rate that is left at the end.
    """
    return float((1.0 - end) * (1.0 - progress) ** power + end)
