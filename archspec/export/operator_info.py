"""What a `.tflite` says of one tensor and of one operator, as plain values."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

OPEN = -1
"""A dimension that is unknown until run time."""


class TensorInfo(NamedTuple):
    """A tensor of the file; a dimension of -1 is unknown until run time. `buffer_bytes` is 0 for what is computed.

    `scale` is that of a quantised tensor, 0 without one or with one a channel.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    buffer: int
    buffer_bytes: int
    scale: float = 0.0

    @property
    def constant(self) -> bool:
        """Whether its numbers are in the file."""
        return self.buffer_bytes > 0

    @property
    def elements(self) -> int:
        """How many numbers it has; an unknown dimension counts as one."""
        return prod(1 if size == OPEN else size for size in self.shape)


class OperationInfo(NamedTuple):
    """An operator of the file. `node` is the name of its first output, which in our files is the graph's.

    `steps` are the strides and dilation rates of a CONV_2D, (h, w, h, w).
    """

    number: int
    code: str
    version: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    steps: tuple[int, ...] = ()

    @property
    def node(self) -> str:
        return self.outputs[0].name if self.outputs else ""
