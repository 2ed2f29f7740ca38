"""Costs of `.tflite` files as tables: a row for each file, for each kind of operator, for each operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.cost import CostSheet
from archspec.export.operator_info import OPEN, TensorInfo
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.export.file_cost import FileCost, OperatorCost

CONVENTIONS = (
    "1 multiply-add = 1 MAC; GFLOPs = 2 x GMACs; by the shapes in the file, operator by operator",
    "params are the numbers in constant tensors of weights, batch norm folded where the file has it folded",
    "peak memory is what the runtime allocates with one thread and no delegate, weights not, planned and not run",
)
FILE_COLUMNS = (
    Column("name", "network"),
    Column("hash", "hash", detail=2),
    Column("precision", "precision", wraps=True),
    Column("inputs", "inputs", wraps=True),
    Column("outputs", "outputs", wraps=True, detail=1),
    Column("params", "params", kind="integer"),
    Column("macs", "MACs", kind="integer"),
    Column("gflops", "GFLOPs", "2 x GMACs", kind="number", digits=3),
    Column("peak_memory_mb", "peak memory", "MB", kind="number", digits=2),
    Column("arena_mb", "arena", "MB", kind="number", digits=2, detail=2),
    Column("memory_access_mb", "memory access", "MB", kind="number", digits=1, detail=2),
    Column("weights_mb", "weights", "MB", kind="number", digits=2, detail=1),
    Column("file_mb", "file", "MB", kind="number", digits=2),
    Column("operators", "operators", kind="integer"),
    Column("not_counted", "not counted", wraps=True),
)
TOTALS = ("params", "macs", "gflops", "peak_memory_bytes", "arena_bytes", "memory_access_bytes", "weight_bytes",
          "file_bytes")  # fmt: skip
KIND_COLUMNS = (
    Column("operator", "operator"),
    Column("count", "ops", kind="integer"),
    Column("params", "params", kind="integer"),
    Column("macs", "MACs", kind="integer"),
    Column("share", "of all MACs", "%", kind="number", digits=1),
)
OPERATOR_COLUMNS = (
    Column("number", "#", kind="integer"),
    Column("name", "name"),
    Column("operator", "operator"),
    Column("output_shape", "output", detail=1),
    Column("dtype", "type", detail=2),
    Column("params", "params", kind="integer"),
    Column("macs", "MACs", kind="integer"),
    Column("memory_access_bytes", "memory access", "bytes", kind="integer", detail=2),
)


def files_table(costs: Sequence[FileCost | CostSheet]) -> Table:
    """One row for each file. A spec's cost sheet may stand among them, as the float32 file that it would be."""
    files = [one for one in costs if not isinstance(one, CostSheet)]
    notes = [f"{one.name}: {note}" if len(costs) > 1 else note for one in files for note in one.notes()]
    if len(files) < len(costs):
        notes.append("params of a spec are those that train, before batch norm is folded; its file is predicted")
    rows = tuple(_spec_row(one) if isinstance(one, CostSheet) else _file_row(one) for one in costs)
    return Table("", FILE_COLUMNS, rows, (*notes, *CONVENTIONS))


def _file_row(cost: FileCost) -> tuple[Cell, ...]:
    census = cost.census
    return (
        cost.name,
        cost.hash,
        cost.precision,
        ends_text(census.inputs),
        ends_text(census.outputs),
        cost.params,
        cost.macs,
        cost.gflops,
        _megabytes(cost.peak_memory_bytes),
        _megabytes(cost.memory.arena_bytes),
        _megabytes(cost.memory_access_bytes),
        census.weight_bytes / 1e6,
        census.file_bytes / 1e6,
        len(census.nodes),
        ", ".join(cost.not_counted) or None,
    )


def _spec_row(sheet: CostSheet) -> tuple[Cell, ...]:
    image = sheet.graph.inputs[0]
    return (
        sheet.name,
        sheet.hash,
        "float32, predicted",
        f"1 x {' x '.join(map(str, image.shape))} {image.dtype}",
        None,
        sheet.params,
        sheet.macs,
        sheet.gflops,
        sheet.peak_memory_bytes / 1e6,
        sheet.arena_bytes / 1e6,
        sheet.memory_access_bytes / 1e6,
        None,
        sheet.tflite_bytes["float32"] / 1e6,
        None,
        None,
    )


def kinds_table(cost: FileCost, notes: bool = True) -> Table:
    """One row for each kind of operator."""
    rows = [
        (
            one.code,
            one.count,
            one.params,
            one.macs,
            None if not cost.macs or one.macs is None else 100 * one.macs / cost.macs,
        )
        for one in cost.by_code()
    ]
    return Table(cost.name, KIND_COLUMNS, tuple(rows), (*cost.notes(), *CONVENTIONS[:2]) if notes else ())


def operators_table(cost: FileCost) -> Table:
    """One row for each operator, in the order in which they run."""
    rows = tuple(map(_operator_row, cost.operators))
    return Table(cost.name, OPERATOR_COLUMNS, rows, (*cost.notes(), *CONVENTIONS[:2]))


def _operator_row(one: OperatorCost) -> tuple[Cell, ...]:
    node, output = one.node, one.node.outputs[0] if one.node.outputs else None
    shape, dtype = (None, None) if output is None else (shape_text(output), output.dtype.lower())
    return node.number, node.node, node.code, shape, dtype, one.params, one.macs, one.moved_bytes


DIFFERENCE_COLUMNS = (
    Column("what", "what", detail=2),
    Column("name", "name"),
    Column("a", "A", wraps=True, detail=1, of="b"),
    Column("b", "B", wraps=True, detail=1, of="a"),
    Column("change", "change", wraps=True),
)


def difference_table(a: FileCost, b: FileCost) -> Table:
    """Two files side by side: what they say of themselves, their totals, and their operators by kind."""
    rows = [
        _difference("file", "precision", a.precision, b.precision),
        _difference("file", "inputs", ends_text(a.census.inputs), ends_text(b.census.inputs)),
        _difference("file", "outputs", ends_text(a.census.outputs), ends_text(b.census.outputs)),
    ]
    first, second = a.to_json(), b.to_json()
    rows += [_difference("cost", key, first[key], second[key]) for key in TOTALS]
    kinds = ({one.code: one for one in a.by_code()}, {one.code: one for one in b.by_code()})
    for code in dict.fromkeys((*kinds[0], *kinds[1])):
        one, other = kinds[0].get(code), kinds[1].get(code)
        rows.append(_difference("operators", code, one.count if one else None, other.count if other else None))
        macs = [None if kind is None else kind.macs for kind in (one, other)]
        if any(macs):
            rows.append(_difference("MACs", code, *macs))
    notes = [f"{side}: {cost.name}: {note}" for side, cost in (("A", a), ("B", b)) for note in cost.notes()]
    verdict = "one file: the bytes are equal" if a.hash == b.hash else "two files"
    return Table("", DIFFERENCE_COLUMNS, tuple(rows), (f"A: {a.name}", f"B: {b.name}", verdict, *notes))


def _difference(what: str, name: str, a: str | int | float | None, b: str | int | float | None) -> tuple[Cell, ...]:
    def text(value: str | int | float | None) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"

    return what, name, text(a), text(b), change_text(a, b)


def change_text(a: str | int | float | None, b: str | int | float | None) -> str:
    """`=`, `+1.3%`, `only in A`, or `changed`."""
    if a == b:
        return "="
    if a is None or b is None:
        return "only in B" if a is None else "only in A"
    if not isinstance(a, str) and not isinstance(b, str) and a:
        return f"{(b - a) / a:+.1%}"
    return "changed"


def ends_text(tensors: Sequence[TensorInfo]) -> str:
    """`1 x 224 x 224 x 3 uint8`, several with commas between them."""
    return ", ".join(f"{shape_text(one)} {one.dtype.lower()}" for one in tensors)


def shape_text(tensor: TensorInfo) -> str:
    """`1 x 224 x 224 x 3`; a dimension that is unknown is a question mark."""
    return " x ".join("?" if size == OPEN else str(size) for size in tensor.shape) or "one number"


def _megabytes(size: int | None) -> float | None:
    return None if size is None else size / 1e6
