"""What is in a `.tflite`, ours or not: operators, multiply-adds counted off its shapes; what may not be in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archspec.errors import Fault, Place, Problem, UserError
from archspec.export.file_macs import UNKNOWN_SIZE, mac_counts, total
from archspec.export.operator_info import OperationInfo, TensorInfo
from archspec.export.tflite_file import enumeration_names, flat_model

CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"}
AROUND_DILATION = {"SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"}
BETWEEN = {"PAD", "PADV2", "RELU", "RELU6", "ADD", "MUL"}  # what converters leave between those and the convolution
VARIABLES = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}


@dataclass(frozen=True, slots=True)
class Census:
    """`operations` counts by code (`CUSTOM:name` for custom ones). `macs` is None where a dimension is unknown, and
    without what operators do that have no rule: `mac_counts` names them."""

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
    nodes = tuple(_operations(graph, tensors, codes, schema))
    counts = mac_counts(nodes)
    return Census(
        operations=dict(Counter(node.code for node in nodes).most_common()),
        versions=dict(
            sorted({node.code: node.version for node in sorted(nodes, key=lambda node: node.version)}.items())
        ),
        macs=None if any(count.why == UNKNOWN_SIZE for count in counts) else total(counts),
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


def _operations(
    graph: Any, tensors: list[TensorInfo], codes: list[tuple[str, int]], schema: Any
) -> Iterator[OperationInfo]:
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        inputs = operator.InputsAsNumpy().tolist() if operator.InputsLength() else []
        outputs = operator.OutputsAsNumpy().tolist() if operator.OutputsLength() else []
        code, version = codes[operator.OpcodeIndex()]
        steps = _steps(operator, schema) if code == "CONV_2D" else ()
        yield OperationInfo(
            number,
            code,
            version,
            tuple(tensors[index] for index in inputs if index >= 0),
            tuple(tensors[index] for index in outputs if index >= 0),
            steps,
        )


def _steps(operator: Any, schema: Any) -> tuple[int, ...]:
    """Strides and dilation rates of a CONV_2D."""
    table, options = operator.BuiltinOptions(), schema.Conv2DOptions()
    if table is None:
        return (1, 1, 1, 1)
    options.Init(table.Bytes, table.Pos)
    return options.StrideH(), options.StrideW(), options.DilationHFactor(), options.DilationWFactor()


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
