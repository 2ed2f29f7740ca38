"""Multiply-adds of a `.tflite` by the shapes that it says, operator by operator; what nobody has a rule for is said.

One rule an operator. Operators that only move, compare, pool or change numbers one by one have no multiply-adds by the
convention of the cost sheet; anything else that has no rule is *not counted*, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import NamedTuple

from archspec.export.operator_info import OPEN, OperationInfo, TensorInfo

Shape = tuple[int, ...]
SPREAD, GATHERED = "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"


class MacCount(NamedTuple):
    """The multiply-adds of one operator: None with a reason where they are not counted."""

    macs: int | None
    why: str = ""


def _convolution(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * prod(inputs[1][1:])


def _depthwise(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * prod(inputs[1][1:3])


def _transposed(inputs: list[Shape], _: Shape) -> int:
    """Each number that comes in is multiplied with one kernel of every filter."""
    return prod(inputs[2]) * prod(inputs[1][:3])


def _convolution_3d(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * prod(inputs[1][:4])


def _transposed_3d(inputs: list[Shape], _: Shape) -> int:
    return prod(inputs[2]) * prod(inputs[1][:4])


def _product(inputs: list[Shape], output: Shape) -> int:
    """Of two matrices, either of which may be turned round: of M × K and K × N numbers, K for each of M × N."""
    rows = output[-2] if len(output) > 1 else 1
    return prod(output) * (prod(inputs[0][-2:]) // max(1, rows))


RULES: dict[str, Callable[[list[Shape], Shape], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _convolution,
    "BATCH_MATMUL": _product,
    "CONV_3D": _convolution_3d,
    "CONV_3D_TRANSPOSE": _transposed_3d,
}
WEIGHTED = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3, "CONV_3D": 2,
            "CONV_3D_TRANSPOSE": 3}  # fmt: skip
"""Operators with weights, and which of their inputs is the bias."""
NO_MACS = frozenset(
    """ABS ADD ADD_N ARG_MAX ARG_MIN ATAN2 AVERAGE_POOL_2D BATCH_TO_SPACE_ND BITCAST BITWISE_XOR BROADCAST_ARGS
    BROADCAST_TO BUCKETIZE CAST CEIL CONCATENATION COS CUMSUM DENSIFY DEPTH_TO_SPACE DEQUANTIZE DILATE DIV
    DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FAKE_QUANT FILL FLOOR FLOOR_DIV FLOOR_MOD GATHER
    GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL
    LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MATRIX_DIAG MATRIX_SET_DIAG
    MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 NOT_EQUAL ONE_HOT
    PACK PAD PADV2 POW PRELU QUANTIZE RANDOM_STANDARD_NORMAL RANDOM_UNIFORM RANGE RANK REDUCE_ALL REDUCE_ANY REDUCE_MAX
    REDUCE_MIN REDUCE_PROD RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR
    REVERSE_SEQUENCE REVERSE_V2 RIGHT_SHIFT ROUND RSQRT SCATTER_ND SEGMENT_SUM SELECT SELECT_V2 SHAPE SIGN SIN SLICE
    SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPARSE_TO_DENSE SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE
    STRIDED_SLICE SUB SUM TANH TILE TOPK_V2 TRANSPOSE UNIQUE UNPACK WHERE ZEROS_LIKE""".split()  # noqa: SIM905 (as a list it is three times as long)
)
NO_RULE = "no rule for this operator"
CUSTOM_RULE = "a custom operator: what it does is not in the file"
UNKNOWN_SIZE = "a dimension is unknown before run time"


def mac_counts(nodes: Sequence[OperationInfo]) -> tuple[MacCount, ...]:
    """Of every operator of a file, in their order.

    A dilated convolution that was written as SPACE_TO_BATCH_ND, convolution, BATCH_TO_SPACE_ND is counted as the one
    convolution that it is, by the map that comes out: not by the padding that is cropped away again.
    """
    readers: dict[int, list[OperationInfo]] = {}
    writer: dict[int, OperationInfo] = {}
    for node in nodes:
        for tensor in node.inputs:
            readers.setdefault(id(tensor), []).append(node)
        writer.update({id(tensor): node for tensor in node.outputs})
    return tuple(operator_macs(node, _grid(node, writer, readers)) for node in nodes)


def total(counts: Iterable[MacCount]) -> int:
    """All that are counted."""
    return sum(count.macs or 0 for count in counts)


def operator_macs(node: OperationInfo, grid: Shape = ()) -> MacCount:
    """Of one operator. `grid` is (N, H, W) of its output where that is not the one that it gives itself."""
    rule = RULES.get(node.code)
    if rule is None:
        if node.code in NO_MACS:
            return MacCount(0)
        return MacCount(None, CUSTOM_RULE if node.code.startswith("CUSTOM:") else NO_RULE)
    output = node.outputs[0].shape
    output = (*grid, output[-1]) if grid else output
    shapes = [tensor.shape for tensor in node.inputs]
    if any(OPEN in shape for shape in (*shapes, output)):
        return MacCount(None, UNKNOWN_SIZE)
    return MacCount(rule(shapes, output))


def _grid(node: OperationInfo, writer: dict[int, OperationInfo], readers: dict[int, list[OperationInfo]]) -> Shape:
    """(N, H, W) of what a convolution between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND stands for; else nothing."""
    if node.code not in ("CONV_2D", "DEPTHWISE_CONV_2D") or not node.inputs:
        return ()
    before = writer.get(id(node.inputs[0]))
    if before is None or before.code != SPREAD:
        return ()
    after = _gathered(node.outputs[0], readers)
    shape = after.outputs[0].shape if after is not None and after.outputs else ()
    return shape[:3] if len(shape) == 4 else ()


def _gathered(tensor: TensorInfo, readers: dict[int, list[OperationInfo]]) -> OperationInfo | None:
    """The BATCH_TO_SPACE_ND behind a tensor, sums with a bias and activations between them left out."""
    for node in readers.get(id(tensor), []):
        if node.code == GATHERED:
            return node
        if node.code in ("ADD", "MUL", "RELU", "RELU6") and node.outputs:
            return _gathered(node.outputs[0], readers)
    return None
