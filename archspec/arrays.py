"""Types of arrays, for annotations only, and the precisions of an exported file: importing them imports no NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, Any]
else:
    Array = Any

Weights: TypeAlias = Mapping[str, Array]
"""The arrays of a network by `node name/array name`."""

Precision: TypeAlias = Literal["float32", "float16", "dynamic", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic", "int8")
"""Of the weights and activations of a `.tflite`."""
