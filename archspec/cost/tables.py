"""Costs as tables and as JSON: of whole networks, by layer, block or section; a network as a tree and as a diagram."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archspec.arrays import PRECISIONS
from archspec.cost.layers import Group, LayerCost, block_of, group, layer_costs
from archspec.graph import Graph
from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from archspec.cost.sheet import CostSheet

CONVENTIONS = (
    "1 multiply-add = 1 MAC; GFLOPs = 2 x GMACs of convolutions, dense layers, matmul; other_operations has the rest",
    "params are trainable; params_total adds the moving statistics of batch norm",
    "peak_memory_bytes is what the runtime allocates for the float32 .tflite at batch 1, no delegate, weights not",
    "arena_bytes is the activation arena of that, without what transposed convolutions keep beside it",
    "memory_access_bytes counts what the operators of the float32 .tflite read and write, weights included",
    "tflite_bytes are predicted, for a file without labels and spec text in its metadata",
    "receptive_field is that of what the classifier reads, in pixels, not clipped at the border",
)
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
    Column("matmul_macs", "MACs of matmul", kind="integer", detail=True),
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
    """One row for each network."""
    auxiliary = [(sheet.name, sheet.auxiliary.describe()) for sheet in sheets if sheet.auxiliary is not None]
    notes = [line if len(sheets) == 1 else f"{name}: {line}" for name, line in auxiliary]
    return Table("", SHEET_COLUMNS, tuple(_sheet_row(sheet) for sheet in sheets), (*CONVENTIONS, *notes))


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
        sheet.matmul_macs,
        sheet.gflops,
        sheet.peak_memory_bytes / 1e6,
        sheet.memory_access_bytes / 1e6,
        *(size[precision] / 1e6 for precision in PRECISIONS),
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
    """One row for each layer, block or section, and the total."""
    columns = LAYER_COLUMNS if by == "layer" else DETAIL_COLUMNS
    costs = layer_costs(graph)
    total = _group_row(group(costs, lambda _: "total")[0])
    rows = (*_rows(costs, by), (*total, *[None] * (len(columns) - len(total))))
    shown = tuple(tuple(_shape(cell) if isinstance(cell, tuple) else cell for cell in row) for row in rows)
    return Table(graph.name, columns, shown, DETAIL_NOTES)


def detail_json(graph: Graph, sheet: CostSheet, by: str) -> str:
    """The cost sheet's object with the rows under `layers`, `blocks` or `sections`; sizes are lists."""
    ids = [column.id for column in (LAYER_COLUMNS if by == "layer" else DETAIL_COLUMNS)]
    rows = [dict(zip(ids, row, strict=True)) for row in _rows(layer_costs(graph), by)]
    return json.dumps({**sheet.to_json(), f"{by}s": rows}, indent=2) + "\n"


def _rows(costs: Sequence[LayerCost], by: str) -> Iterator[Row]:
    if by == "layer":
        return map(_layer_row, costs)
    groups = group(costs, block_of if by == "block" else section_of)
    return map(_group_row, groups)


def _group_row(one: Group) -> Row:
    layers = f"{one.layers} layer{'s' if one.layers > 1 else ''}"
    return tuple(layers if column.id == "layer" else getattr(one, column.id) for column in DETAIL_COLUMNS)


def _layer_row(cost: LayerCost) -> Row:
    return (*(getattr(cost, column.id) for column in LAYER_COLUMNS[:-1]), str(cost.place))


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def tree(graph: Graph, layers: bool) -> str:
    """Sections, their blocks and, if wanted, their layers, each with output shape, parameters and GMACs."""
    return "".join(
        f"{_tree_line(f'{name} ({kind})' if kind else name, shape, count, params, macs)}\n"
        for name, kind, shape, count, params, macs in _tree_rows(graph, layers)
    )


def tree_table(graph: Graph, layers: bool) -> Table:
    """The same for a terminal, the names indented."""
    columns = (
        Column("name", "name"),
        Column("params", "params", kind="integer"),
        Column("gmacs", "GMACs", kind="number", digits=4),
        Column("output_shape", "output", detail=True),
        Column("layers", "layers", kind="integer", detail=True),
        *((Column("layer", "layer", detail=True),) if layers else ()),
    )
    rows = tuple(
        (name, params, macs / 1e9, shape, count or None, *((kind,) if layers else ()))
        for name, kind, shape, count, params, macs in _tree_rows(graph, layers)
    )
    return Table("", columns, rows)


def _tree_rows(graph: Graph, layers: bool) -> Iterator[tuple[str, str, str, int, int, int]]:
    """Indented name, what kind of layer, output shape, number of layers inside, parameters and MACs of each line."""
    costs = layer_costs(graph)
    yield graph.name, "", "", 0, sum(one.params for one in costs), sum(one.macs for one in costs)
    for section in group(costs, section_of):
        yield f"  {section.name}", "", *_group_cells(section)
        inside = [cost for cost in costs if section_of(cost) == section.name]
        for block in group(inside, block_of):
            if block.name != section.name:
                yield f"    {block.name}", "", *_group_cells(block)
            if layers:
                for cost in inside:
                    if block_of(cost) == block.name:
                        shape = _shape(cost.output_shape)
                        yield f"      {cost.name}", cost.layer, shape, 0, cost.params, cost.macs


def _group_cells(one: Group) -> tuple[str, int, int, int]:
    return _shape(one.output_shape), one.layers, one.params, one.macs


def mermaid(graph: Graph, layers: bool) -> str:
    """A flow chart, one box a block (or a layer), with output shapes; boxes of a section stand together."""
    costs = {cost.name: cost for cost in layer_costs(graph)}
    boxes = {name: name if layers else block_of(cost) for name, cost in costs.items()}
    lines = ["flowchart TD"]
    sections = dict.fromkeys(section_of(cost) for cost in costs.values())
    for section in sections:
        lines.append(f"  subgraph {section}")
        inside = [cost for cost in costs.values() if section_of(cost) == section]
        for one in group(inside, lambda cost: boxes[cost.name]):
            layer = f" {costs[one.name].layer}" if layers else ""
            lines.append(f'    {_identifier(one.name)}["{one.name}{layer}<br>{_shape(one.output_shape)}"]')
        lines.append("  end")
    lines.extend(f"  {start} --> {end}" for start, end in _edges(graph, boxes))
    return "\n".join(lines) + "\n"


def _edges(graph: Graph, boxes: dict[str, str]) -> dict[tuple[str, str], None]:
    edges = (
        (_identifier(boxes[tensor.node.name]), _identifier(boxes[node.name]))
        for node in graph.nodes
        for tensor in node.inputs
    )
    return dict.fromkeys((start, end) for start, end in edges if start != end)


def section_of(cost: LayerCost) -> str:
    """The section that a layer belongs to; those before the first one are the input's."""
    return cost.section or "input"


def _identifier(name: str) -> str:
    return "n_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def _tree_line(name: str, shape: str, layers: int, params: int, macs: int) -> str:
    count = f"{layers} layers" if layers > 1 else ""
    return f"{name:<58} {shape:<16} {count:>10} {params:>11,} params {macs / 1e9:>8.4f} GMACs".rstrip()
