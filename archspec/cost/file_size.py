"""The size of the `.tflite` that would be exported, from the program alone: numbers, names, tables and their padding.

It follows the layout of archspec/export/flatbuffer.py, which writes weights whatever their values are; so the
size depends on the network alone. Right to a few hundred bytes at every precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.graph.program import Operation, Program, ProgramTensor

METADATA_BYTES = 1264  # what export writes about a network with neither labels nor spec text
FRAME_BYTES = 420  # the model, its subgraph, signature, shared vtables and the smallest runtime version
OPERATOR_CODE_BYTES = 22
SHAPE_BYTES = 20  # of four dimensions
DATA_ALIGNMENT, FILE_ALIGNMENT = 16, 16
TENSOR_BYTES = 24  # its table and its name, without letters
FIELD_BYTES = 4
BUFFER_BYTES = 12 + FIELD_BYTES
SCALE_BYTES, SCALES_BYTES = 12, 21 + FIELD_BYTES  # a scale and its zero point; what holds them, padding on average
END_BYTES = 120  # QUANTIZE or DEQUANTIZE at an end of an int8 network, and the tensor outside it
DEQUANTIZE_BYTES = 48
OPERATOR_BYTES, OPTIONS_BYTES = 40, 12  # a table and its lists, without what they list; the options inside
DEFAULTS = ("SAME", "NONE", False, 0)  # what a flatbuffer leaves out
KERNEL_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
DYNAMIC = {"CONV_2D", "FULLY_CONNECTED"}  # whose kernels are int8 in a file of dynamic range
NO_OPTIONS = {"ELU", "LOG", "LOGISTIC", "PRELU", "RELU", "RELU6", "RSQRT", "TANH"}
WHOLE_NUMBERS = {"bool", "int32"}  # what int8 leaves as it is


def predicted_bytes(program: Program, precision: str = "float32", metadata_bytes: int = METADATA_BYTES) -> int:
    """Bytes of the file at `precision` (float32, float16, dynamic, int8). `metadata_bytes` also counts labels and spec.

    Raises `KeyError` for another precision.
    """
    return predicted_sizes(program, metadata_bytes)[precision]


def predicted_sizes(program: Program, metadata_bytes: int = METADATA_BYTES) -> dict[str, int]:
    """Bytes of the file by precision, all four in one pass."""
    common = FRAME_BYTES + metadata_bytes + OPERATOR_CODE_BYTES * len({one.code for one in program.operations})
    common += SHAPE_BYTES * len({tensor.shape for tensor in program.tensors})
    common += _operations_bytes(program)
    kernels = _kernels(program)
    floats, passage_bytes = _floats_of_int8(program)
    single = half = mixed = integer = common
    for index, tensor in enumerate(program.tensors):
        bare = TENSOR_BYTES + (len(tensor.name) + FIELD_BYTES & -FIELD_BYTES)
        typed = bare + FIELD_BYTES
        if tensor.constant is None:
            plain = typed if tensor.dtype != "float32" else bare
            plain += SCALES_BYTES + SCALE_BYTES if tensor.scale is not None else 0
            single, half, mixed = single + plain, half + plain, mixed + plain
            same = tensor.dtype in WHOLE_NUMBERS or index in floats
            integer += plain if same else typed + SCALES_BYTES + SCALE_BYTES
        elif tensor.dtype == "int32":
            plain = typed + _data(4 * tensor.elements)
            single, half, mixed, integer = single + plain, half + plain, mixed + plain, integer + plain
        else:
            elements = tensor.elements
            data = _data(4 * elements)
            plain = bare + data
            channels, axis, dynamic, is_bias = kernels.get(index, (1, 0, False, False))
            scales = SCALES_BYTES + SCALE_BYTES * channels + (FIELD_BYTES if axis else 0)
            quantised = typed + scales + (data if is_bias else _data(elements))
            single += plain
            half += _halved(tensor, elements, bare) if tensor.shape else plain
            mixed += quantised if dynamic else plain
            integer += plain if index in floats else quantised
    integer += passage_bytes
    integer += END_BYTES * (
        len(program.inputs) + sum(program.tensors[one].dtype == "float32" for one in program.outputs)
    )
    found = {"float32": single, "float16": half, "dynamic": mixed, "int8": integer}
    return {precision: -(-size // FILE_ALIGNMENT) * FILE_ALIGNMENT for precision, size in found.items()}


def _kernels(program: Program) -> dict[int, tuple[int, int, bool, bool]]:
    """Of each kernel and bias: how many scales, their axis, whether dynamic has them, whether it is a bias."""
    found = {}
    for operation in program.operations:
        axis = KERNEL_AXIS.get(operation.code)
        if axis is not None:
            source, kernel, bias = operation.inputs if operation.code != "TRANSPOSE_CONV" else _turned(operation)
            shape = program.tensors[kernel].shape
            dynamic = operation.code in DYNAMIC and program.tensors[source].shape[-1] == shape[-1]
            found[kernel] = (shape[axis], axis, dynamic, False)
            found[bias] = (shape[axis], 0, False, True)
    return found


def _floats_of_int8(program: Program) -> tuple[set[int], int]:
    """The tensors that stay float32 at int8, and the bytes of what stands where numbers pass between the two kinds: an
    operator, and the tensor that it makes, of a longer name.
    """
    kept = [operation for operation in program.operations if operation.keeps_float]
    if not kept:
        return set(), 0
    whole = [operation for operation in program.operations if not operation.keeps_float]
    made = {index for operation in kept for index in operation.outputs}
    read, read_whole = ({index for operation in some for index in operation.inputs} for some in (kept, whole))
    computed = {index for index in read | read_whole if program.tensors[index].constant is None}
    constant = {index for index in read - computed if index not in read_whole}
    floats = [index for index in (read & computed) - made if program.tensors[index].dtype == "float32"]
    integers = read_whole & made
    letters = sum(_name_bytes(program.tensors[index].name, ".float32") for index in floats)
    letters += sum(_name_bytes(program.tensors[index].name, ".int8") for index in integers)
    scales = len(integers) * (FIELD_BYTES + SCALES_BYTES + SCALE_BYTES)
    return made | constant, letters + scales + (len(floats) + len(integers)) * (TENSOR_BYTES + DEQUANTIZE_BYTES)


def _name_bytes(name: str, suffix: str) -> int:
    return len(name) + len(suffix) + FIELD_BYTES & -FIELD_BYTES


def _turned(operation: Operation) -> tuple[int, int, int]:
    """Source, kernel and bias of a transposed convolution, which has the output's shape in front."""
    _, kernel, source, bias = operation.inputs
    return source, kernel, bias


def _data(size: int) -> int:
    """A buffer: its table, and its content aligned with the length in front."""
    return BUFFER_BYTES + (size + 4 + DATA_ALIGNMENT - 1 & -DATA_ALIGNMENT)


def _halved(tensor: ProgramTensor, elements: int, bare: int) -> int:
    """In half precision, with a DEQUANTIZE and a tensor of a longer name for what it gives."""
    restored = TENSOR_BYTES + _name_bytes(tensor.name, ".float32")
    return bare + FIELD_BYTES + _data(2 * elements) + restored + DEQUANTIZE_BYTES


def _operations_bytes(program: Program) -> int:
    size = 0
    known: dict[int, int] = {}  # by identity: operators that are set alike share their options
    for operation in program.operations:
        size += OPERATOR_BYTES + FIELD_BYTES * (len(operation.inputs) + len(operation.outputs))
        if operation.code in NO_OPTIONS:
            size -= OPTIONS_BYTES
        elif operation.options:
            written = known.get(id(operation.options))
            if written is None:
                written = sum(_is_written(name, value) for name, value in operation.options.items())
                known[id(operation.options)] = written
            size += FIELD_BYTES * written
    return size


def _is_written(name: str, value: Any) -> bool:
    return value not in DEFAULTS and not (value == 1 and name.startswith("dilation"))
