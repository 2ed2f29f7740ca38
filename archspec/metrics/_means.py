"""Means over what is known."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def mean_of_known(values: Array) -> float:
    """The mean without NaN; NaN when nothing else is there."""
    known = values[~np.isnan(values)]
    return float(known.sum() / known.size) if known.size else float("nan")


def divided(above: Array, below: Array) -> Array:
    """`above / below`, float64, and NaN where there is nothing to divide by."""
    shares: Array = np.divide(above, below, out=np.full(len(below), np.nan), where=below != 0)
    return shares
