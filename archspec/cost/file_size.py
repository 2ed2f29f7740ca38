"""The size of the `.tflite` that would be exported, from the program alone: numbers, names, tables and their padding.

It follows the layout of archspec/export/flatbuffer.py, which writes weights whatever their values are; so the
size hangs on the network alone. Right to a few hundred bytes at every precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.graph.program import Operation, Program, ProgramTensor

METADATA_BYTES = 1264  # what export writes about a network with neither labels nor spec text
FRAME_BYTES = 420  # the model, its subgraph, signature, shared vtables and the smallest runtime version
OPERATOR_CODE_BYTES = 22
ITEM_BYTES = {"float32": 4, "float16": 2, "int32": 4, "int8": 1, "uint8": 1}
DEFAULTS = ("SAME", "NONE", False, 0)  # what a flatbuffer leaves out
KERNEL_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
NO_OPTIONS = {"RELU", "RELU6"}


def predicted_bytes(program: Program, precision: str = "float32", metadata_bytes: int = METADATA_BYTES) -> int:
    """Bytes of the file at `precision` (float32, float16, dynamic or int8). `metadata_bytes` also counts labels and spec.

    Raises `ValueError` for another precision.
    """
    rule = {"float32": _as_it_is, "float16": _float16, "dynamic": _dynamic, "int8": _int8}.get(precision)
    if rule is None:
        raise ValueError(f"unknown precision '{precision}'")
    shapes = {tensor.shape for tensor in program.tensors}
    total = FRAME_BYTES + metadata_bytes + sum(4 * len(shape) + 4 for shape in shapes)
    total += OPERATOR_CODE_BYTES * len({operation.code for operation in program.operations})
    total += sum(_operation_bytes(operation) for operation in program.operations)
    return -(-(total + rule(program)) // 16) * 16


def _as_it_is(program: Program) -> int:
    return sum(_tensor_bytes(tensor, tensor.dtype) for tensor in program.tensors)


def _float16(program: Program) -> int:
    """Every weight in half precision, with a float32 tensor and a DEQUANTIZE for it."""
    total = 0
    for tensor in program.tensors:
        if tensor.constant is not None and tensor.dtype == "float32" and tensor.shape:
            total += _tensor_bytes(tensor, "float16")
            total += _table_bytes(len(tensor.name) + len(".float32"), "float32", False, False) + _plain_operation(
                1, 1, 0
            )
        else:
            total += _tensor_bytes(tensor, tensor.dtype)
    return total


def _dynamic(program: Program) -> int:
    """The kernels of plain convolutions in int8, with a scale an output channel."""
    total = _as_it_is(program)
    for operation in program.operations:
        if operation.code == "CONV_2D":
            source, kernel = (program.tensors[index] for index in operation.inputs[:2])
            if source.shape[-1] == kernel.shape[-1]:
                total += _tensor_bytes(kernel, "int8", channels=kernel.shape[0]) - _tensor_bytes(kernel, "float32")
    return total


def _int8(program: Program) -> int:
    """Everything but shapes and labels in int8, biases in int32; QUANTIZE at the entrance."""
    channels = [1] * len(program.tensors)
    kinds = {index: tensor.dtype for index, tensor in enumerate(program.tensors)}
    axes = dict.fromkeys(kinds, 0)
    for operation in program.operations:
        if operation.code in KERNEL_AXIS:
            kernel, bias = operation.inputs[1:]
            axes[kernel] = KERNEL_AXIS[operation.code]
            channels[kernel] = channels[bias] = program.tensors[bias].elements
            kinds[bias] = "int32"
    total = 0
    for index, tensor in enumerate(program.tensors):
        kind = "int8" if kinds[index] in ("float32", "uint8") else kinds[index]
        quantised = tensor.dtype != "int32"
        total += _tensor_bytes(tensor, kind, channels=channels[index] if quantised else 0, axis=axes[index])
    ends = [*program.inputs, *(index for index in program.outputs if kinds[index] == "float32")]
    return total + len(ends) * (_plain_operation(1, 1, 0) + _table_bytes(16, "float32", False, False))


# --- pieces ----------------------------------------------------------------------------------------------
def _tensor_bytes(tensor: ProgramTensor, kind: str, channels: int = 0, axis: int = 0) -> int:
    """A tensor with its data and, where it has `channels` scales, their table."""
    constant = tensor.constant is not None
    quantised = bool(channels) or tensor.scale is not None
    total = _table_bytes(len(tensor.name), kind, constant, quantised)
    if constant:
        total += 12 + -(-(tensor.elements * ITEM_BYTES[kind] + 4) // 16) * 16  # its buffer, aligned
    if quantised:
        total += 12 * max(channels, 1) + 20 + (4 if axis else 0)
    return total


def _table_bytes(name: int, kind: str, has_data: bool, quantised: bool) -> int:
    fields = 1 + (kind != "float32") + has_data + quantised
    return 4 + 12 + 4 * fields + 4 + -(-(name + 1) // 4) * 4


def _operation_bytes(operation: Operation) -> int:
    if operation.code in NO_OPTIONS:
        return _plain_operation(len(operation.inputs), len(operation.outputs), 0) - 12
    fields = sum(_is_written(name, value) for name, value in operation.options.items())
    return _plain_operation(len(operation.inputs), len(operation.outputs), fields)


def _plain_operation(inputs: int, outputs: int, fields: int) -> int:
    return 4 * (inputs + outputs) + 8 + 28 + 4 + 4 * fields


def _is_written(name: str, value: Any) -> bool:
    return value not in DEFAULTS and not (value == 1 and name.startswith("dilation"))
