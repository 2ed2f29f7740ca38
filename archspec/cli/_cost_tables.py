"""Cost sheets as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from archspec.cost import CONVENTIONS, CostSheet, Group, LayerCost, group, layer_costs
from archspec.cost.layers import block_of
from archspec.graph import Graph
from archspec.network import Network
from archspec.reporters import Column, Table

Row = tuple[str | int | tuple[int, ...] | None, ...]
SHEET_COLUMNS = (
    Column("name", "network"),
    Column("hash", "hash", detail=True),
    Column("input_size", "input"),
    Column("classes", "classes", kind="integer", detail=True),
    Column("output_stride", "output stride", kind="integer", detail=True),
    Column("params", "params", kind="integer"),
    Column("params_total", "params with statistics", kind="integer", detail=True),
    Column("macs", "MACs", kind="integer"),
    Column("gflops", "GFLOPs", "2 x GMACs", kind="number", digits=3),
    Column("peak_memory_mb", "peak memory", "MB", kind="number", digits=2),
    Column("memory_access_mb", "memory access", "MB", kind="number", digits=1, detail=True),
    Column("float32_mb", "float32 .tflite", "MB", kind="number", digits=2),
    Column("float16_mb", "float16", "MB", kind="number", digits=2),
    Column("dynamic_mb", "dynamic", "MB", kind="number", digits=2),
    Column("int8_mb", "int8", "MB", kind="number", digits=2),
    Column("receptive_field", "receptive field", "px"),
)


def sheets_table(sheets: Sequence[CostSheet]) -> Table:
    """One row a network."""
    return Table("", SHEET_COLUMNS, tuple(_sheet_row(sheet) for sheet in sheets), CONVENTIONS)


def _sheet_row(sheet: CostSheet) -> tuple[str | int | float, ...]:
    size = sheet.tflite_bytes
    return (
        sheet.name,
        sheet.hash,
        _shape(sheet.input_size),
        sheet.classes,
        sheet.output_stride,
        sheet.params,
        sheet.params_total,
        sheet.macs,
        sheet.gflops,
        sheet.peak_memory_bytes / 1e6,
        sheet.memory_access_bytes / 1e6,
        *(size[precision] / 1e6 for precision in ("float32", "float16", "dynamic", "int8")),
        _shape(sheet.receptive_field),
    )


DETAIL_NOTES = (
    *CONVENTIONS[:2],
    "memory access is of the operators that a layer becomes; a layer that lives inside another has none",
)
DETAIL_COLUMNS = (
    Column("name", "name"),
    Column("layer", "layer", detail=True),
    Column("output_shape", "output", detail=True),
    Column("params", "params", kind="integer"),
    Column("params_total", "with statistics", kind="integer", detail=True),
    Column("macs", "MACs", kind="integer"),
    Column("other_operations", "other operations", kind="integer", detail=True),
    Column("memory_access_bytes", "memory access", "bytes", kind="integer", detail=True),
    Column("stride", "stride", kind="integer", detail=True),
    Column("receptive_field", "receptive field", "px", detail=True),
)
LAYER_COLUMNS = (
    *DETAIL_COLUMNS,
    Column("activation_bytes", "activation", "bytes", kind="integer", detail=True),
    Column("place", "place", detail=True),
)


def detail_table(graph: Graph, by: str) -> Table:
    """One row a layer, block or section, and the total."""
    columns = LAYER_COLUMNS if by == "layer" else DETAIL_COLUMNS
    costs = layer_costs(graph)
    total = _group_row(group(costs, lambda _: "total")[0])
    rows = (*_rows(costs, by), (*total, *[None] * (len(columns) - len(total))))
    shown = tuple(tuple(_shape(cell) if isinstance(cell, tuple) else cell for cell in row) for row in rows)
    return Table(graph.name, columns, shown, DETAIL_NOTES)


def detail_json(network: Network, by: str) -> str:
    """The cost sheet's object with the rows under `layers`, `blocks` or `sections`; sizes are lists."""
    ids = [column.id for column in (LAYER_COLUMNS if by == "layer" else DETAIL_COLUMNS)]
    rows = [dict(zip(ids, row, strict=True)) for row in _rows(layer_costs(network.graph), by)]
    return json.dumps({**network.cost.to_json(), f"{by}s": rows}, indent=2) + "\n"


def _rows(costs: Sequence[LayerCost], by: str) -> Iterator[Row]:
    if by == "layer":
        return map(_layer_row, costs)
    groups = group(costs, block_of if by == "block" else lambda cost: cost.section or "input")
    return map(_group_row, groups)


def _group_row(one: Group) -> Row:
    return (
        one.name,
        f"{one.layers} layer{'s' if one.layers > 1 else ''}",
        one.output_shape,
        one.params,
        one.params_total,
        one.macs,
        one.other_operations,
        one.memory_access_bytes,
        one.stride,
        one.receptive_field,
    )


def _layer_row(cost: LayerCost) -> Row:
    return (
        cost.name,
        cost.layer,
        cost.output_shape,
        cost.params,
        cost.params_total,
        cost.macs,
        cost.other_operations,
        cost.memory_access_bytes,
        cost.stride,
        cost.receptive_field,
        cost.activation_bytes,
        str(cost.place),
    )


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
