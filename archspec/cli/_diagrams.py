"""The graph for people: an indented tree, and a Mermaid flow chart."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.cost import Group, layer_costs
from archspec.cost.layers import LayerCost, block_of, group
from archspec.graph import Graph
from archspec.reporters import Column, Table


def tree(graph: Graph, layers: bool) -> str:
    """Sections, their blocks and, if wanted, their layers, each with output shape, parameters and GMACs."""
    return "".join(
        f"{_line(f'{name} ({kind})' if kind else name, shape, count, params, macs)}\n"
        for name, kind, shape, count, params, macs in _rows(graph, layers)
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
        for name, kind, shape, count, params, macs in _rows(graph, layers)
    )
    return Table("", columns, rows)


def _rows(graph: Graph, layers: bool) -> Iterator[tuple[str, str, str, int, int, int]]:
    """Indented name, what kind of layer, output shape, number of layers inside, parameters and MACs of each line."""
    costs = layer_costs(graph)
    yield graph.name, "", "", 0, sum(one.params for one in costs), sum(one.macs for one in costs)
    for section in group(costs, _section):
        yield f"  {section.name}", "", *_numbers(section)
        inside = [cost for cost in costs if _section(cost) == section.name]
        for block in group(inside, block_of):
            if block.name != section.name:
                yield f"    {block.name}", "", *_numbers(block)
            if layers:
                for cost in inside:
                    if block_of(cost) == block.name:
                        shape = _shape(cost.output_shape)
                        yield f"      {cost.name}", cost.layer, shape, 0, cost.params, cost.macs


def _numbers(one: Group) -> tuple[str, int, int, int]:
    return _shape(one.output_shape), one.layers, one.params, one.macs


def mermaid(graph: Graph, layers: bool) -> str:
    """A flow chart, one box a block (or a layer), with output shapes; boxes of a section stand together."""
    costs = {cost.name: cost for cost in layer_costs(graph)}
    boxes = {name: name if layers else block_of(cost) for name, cost in costs.items()}
    lines = ["flowchart TD"]
    sections = dict.fromkeys(_section(cost) for cost in costs.values())
    for section in sections:
        lines.append(f"  subgraph {section}")
        inside = [cost for cost in costs.values() if _section(cost) == section]
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


def _section(cost: LayerCost) -> str:
    return cost.section or "input"


def _identifier(name: str) -> str:
    return "n_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _line(name: str, shape: str, layers: int, params: int, macs: int) -> str:
    count = f"{layers} layers" if layers > 1 else ""
    return f"{name:<58} {shape:<16} {count:>10} {params:>11,} params {macs / 1e9:>8.4f} GMACs".rstrip()
