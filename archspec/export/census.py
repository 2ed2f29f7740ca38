"""What is in a `.tflite`, ours or not: operators, multiply-adds counted off its shapes; what may not be in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from archspec.errors import Fault, Place, Problem, UserError
from archspec.export.tflite_file import enumeration_names, flat_model

CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"}
MULTIPLYING = CONVOLUTIONS | {"BATCH_MATMUL"}  # whose multiply-adds are counted
AROUND_DILATION = {"SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"}
BETWEEN = {"PAD", "PADV2", "RELU", "RELU6", "ADD", "MUL"}  # what converters leave between those and the convolution
VARIABLES = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}


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


class OperationInfo(NamedTuple):
    """An operator of the file. `node` is the name of its first output, which in our files is the graph's."""

    number: int
    code: str
    version: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]

    @property
    def node(self) -> str:
        return self.outputs[0].name if self.outputs else ""


@dataclass(frozen=True, slots=True)
class Census:
    """`operations` counts by code (`CUSTOM:name` for custom ones); `macs` is None where a dimension is unknown."""

    operations: dict[str, int]
    versions: dict[str, int]
    macs: int | None
    weight_bytes: int
    file_bytes: int
    tensors: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    nodes: tuple[OperationInfo, ...]


def take_census(data: bytes) -> Census:
    """Read a file's main subgraph. Raises `Problem` for bytes that are not a `.tflite`, and for a damaged one."""
    model, schema = flat_model(data)
    graph = model.Subgraphs(0)
    tensors = [_tensor(model, graph.Tensors(index), schema) for index in range(graph.TensorsLength())]
    codes = [_code(model.OperatorCodes(index), schema) for index in range(model.OperatorCodesLength())]
    nodes = tuple(_operations(graph, tensors, codes))
    counts = [operation_macs(node) for node in nodes if node.code in MULTIPLYING]
    return Census(
        operations=dict(Counter(node.code for node in nodes).most_common()),
        versions=dict(
            sorted({node.code: node.version for node in sorted(nodes, key=lambda node: node.version)}.items())
        ),
        macs=None if any(count is None for count in counts) else sum(count or 0 for count in counts),
        weight_bytes=sum({tensor.buffer: tensor.buffer_bytes for tensor in tensors}.values()),
        file_bytes=len(data),
        tensors=len(tensors),
        inputs=tuple(tensors[index] for index in graph.InputsAsNumpy()),
        outputs=tuple(tensors[index] for index in graph.OutputsAsNumpy()),
        nodes=nodes,
    )


def check_census(census: Census, file: str = "") -> None:
    """Raises `UserError`, one fault each, for what slows or stops a phone: SPACE_TO_BATCH around a dilated
    convolution, variables, Flex and other custom operators, dimensions unknown before run time.
    """
    writer = {id(tensor): node for node in census.nodes for tensor in node.outputs}
    readers: dict[int, list[OperationInfo]] = {}
    for node in census.nodes:
        for tensor in node.inputs:
            readers.setdefault(id(tensor), []).append(node)
    problems = [problem for node in census.nodes for problem in _problems(node, writer, readers)]
    problems += [
        Problem(f"input '{tensor.name}' has an unknown dimension ({list(tensor.shape)})", "Convert with a batch of 1")
        for tensor in census.inputs
        if -1 in tensor.shape
    ]
    if problems:
        raise UserError(
            [problem.at(Place(file)) if file else Fault(problem.fact, problem.remedy) for problem in problems]
        )


# --- reading ---------------------------------------------------------------------------------------------
def _tensor(model: Any, tensor: Any, schema: Any) -> TensorInfo:
    signature = tensor.ShapeSignatureAsNumpy() if tensor.ShapeSignatureLength() else tensor.ShapeAsNumpy()
    shape = tuple(signature.tolist()) if tensor.ShapeLength() else ()
    buffer = tensor.Buffer()
    size = model.Buffers(buffer).DataLength()
    quantization = tensor.Quantization()
    scales = quantization.ScaleLength() if quantization is not None else 0
    return TensorInfo(
        name=(tensor.Name() or b"").decode("utf-8", "replace"),
        shape=shape,
        dtype=enumeration_names(schema.TensorType)[tensor.Type()],
        buffer=buffer,
        buffer_bytes=size,
        scale=float(quantization.Scale(0)) if scales == 1 else 0.0,
    )


def _code(code: Any, schema: Any) -> tuple[str, int]:
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # old files have the second only
    name = enumeration_names(schema.BuiltinOperator).get(number, f"UNKNOWN_{number}")
    if name == "CUSTOM":
        name = f"CUSTOM:{(code.CustomCode() or b'').decode('utf-8', 'replace')}"
    return name, code.Version()


def _operations(graph: Any, tensors: list[TensorInfo], codes: list[tuple[str, int]]) -> Iterator[OperationInfo]:
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        inputs = operator.InputsAsNumpy().tolist() if operator.InputsLength() else []
        outputs = operator.OutputsAsNumpy().tolist() if operator.OutputsLength() else []
        code, version = codes[operator.OpcodeIndex()]
        yield OperationInfo(
            number,
            code,
            version,
            tuple(tensors[index] for index in inputs if index >= 0),
            tuple(tensors[index] for index in outputs if index >= 0),
        )


# --- counting --------------------------------------------------------------------------------------------
def operation_macs(node: OperationInfo) -> int | None:
    """Multiply-adds of one of `MULTIPLYING`, from the shapes in the file alone; None where one is unknown."""
    output, kernel = node.outputs[0].shape, node.inputs[1].shape
    source = node.inputs[2].shape if node.code == "TRANSPOSE_CONV" else node.inputs[0].shape
    if -1 in (*output, *kernel, *source):
        return None
    if node.code == "TRANSPOSE_CONV":  # each input number is multiplied with one kernel of every filter
        return _product(source) * _product(kernel[:3])
    if node.code == "DEPTHWISE_CONV_2D":
        return _product(output) * _product(kernel[1:3])
    if node.code == "BATCH_MATMUL":  # whichever way round, the first matrix has rows · inner numbers
        return _product(output[:-2]) * _product(source[-2:]) * output[-1]
    return _product(output) * _product(kernel[1:])


def _product(numbers: tuple[int, ...]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


# --- refusing --------------------------------------------------------------------------------------------
def _problems(
    node: OperationInfo, writer: dict[int, OperationInfo], readers: dict[int, list[OperationInfo]]
) -> Iterator[Problem]:
    where = f"operator {node.number} is {node.code} ('{node.node}')"
    if node.code in AROUND_DILATION and (_before_convolution(node, readers) or _after_convolution(node, writer)):
        yield Problem(f"{where}, around a dilated convolution", "Convert with a batch of 1, not through a SavedModel")
    elif node.code in VARIABLES:
        yield Problem(f"{where}: the weights are not in the file", "Freeze the variables before converting")
    elif node.code.startswith("CUSTOM:Flex"):
        yield Problem(f"{where}: TensorFlow's own kernel, which phones lack", "Use layers that have a TFLite operator")
    elif node.code.startswith(("CUSTOM:", "UNKNOWN_")):
        yield Problem(f"{where}: a custom operator, which the runtime lacks", "Use layers that have a TFLite operator")
    for tensor in node.outputs:
        if -1 in tensor.shape:
            yield Problem(f"{where} gives an unknown dimension ({list(tensor.shape)})", "Convert with a batch of 1")


def _before_convolution(node: OperationInfo, readers: dict[int, list[OperationInfo]]) -> bool:
    followers = readers.get(id(node.outputs[0]), []) if node.outputs else []
    return any(
        other.code in CONVOLUTIONS or (other.code in BETWEEN and _before_convolution(other, readers))
        for other in followers
    )


def _after_convolution(node: OperationInfo, writer: dict[int, OperationInfo]) -> bool:
    source = writer.get(id(node.inputs[0])) if node.inputs else None
    if source is None:
        return False
    return source.code in CONVOLUTIONS or (source.code in BETWEEN and _after_convolution(source, writer))
