"""Whether a file's operators stay on a delegate, and why not: answered from the table, for phones nobody has here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from archspec.export.census import Census, OperationInfo, TensorInfo
from archspec.export.delegate_table import DELEGATES, SOURCES, TABLE, Row

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


def stays_said(census: Census, delegate: str) -> str:
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
