"""Types of arrays, and the precisions of an exported file with their options: importing them imports no NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

RangeChoice: TypeAlias = Literal["minmax", "percentile", "mse"]
RANGE_CHOICES: tuple[RangeChoice, ...] = ("minmax", "percentile", "mse")
"""How the range of an int8 activation is found from what was seen of it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How an int8 file is calibrated: the choice of ranges, and whether biases take up what rounded kernels lose."""

    ranges: RangeChoice = "minmax"
    bias_correction: bool = False

    def __str__(self) -> str:
        return self.ranges + (", bias correction" if self.bias_correction else "")


PLAIN_CALIBRATION = Calibration()
