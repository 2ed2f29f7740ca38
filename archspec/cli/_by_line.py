"""The spec's own text with the cost of each line beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from archspec.cli._network import Traced
from archspec.cost import CONVENTIONS, LayerCost, layer_costs
from archspec.errors import Place
from archspec.reporters import Column, Table


@dataclass(slots=True)
class Line:
    """What one line of YAML costs."""

    layers: int = 0
    params: int = 0
    macs: int = 0


Lines = dict[str, dict[int, Line]]


def lines_of(network: Traced) -> Lines:
    """Costs by file and line. A line that names a part (`backbone: shufflenet_v2`) has the part's total, and the part's
    own file has it again line by line."""
    lines: Lines = defaultdict(lambda: defaultdict(Line))
    for cost in layer_costs(network.graph):
        for place in {_spot(cost.section_place), _spot(cost.place)}:
            if place is not None:
                _count(lines[place[0]][place[1]], cost)
    return lines


def _spot(place: Place) -> tuple[str, int] | None:
    return (place.file, place.line) if place.file else None


def _count(line: Line, cost: LayerCost) -> None:
    line.layers += 1
    line.params += cost.params
    line.macs += cost.macs


def by_line_text(network: Traced) -> str:
    """Every file that has a part in the network, with GMACs and parameters to the left of its lines."""
    pieces = []
    for file, lines in lines_of(network).items():
        pieces.append(f"{file}\n{'GMACs':>9}  {'params':>11}\n")
        text = _text(file)
        if text is None:  # an override on the command line
            pieces.extend(f"{line.macs / 1e9:>9.4f}  {line.params:>11,}  {file}\n" for line in lines.values())
        for number, words in enumerate(text or (), 1):
            line = lines.get(number)
            beside = f"{line.macs / 1e9:>9.4f}  {line.params:>11,}" if line else " " * 22
            pieces.append(f"{beside}  {words}".rstrip() + "\n")
        pieces.append("\n")
    total = layer_costs(network.graph)
    pieces.append(f"{sum(cost.macs for cost in total) / 1e9:>9.4f}  {sum(cost.params for cost in total):>11,}  total\n")
    return "".join(pieces)


def by_line_table(network: Traced) -> Table:
    """One row a line that costs something."""
    columns = (
        Column("file", "file"),
        Column("line", "line", kind="integer"),
        Column("text", "text"),
        Column("layers", "layers", kind="integer"),
        Column("params", "params", kind="integer"),
        Column("macs", "MACs", kind="integer"),
    )
    rows = []
    for file, lines in lines_of(network).items():
        text = _text(file)
        for number, line in sorted(lines.items()):
            words = text[number - 1].strip() if text and 0 < number <= len(text) else ""
            rows.append((file, number, words, line.layers, line.params, line.macs))
    return Table(network.graph.name, columns, tuple(rows), CONVENTIONS)


def _text(file: str) -> list[str] | None:
    path = Path(file)
    return path.read_text("utf-8").splitlines() if path.is_file() else None
