"""A runtime model with its numbers: what a `.tflite` holds, before it is bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archspec.arrays import Array

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Quantization:
    """`real = scale · (integer - zero_point)`: one pair for the tensor, or one for each index of `axis`."""

    scales: Sequence[float] | Array
    zero_points: Sequence[int] | Array
    axis: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ModelTensor:
    """One runtime tensor, the batch in its shape. `data` is None for what is computed."""

    name: str
    shape: Shape
    dtype: str
    data: Array | None = None
    quantization: Quantization | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ModelOperation:
    """One operator: `code` is its schema name; options are named as in the schema, in snake case."""

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Tensors, operators in execution order, the names of what goes in and comes out, metadata buffers by name."""

    tensors: tuple[ModelTensor, ...]
    operations: tuple[ModelOperation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    description: str = ""
    metadata: dict[str, bytes] = field(default_factory=dict)

    def with_metadata(self, **buffers: bytes) -> Model:
        """The same model with further metadata buffers."""
        return replace(self, metadata={**self.metadata, **buffers})
