"""A `.tflite` of one operator, to be timed alone: what a latency table is measured with."""

from __future__ import annotations

from functools import cache
from math import prod

import numpy as np

from archspec.arrays import Array
from archspec.export.flatbuffer import encode
from archspec.export.model import Model, ModelOperation, ModelTensor, Quantization
from archspec.predictor import Operand, Signature

SEED = 0
BYTE_SCALE = Quantization((1 / 255,), (0,))  # of uint8: DEQUANTIZE asks for one, its value does not matter


def one_operator(signature: Signature) -> bytes:
    """The file: computed operands come in from outside, weights are small random numbers, always the same.

    Raises `Problem` for an operator that the exporter has no rule for.
    """
    operands = (*signature.inputs, *signature.outputs)
    places = iter(_places(signature))
    tensors = tuple(_tensor(f"t{number}", one, places) for number, one in enumerate(operands))
    count = len(signature.inputs)
    entrances = tuple(number for number, tensor in enumerate(tensors[:count]) if tensor.data is None)
    exits = tuple(range(count, len(tensors)))
    operation = ModelOperation(signature.code, tuple(range(count)), exits, dict(signature.options))
    names = tuple(tensors[number].name for number in entrances), tuple(tensors[number].name for number in exits)
    return encode(Model(tensors, (operation,), entrances, exits, *names, description=signature.code))


def _places(signature: Signature) -> list[list[int]]:
    """Where a SLICE begins (at 0) and how much it takes."""
    shape = signature.outputs[0].shape
    return [[0] * len(shape), list(shape)]


def _tensor(name: str, operand: Operand, places: object) -> ModelTensor:
    content = operand.content
    quantization = BYTE_SCALE if operand.dtype == "uint8" else None
    if content == "computed":
        return ModelTensor(name, operand.shape, operand.dtype, None, quantization)
    if content == "weights":
        return ModelTensor(name, operand.shape, operand.dtype, _weights(operand))
    values = next(places) if content == "place" else content  # type: ignore[call-overload]
    return ModelTensor(name, operand.shape, operand.dtype, np.array(values, operand.dtype).reshape(operand.shape))


def _weights(operand: Operand) -> Array:
    count = prod(operand.shape)
    return _numbers(1 << max(count - 1, 1).bit_length())[:count].reshape(operand.shape).astype(operand.dtype)


@cache
def _numbers(count: int) -> Array:
    return np.random.default_rng(SEED).normal(0, 0.05, count).astype(np.float32)
