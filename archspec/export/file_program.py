"""A `.tflite` as the program that the planner of memory reads: tensors that are computed, operators, ends."""

from __future__ import annotations

from typing import NamedTuple

from archspec.cost.memory import ALIGNMENT, ITEM_BYTES
from archspec.errors import Problem
from archspec.export.census import Census
from archspec.export.operator_info import OPEN, OperationInfo, TensorInfo
from archspec.graph.program import Operation, ProgramTensor

STEP_NAMES = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
KEPT_CONSTANT: tuple[float, ...] = ()  # the planner only asks whether there are numbers


class FileProgram(NamedTuple):
    """`restored_bytes` are of weights that are made float32 when the file is loaded, and kept beside the arena."""

    tensors: list[ProgramTensor]
    operations: list[Operation]
    inputs: list[int]
    outputs: list[int]
    restored_bytes: int


def file_program(census: Census) -> FileProgram:
    """The program of a file. Raises `Problem` for a tensor whose size is unknown before run time, or of odd type."""
    index_of: dict[int, int] = {}
    tensors: list[ProgramTensor] = []
    restored = 0

    def number(info: TensorInfo, constant: bool) -> int:
        found = index_of.get(id(info))
        if found is None:
            found = index_of[id(info)] = len(tensors)
            tensors.append(_tensor(info, constant))
        return found

    inputs = [number(info, False) for info in census.inputs]
    operations = []
    for node in census.nodes:
        constant = node.code == "DEQUANTIZE" and node.inputs[0].constant
        if constant:
            restored += -(-node.outputs[0].elements * ITEM_BYTES["float32"] // ALIGNMENT) * ALIGNMENT
            number(node.outputs[0], True)
            continue
        read = [number(info, info.constant) for info in node.inputs]
        given = [number(info, False) for info in node.outputs]
        operations.append(Operation(node.code, read, given, _options(node), node.node))
    outputs = [number(info, False) for info in census.outputs]
    return FileProgram(tensors, operations, inputs, outputs, restored)


def _tensor(info: TensorInfo, constant: bool) -> ProgramTensor:
    dtype = info.dtype.lower()
    if not constant:
        if OPEN in info.shape:
            raise Problem(f"tensor '{info.name}' has an unknown dimension ({list(info.shape)})")
        if dtype not in ITEM_BYTES:
            raise Problem(f"tensor '{info.name}' is of type {dtype}")
    return ProgramTensor(info.name, info.shape, dtype, KEPT_CONSTANT if constant else None)


def _options(node: OperationInfo) -> dict[str, int]:
    return dict(zip(STEP_NAMES, node.steps, strict=False))
