"""A runtime model with its numbers: what a `.tflite` holds, before it is bytes; made from a program and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.arrays import Array, Weights
from archspec.graph import check_weights

if TYPE_CHECKING:
    from archspec.graph import Node
    from archspec.graph.program import Program, ProgramTensor


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
    """One operator: `code` is its schema name; options are named as in the schema, in snake case.

    One that `keeps_float` computes in float32 in an int8 model too.
    """

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]
    keeps_float: bool = False


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


NUMBERS = np.empty(0)  # stands for those of a constant that are not there yet


def unfilled(program: Program) -> Model:
    """The model of a program without numbers: what there is to say of it before there are weights."""
    return Model(
        tuple(
            ModelTensor(one.name, one.shape, one.dtype, None if one.constant is None else NUMBERS)
            for one in program.tensors
        ),
        tuple(
            ModelOperation(one.code, tuple(one.inputs), tuple(one.outputs), one.options, one.keeps_float)
            for one in program.operations
        ),
        tuple(program.inputs),
        tuple(program.outputs),
        (),
        (),
    )


OUTPUT_NAMES = {"ArgMax": "labels", "Softmax": "probabilities", "Activation sigmoid": "probabilities"}


def fill(program: Program, weights: Weights) -> Model:
    """The float32 model of a program. Raises `Problem` when the weights do not fit the graph."""
    check_weights(program.graph, weights)
    return Model(
        tensors=tuple(_tensor(tensor, weights) for tensor in program.tensors),
        operations=tuple(
            ModelOperation(one.code, tuple(one.inputs), tuple(one.outputs), one.options, one.keeps_float)
            for one in program.operations
        ),
        inputs=tuple(program.inputs),
        outputs=tuple(program.outputs),
        input_names=tuple(program.tensors[index].name for index in program.inputs),
        output_names=output_names(program),
        description=program.graph.name,
    )


def output_names(program: Program) -> tuple[str, ...]:
    """What each output is: `labels`, `probabilities` or `logits`; numbered from the second of a kind on."""
    found: list[str] = []
    for tensor in program.graph.outputs:
        name = OUTPUT_NAMES.get(_kind(tensor.node), "logits")
        found.append(name if name not in found else f"{name}_{len(found)}")
    return tuple(found)


def _kind(node: Node) -> str:
    kind = type(node.layer).__name__
    return f"{kind} {node.layer.config['activation']}" if kind == "Activation" else kind


def _tensor(tensor: ProgramTensor, weights: Weights) -> ModelTensor:
    quantization = None if tensor.scale is None else Quantization((tensor.scale,), (0,))
    if tensor.constant is None:
        return ModelTensor(tensor.name, tensor.shape, tensor.dtype, None, quantization)
    numbers = tensor.constant
    content = np.array(numbers) if isinstance(numbers, tuple) else numbers(weights)
    data = np.asarray(content.reshape(tensor.shape), dtype=tensor.dtype, order="C")
    return ModelTensor(tensor.name, tensor.shape, tensor.dtype, data, quantization)
