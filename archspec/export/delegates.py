"""Whether a file's operators stay on a delegate, and why not: answered from a table, for phones nobody has here.

The table has one row for each operator and delegate, with its limits, its source and its date. What has no row is not
taken: the lists that the rows were read from name every operator that is. A type of "8 bit" in the comments is INT8 or
UINT8. Limits that a file does not show (what a driver refuses at run time) are in no table.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from archspec.export.census import Census
from archspec.export.operator_info import OperationInfo, TensorInfo

DELEGATES = ("xnnpack", "gpu", "nnapi")
FLOAT, QUANTISED, INTEGER = ("FLOAT32",), ("INT8", "UINT8"), ("INT32",)
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from, of which date, and what they leave open."""

    title: str
    date: str
    remark: str = ""


SOURCES = {
    "xnnpack list": Source(
        "tensorflow/lite/delegates/xnnpack/README.md at 66d227cdd4c1", "read 2026-11-26",
        "older than LiteRT 2.3.0, which takes more",
    ),
    "xnnpack tried": Source(
        "LiteRT 2.3.0 on x86-64: what its interpreter delegated of all bundled networks in four precisions",
        "tried 2026-11-26",
    ),
    "gpu check": Source(
        "tensorflow/lite/tools/versioning/gpu_compatibility.cc at 03a5e4e19a9c", "read 2026-11-26",
        "the check that the GPU delegate itself asks; not compared with a phone. The Analyzer of TensorFlow 2.21 "
        "calls every file compatible, also one of TOPK_V2 alone, so it proves nothing",
    ),
    "nnapi check": Source(
        "tensorflow/lite/delegates/nnapi/nnapi_delegate.cc, NNAPIDelegateKernel::Validate", "read 2026-11-26",
        "for Android 11 (NNAPI 1.3) or later; what the driver of a chip refuses is not in it. "
        "Android 15 deprecates NNAPI",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A delegate takes an operator within these limits; empty limits are none.

    `types` are those of the data that goes in, `output_types` of what comes out, `ranks` (lowest, highest) of the
    data; `inputs` the most and `least_inputs` the fewest; `constant` the positions of inputs that must be constants;
    `same_weights` asks that weights be of the data's own type; `scale_ratio` that each input's scale over the output's
    be at least the first and below the second number.
    """

    delegate: str
    operator: str
    source: str
    types: tuple[str, ...] = ANY
    output_types: tuple[str, ...] = ANY
    ranks: tuple[int, int] = (0, 99)
    inputs: int = 99
    least_inputs: int = 0
    constant: tuple[int, ...] = ()
    same_weights: bool = False
    scale_ratio: tuple[float, float] | None = None


def _rows(delegate: str, source: str, operators: str, **limits: object) -> tuple[Row, ...]:
    return tuple(Row(delegate, operator, source, **limits) for operator in operators.split())  # type: ignore[arg-type]


_XNNPACK = (
    *_rows("xnnpack", "xnnpack list", "ABS CEIL DIV FLOOR MAXIMUM MINIMUM NEG RELU_N1_TO_1 ROUND SOFTMAX "
           "SQRT SQUARE SQUARED_DIFFERENCE RELU6", types=FLOAT),
    *_rows("xnnpack", "xnnpack list", "ELU FULLY_CONNECTED", types=(*FLOAT, *QUANTISED)),
    *_rows("xnnpack", "xnnpack tried", "COS EXP GELU HARD_SWISH LOG RELU RSQRT SIN TANH", types=FLOAT),
    *_rows("xnnpack", "xnnpack tried", "LEAKY_RELU", types=(*FLOAT, *QUANTISED)),
    *_rows("xnnpack", "xnnpack tried", "BATCH_MATMUL", types=FLOAT, inputs=2),
    *_rows("xnnpack", "xnnpack tried", "SUM", types=FLOAT, constant=(1,)),
    *_rows("xnnpack", "xnnpack tried", "ADD", types=FLOAT, inputs=2),
    *_rows("xnnpack", "xnnpack tried", "ADD", types=QUANTISED, inputs=2, scale_ratio=(2**-10, 2**8)),
    *_rows("xnnpack", "xnnpack tried", "MUL SUB", types=(*FLOAT, *QUANTISED), inputs=2),
    *_rows("xnnpack", "xnnpack tried", "AVERAGE_POOL_2D", types=FLOAT),
    *_rows("xnnpack", "xnnpack tried", "MEAN", types=(*FLOAT, "INT8"), constant=(1,)),
    *_rows("xnnpack", "xnnpack tried", "PRELU", types=FLOAT, constant=(1,)),
    *_rows("xnnpack", "xnnpack tried", "CONV_2D", types=(*FLOAT, *QUANTISED)),
    *_rows("xnnpack", "xnnpack tried", "DEPTHWISE_CONV_2D", types=(*FLOAT, *QUANTISED), same_weights=True),
    *_rows("xnnpack", "xnnpack tried", "TRANSPOSE_CONV", types=(*FLOAT, *QUANTISED), constant=(0, 1)),
    *_rows("xnnpack", "xnnpack tried", "CONCATENATION", types=(*FLOAT, *QUANTISED), inputs=5),
    *_rows("xnnpack", "xnnpack tried", "RESHAPE RESIZE_BILINEAR PAD TRANSPOSE", types=(*FLOAT, *QUANTISED),
           constant=(1,)),
    *_rows("xnnpack", "xnnpack tried", "SLICE", types=(*FLOAT, *QUANTISED), constant=(1, 2)),
    *_rows("xnnpack", "xnnpack tried", "LOGISTIC MAX_POOL_2D SPACE_TO_DEPTH DEPTH_TO_SPACE",
           types=(*FLOAT, *QUANTISED)),
    *_rows("xnnpack", "xnnpack tried", "QUANTIZE", types=(*FLOAT, *QUANTISED)),
    *_rows("xnnpack", "xnnpack tried", "CUSTOM:Convolution2DTransposeBias", types=FLOAT, constant=(1,)),
    *_rows("xnnpack", "xnnpack tried", "DEQUANTIZE", types=("FLOAT16", *QUANTISED)),
)  # fmt: skip

_GPU = (
    *_rows("gpu", "gpu check", "ADD MUL SUB DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE EQUAL GREATER GREATER_EQUAL "
           "LESS LESS_EQUAL NOT_EQUAL LOGICAL_AND FLOOR_DIV FLOOR_MOD", inputs=2, ranks=(0, 4)),
    *_rows("gpu", "gpu check", "ABS CEIL COS ELU EXP FLOOR GELU LOG LOGISTIC NEG RSQRT SIGN SIN SQRT SQUARE TANH RELU "
           "RELU6 RELU_N1_TO_1 LEAKY_RELU PRELU HARD_SWISH SOFTMAX", ranks=(0, 4)),
    *_rows("gpu", "gpu check", "CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV FULLY_CONNECTED AVERAGE_POOL_2D MAX_POOL_2D "
           "CONCATENATION RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPACE_TO_DEPTH DEPTH_TO_SPACE SPLIT SPLIT_V "
           "PACK TILE TRANSPOSE QUANTIZE BATCH_MATMUL SELECT SELECT_V2", ranks=(0, 4)),
    *_rows("gpu", "gpu check", "DEQUANTIZE", types=("FLOAT16", *QUANTISED)),
    *_rows("gpu", "gpu check", "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD", constant=(1,), ranks=(0, 4)),
    *_rows("gpu", "gpu check", "PAD PADV2 MIRROR_PAD", ranks=(3, 4)),
    *_rows("gpu", "gpu check", "SLICE STRIDED_SLICE", ranks=(3, 4)),
    *_rows("gpu", "gpu check", "GATHER", types=("FLOAT32", "FLOAT16", *QUANTISED), ranks=(0, 4)),
    *_rows("gpu", "gpu check", "CAST", types=("FLOAT32", "INT32", "BOOL"), output_types=("FLOAT32", "INT32", "BOOL")),
    *_rows("gpu", "gpu check", "CUSTOM:Convolution2DTransposeBias CUSTOM:MaxPoolingWithArgmax2D "
           "CUSTOM:MaxUnpooling2D CUSTOM:Resampler"),
)  # fmt: skip

_NUMBERS = (*FLOAT, *QUANTISED)
_NNAPI = (
    *_rows("nnapi", "nnapi check", "ADD MUL", types=(*_NUMBERS, *INTEGER)),
    *_rows("nnapi", "nnapi check", "SUB", types=(*_NUMBERS, *INTEGER), ranks=(0, 4)),
    *_rows("nnapi", "nnapi check", "AVERAGE_POOL_2D MAX_POOL_2D HARD_SWISH RELU RELU6 RELU_N1_TO_1 LOGISTIC TANH MEAN "
           "PAD PADV2", types=_NUMBERS),
    *_rows("nnapi", "nnapi check", "CONV_2D", least_inputs=3),
    *_rows("nnapi", "nnapi check", "DEPTHWISE_CONV_2D FULLY_CONNECTED STRIDED_SLICE SPACE_TO_BATCH_ND "
           "BATCH_TO_SPACE_ND SQUEEZE FLOOR"),
    *_rows("nnapi", "nnapi check", "TRANSPOSE", constant=(1,)),
    *_rows("nnapi", "nnapi check", "TRANSPOSE_CONV", constant=(0, 1)),
    *_rows("nnapi", "nnapi check", "SOFTMAX", types=_NUMBERS, ranks=(0, 4)),
    *_rows("nnapi", "nnapi check", "RESHAPE", types=_NUMBERS, constant=(1,)),
    *_rows("nnapi", "nnapi check", "RESIZE_BILINEAR", types=_NUMBERS, ranks=(4, 4), constant=(1,)),
    *_rows("nnapi", "nnapi check", "RESIZE_NEAREST_NEIGHBOR", types=_NUMBERS, constant=(1,)),
    *_rows("nnapi", "nnapi check", "CONCATENATION", types=("FLOAT16", *_NUMBERS), ranks=(0, 4)),
    *_rows("nnapi", "nnapi check", "ARG_MAX ARG_MIN", types=("FLOAT16", *_NUMBERS, *INTEGER), output_types=INTEGER),
    *_rows("nnapi", "nnapi check", "DEQUANTIZE", types=QUANTISED),
    *_rows("nnapi", "nnapi check", "QUANTIZE", types=_NUMBERS, output_types=QUANTISED),
    *_rows("nnapi", "nnapi check", "DIV ABS EXP LOG RSQRT POW SIN SQRT ELU LOG_SOFTMAX", types=FLOAT),
    *_rows("nnapi", "nnapi check", "SLICE MAXIMUM MINIMUM TILE SELECT", types=(*_NUMBERS, *INTEGER)),
    *_rows("nnapi", "nnapi check", "EXPAND_DIMS GATHER", types=("FLOAT16", *_NUMBERS, *INTEGER)),
    *_rows("nnapi", "nnapi check", "SPLIT", types=(*_NUMBERS, *INTEGER), constant=(0,)),
    *_rows("nnapi", "nnapi check", "SPACE_TO_DEPTH DEPTH_TO_SPACE LEAKY_RELU PRELU REDUCE_MAX REDUCE_MIN",
           types=_NUMBERS),
    *_rows("nnapi", "nnapi check", "CAST", types=(*_NUMBERS, *INTEGER), output_types=(*_NUMBERS, *INTEGER)),
    *_rows("nnapi", "nnapi check", "EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL",
           types=(*_NUMBERS, *INTEGER, "BOOL")),
    *_rows("nnapi", "nnapi check", "NEG", types=(*FLOAT, *INTEGER)),
    *_rows("nnapi", "nnapi check", "SQUARED_DIFFERENCE", types=(*_NUMBERS, *INTEGER), ranks=(0, 4)),
    *_rows("nnapi", "nnapi check", "PACK", types=("FLOAT32", "INT32", "INT8")),
)  # fmt: skip

TABLE: tuple[Row, ...] = (*_XNNPACK, *_GPU, *_NNAPI)


DATA_INPUT = {"TRANSPOSE_CONV": 2, "SPLIT": 1}  # which input the data is; elsewhere the first
WEIGHTS_INPUT = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """An operator that a delegate leaves to the CPU, and the limit that it breaks."""

    number: int
    operator: str
    node: str
    why: str


def refusals(census: Census, delegate: str) -> tuple[Refusal, ...]:
    """The operators that fall back, in the file's order. `delegate` is one of `DELEGATES`."""
    found = []
    unpacked = _unpacked(census)
    for one in census.nodes:
        why = refused(one, delegate, unpacked)
        if why:
            found.append(Refusal(one.number, one.code, one.node, why))
    return tuple(found)


def refused(operation: OperationInfo, delegate: str, unpacked: frozenset[str] = frozenset()) -> str:
    """Why a delegate does not take an operator; empty when it does. `unpacked` names constants of half precision."""
    rows = _table(delegate).get(operation.code, ())
    if not rows:
        return "not among the operators it takes"
    of_its_type = [row for row in rows if not row.types or _data(operation).dtype in row.types]
    reasons = [_broken(operation, row, unpacked) for row in of_its_type or rows]
    return "" if "" in reasons else reasons[0]


def describe_fallbacks(census: Census, delegate: str) -> str:
    """`yes`, or how many operators fall back and which kinds: `2 ops fall back (1 ARG_MAX, 1 GATHER)`."""
    found = refusals(census, delegate)
    if not found:
        return "yes"
    counts: dict[str, int] = defaultdict(int)
    for one in found:
        counts[one.operator] += 1
    kinds = ", ".join(f"{count} {operator}" for operator, count in counts.items())
    return f"{falls_back(len(found))} ({kinds})"


def falls_back(count: int) -> str:
    """`yes`, `1 op falls back`, `7 ops fall back`: whether a file stays on a delegate."""
    if count == 0:
        return "yes"
    return "1 op falls back" if count == 1 else f"{count} ops fall back"


def sources_of(delegate: str) -> tuple[str, ...]:
    """Where a delegate's rows come from, each with its date and what it leaves open."""
    used = dict.fromkeys(row.source for row in TABLE if row.delegate == delegate)
    found = []
    for name in used:
        source = SOURCES[name]
        found.append(f"{delegate}: {source.title}, {source.date}" + (f"; {source.remark}" if source.remark else ""))
    return tuple(found)


@cache
def _table(delegate: str) -> dict[str, tuple[Row, ...]]:
    if delegate not in DELEGATES:
        raise ValueError(f"no delegate '{delegate}'")
    found: dict[str, list[Row]] = defaultdict(list)
    for row in TABLE:
        if row.delegate == delegate:
            found[row.operator].append(row)
    return {operator: tuple(rows) for operator, rows in found.items()}


def _broken(operation: OperationInfo, row: Row, unpacked: frozenset[str]) -> str:
    """The first limit of a row that an operator breaks, in words."""
    data, output = _data(operation), operation.outputs[0]
    if row.types and data.dtype not in row.types:
        return f"of {data.dtype}; it takes {', '.join(row.types)}"
    if row.output_types and output.dtype not in row.output_types:
        return f"gives {output.dtype}; it gives {', '.join(row.output_types)}"
    if not row.ranks[0] <= len(data.shape) <= row.ranks[1]:
        return f"of {len(data.shape)} dimensions; it takes {row.ranks[0]} to {row.ranks[1]}"
    if not row.least_inputs <= len(operation.inputs) <= row.inputs:
        bound = f"at most {row.inputs}" if len(operation.inputs) > row.inputs else f"at least {row.least_inputs}"
        return f"of {len(operation.inputs)} inputs; it takes {bound}"
    for position in row.constant:
        if position < len(operation.inputs) and not _is_constant(operation.inputs[position], unpacked):
            return f"input {position} is computed; it must be constant"
    if (
        row.same_weights
        and len(operation.inputs) > WEIGHTS_INPUT
        and operation.inputs[WEIGHTS_INPUT].dtype != data.dtype
    ):
        return f"weights of {operation.inputs[WEIGHTS_INPUT].dtype} for data of {data.dtype}"
    return _unbalanced(operation, row.scale_ratio) if row.scale_ratio else ""


def _unbalanced(operation: OperationInfo, bounds: tuple[float, float]) -> str:
    output = operation.outputs[0].scale
    for one in operation.inputs:
        if one.scale and output and not bounds[0] <= one.scale / output < bounds[1]:
            ratio = one.scale / output
            return f"scale of an input is {ratio:.2g} of the output's; it takes {bounds[0]:.2g} to {bounds[1]:g}"
    return ""


def _data(operation: OperationInfo) -> TensorInfo:
    position = DATA_INPUT.get(operation.code, 0)
    return operation.inputs[position] if position < len(operation.inputs) else operation.outputs[0]


def _is_constant(tensor: TensorInfo, unpacked: frozenset[str]) -> bool:
    return tensor.buffer_bytes > 0 or tensor.name in unpacked


def _unpacked(census: Census) -> frozenset[str]:
    """Names of tensors that a DEQUANTIZE makes from a constant: delegates unpack them once, when a file is loaded."""
    return frozenset(
        one.outputs[0].name for one in census.nodes if one.code == "DEQUANTIZE" and one.inputs[0].buffer_bytes
    )
