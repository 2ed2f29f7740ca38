"""Program and weights -> model: every constant gets its numbers, batch norm folded in float64 and rounded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Weights
from archspec.export.model import Model, ModelOperation, ModelTensor, Quantization
from archspec.graph.weights import check_weights

if TYPE_CHECKING:
    from archspec.graph import Node
    from archspec.graph.program import Program, ProgramTensor

OUTPUT_NAMES = {"ArgMax": "labels", "Softmax": "probabilities"}


def fill(program: Program, weights: Weights) -> Model:
    """The float32 model of a program. Raises `Problem` when the weights do not fit the graph."""
    check_weights(program.graph, weights)
    return Model(
        tensors=tuple(_tensor(tensor, weights) for tensor in program.tensors),
        operations=tuple(
            ModelOperation(operation.code, tuple(operation.inputs), tuple(operation.outputs), operation.options)
            for operation in program.operations
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
    return type(node.layer).__name__


def _tensor(tensor: ProgramTensor, weights: Weights) -> ModelTensor:
    quantization = None if tensor.scale is None else Quantization((tensor.scale,), (0,))
    if tensor.constant is None:
        return ModelTensor(tensor.name, tensor.shape, tensor.dtype, None, quantization)
    numbers = tensor.constant
    content = np.array(numbers) if isinstance(numbers, tuple) else numbers(weights)
    data = np.asarray(content.reshape(tensor.shape), dtype=tensor.dtype, order="C")
    return ModelTensor(tensor.name, tensor.shape, tensor.dtype, data, quantization)
