"""Means over what is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archspec.arrays import Array

MOST_NAMED = 6


def mean_of_known(values: Array) -> float:
    """The mean without NaN; NaN when nothing else is there."""
    known = values[~np.isnan(values)]
    return float(known.sum() / known.size) if known.size else float("nan")


def describe_missing(values: Sequence[float | None], names: Sequence[str]) -> str:
    """`mean over 1 of 2 classes: 'target' is neither in the labels nor predicted`; empty where all have a value.

    `values` are scores of classes, NaN or None for one without, `names` what they are called.
    """
    missing = [name for value, name in zip(values, names, strict=True) if value is None or value != value]
    if not missing:
        return ""
    named = ", ".join(f"'{name}'" for name in missing[:MOST_NAMED])
    named += f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    named += " is" if len(missing) == 1 else " are"
    return f"mean over {len(names) - len(missing)} of {len(names)} classes: {named} neither in the labels nor predicted"


def divided(above: Array, below: Array) -> Array:
    """`above / below`, float64, and NaN where there is nothing to divide by."""
    shares: Array = np.divide(above, below, out=np.full(len(below), np.nan), where=below != 0)
    return shares
