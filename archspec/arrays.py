"""Types of arrays, for annotations only: importing them does not import NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, Any]
else:
    Array = Any

Weights: TypeAlias = Mapping[str, Array]
"""The arrays of a network by `node name/array name`."""
