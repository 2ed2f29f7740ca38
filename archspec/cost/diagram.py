"""A graph as rows of blocks, those alike that follow each other in one row."""

from __future__ import annotations

from dataclasses import replace

from archspec.cost.layers import Group, block_of, group, layer_costs
from archspec.graph import Graph
from archspec.reporters.page import Block, Diagram, diagram_html


def drawing_of(graph: Graph) -> str:
    """The diagram as HTML for a notebook."""
    return diagram_html(diagram_of(graph))


def diagram_of(graph: Graph) -> Diagram:
    """Every block with its output's shape and stride."""
    costs = layer_costs(graph)
    sections = {block_of(cost): cost.section or "input" for cost in costs}
    rows: list[Block] = []
    row_of: dict[str, int] = {}
    for one in group(costs, block_of):
        block = _block(one, sections[one.name])
        if rows and _alike(rows[-1], block):
            before = rows[-1]
            rows[-1] = replace(
                before, params=before.params + block.params, macs=before.macs + block.macs, repeat=before.repeat + 1
            )
        else:
            rows.append(block)
        row_of[one.name] = len(rows) - 1
    names = {cost.name: row_of[block_of(cost)] for cost in costs}
    edges = {
        (names[tensor.node.name], names[node.name])
        for node in graph.nodes
        for tensor in node.inputs
        if node.name in names and tensor.node.name in names
    }
    return Diagram(tuple(map(_without_number, rows)), tuple(sorted(edge for edge in edges if edge[1] > edge[0])))


def _block(one: Group, section: str) -> Block:
    name = one.name.removeprefix(f"{section}.") if one.name != section else one.name
    return Block(section, name, one.output_shape, one.stride, one.params, one.macs)


def _alike(before: Block, block: Block) -> bool:
    """Blocks of one stage that give the same size: `stage2.1`, `stage2.2`, …"""
    stage, _, number = block.name.rpartition(".")
    other, _, _ = before.name.rpartition(".")
    same = (before.section, before.shape, before.stride) == (block.section, block.shape, block.stride)
    return same and number.isdigit() and bool(stage) and stage == other and number != "1"


def _without_number(block: Block) -> Block:
    """`stage2.1 × 3` for the three that follow the first."""
    if block.repeat == 1:
        return block
    stage, _, number = block.name.rpartition(".")
    return replace(block, name=f"{stage}.{number}–{int(number) + block.repeat - 1}", repeat=1)
