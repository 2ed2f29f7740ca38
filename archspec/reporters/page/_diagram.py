"""The architecture of a network, drawn as one row for each block."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archspec.reporters._table import Column, Table
from archspec.reporters.page._markup import Markup, element, joined
from archspec.reporters.page._tables import table_of

ROW, SPINE, LEFT = 34, 64, 124  # px: height of a row, where the boxes stand, where the names begin


@dataclass(frozen=True, slots=True)
class Block:
    """`section` heads it, `shape` is what comes out (height, width, channels), `repeat` how many alike follow."""

    section: str
    name: str
    shape: tuple[int, ...]
    stride: int
    params: int
    macs: int
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Diagram:
    """Blocks in order of execution; `edges` are pairs of their numbers, the later reads the earlier."""

    blocks: tuple[Block, ...]
    edges: tuple[tuple[int, int], ...] = ()


# On a page the style is that of the page; in a notebook letters have the colour of its own text.
_NOTEBOOK_STYLE = """
.archspec-diagram svg { display: block; overflow: visible; max-width: 60rem; }
.archspec-diagram text { fill: currentColor; font-size: 13px; } .archspec-diagram .head { font-weight: 600; }
.archspec-diagram rect.bar { fill: #1456c4; } .archspec-diagram .spine, .archspec-diagram .skip-edge {
  stroke: #6d7885; stroke-width: 1.25; fill: none; }
.archspec-diagram .stride1 { fill: #d4dae2; } .archspec-diagram .stride2 { fill: #b3c6e6; }
.archspec-diagram .stride4 { fill: #86a8dc; } .archspec-diagram .stride8 { fill: #5584cc; }
.archspec-diagram .stride16 { fill: #2b62b5; } .archspec-diagram .stride32 { fill: #173f80; }
"""


def diagram_html(data: Diagram) -> str:
    """The diagram with its style, to stand in a notebook."""
    style = element("style", Markup(_NOTEBOOK_STYLE))
    return str(element("div", style, diagram_section(data, ""), class_="archspec-diagram"))


def diagram_section(data: Diagram, anchor: str) -> Markup:  # noqa: ARG001
    """One row for each block, drawn as large as its feature map, with its size, stride and share of the work."""
    sections = dict.fromkeys(block.section for block in data.blocks)
    tops = _tops(data)
    height = tops[-1] + ROW if tops else ROW
    largest = max((max(block.shape[:2], default=1) for block in data.blocks if len(block.shape) == 3), default=1)
    whole = sum(block.macs for block in data.blocks) or 1
    far = tuple((start, end) for start, end in data.edges if end > start + 1)
    parts = [_edge(tops[start], tops[end], lane) for (start, end), lane in _lanes(far)]
    parts += [_spine(tops[start], tops[end]) for start, end in data.edges if end == start + 1]
    heads = _heads(data)
    most = max((block.macs for block in data.blocks), default=0) or 1
    for index, (block, top) in enumerate(zip(data.blocks, tops, strict=True)):
        if heads[index]:
            parts.append(element("text", block.section, x=str(LEFT), y=str(top - ROW + 8), class_="head"))
        parts.append(_block(block, top, largest, (whole, most)))
    description = f"Architecture: {len(data.blocks)} rows of blocks in {', '.join(sections)}; the same as a table below"
    drawing = element(
        "svg", *parts, width="100%", height=str(height), role="img", aria_label=description, class_="tower"
    )
    return joined((drawing, _block_table(data, whole)))


def _tops(data: Diagram) -> list[int]:
    """The middle of each row, a line more where a section begins."""
    tops, y = [], -ROW // 2
    for head in _heads(data):
        y += 2 * ROW if head else ROW
        tops.append(y)
    return tops


def _heads(data: Diagram) -> list[bool]:
    """Before which rows a section is named: those that begin one of several blocks."""
    sections = [block.section for block in data.blocks]
    return [
        section != before and sections.count(section) > 1
        for section, before in zip(sections, [None, *sections], strict=False)
    ]


def _lanes(edges: tuple[tuple[int, int], ...]) -> list[tuple[tuple[int, int], int]]:
    """Each edge in the first lane that is free along its way."""
    taken: list[list[tuple[int, int]]] = []
    found = []
    for start, end in sorted(edges, key=lambda edge: (edge[1] - edge[0], edge)):
        free = (lane for lane, others in enumerate(taken) if all(end <= one[0] or start >= one[1] for one in others))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((start, end))
        found.append(((start, end), lane))
    return found


def _edge(start: int, end: int, lane: int) -> Markup:
    x = max(SPINE - 26 - 9 * min(lane, 3), 2)
    way = f"M{SPINE} {start} H{x + 6} Q{x} {start} {x} {start + 6} V{end - 6} Q{x} {end} {x + 6} {end} H{SPINE}"
    return element("path", d=way, class_="skip-edge")


def _spine(top: int, below: int) -> Markup:
    return element("line", x1=str(SPINE), x2=str(SPINE), y1=str(top), y2=str(below), class_="spine")


def _block(block: Block, top: int, largest: int, work: tuple[int, int]) -> Markup:
    """`work` are the MACs of the whole and those of the block that has most."""
    width = _drawn(block, largest)
    whole, most = work
    share = f"{100 * block.macs / whole:.1f} %" if block.macs else ""
    return element(
        "g",
        element("rect", x=f"{SPINE - width / 2:.1f}", y=str(top - 9), width=f"{width:.1f}", height="18", rx="3",
                class_=f"block stride{block.stride if block.stride in (1, 2, 4, 8, 16) else 32}"),
        element("text", _name(block), x=str(LEFT), y=str(top), dy="0.32em", class_="name"),
        element("text", _size(block.shape), x="58%", y=str(top), dy="0.32em", class_="wide"),
        element("rect", x="80%", y=str(top - 4), width=f"{11 * block.macs / most:.2f}%", height="8", class_="bar wide"),
        element("text", share, x="100%", y=str(top), dy="0.32em", text_anchor="end"),
    )  # fmt: skip


def _drawn(block: Block, largest: int) -> float:
    """px, by the root of the size, so that the small ones can be seen."""
    side = max(block.shape[:2], default=1) if len(block.shape) == 3 else 1
    return 8 + 80 * math.sqrt(side / largest)


def _name(block: Block) -> str:
    return f"{block.name} × {block.repeat}" if block.repeat > 1 else block.name


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _block_table(data: Diagram, whole: int) -> Markup:
    columns = (
        Column("name", "block"), Column("shape", "output, H × W × C", align="right"),
        Column("stride", "stride", kind="integer"), Column("params", "parameters", kind="integer"),
        Column("macs", "MACs", "10⁶", "number", 2), Column("share", "share", "%", "number", 1),
    )  # fmt: skip
    rows = tuple(
        (f"{one.section}: {_name(one)}", _size(one.shape), one.stride, one.params, one.macs / 1e6,
         100 * one.macs / whole)
        for one in data.blocks
    )  # fmt: skip
    return element(
        "details", element("summary", "As a table"), table_of(Table("", columns, rows), "Blocks"), class_="all"
    )
