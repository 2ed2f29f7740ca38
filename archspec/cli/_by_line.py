"""The spec's own text with the cost of each line beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from archspec.cli._network import Traced
from archspec.cost import CONVENTIONS, LayerCost, layer_costs
from archspec.errors import Place
from archspec.reporters import Column, Table

BLANK = " " * 22


@dataclass(slots=True)
class Line:
    """What one line of YAML costs."""

    layers: int = 0
    params: int = 0
    params_total: int = 0
    macs: int = 0
    other_operations: int = 0
    memory_access_bytes: int = 0

    def add(self, cost: LayerCost) -> None:
        """Count one more layer."""
        self.layers += 1
        self.params += cost.params
        self.params_total += cost.params_total
        self.macs += cost.macs
        self.other_operations += cost.other_operations
        self.memory_access_bytes += cost.memory_access_bytes

    def __str__(self) -> str:
        return f"{self.macs / 1e9:>9.4f}  {self.params:>11,}"


@dataclass(frozen=True, slots=True)
class Lines:
    """Costs by file and line, and those of sections that no line asks for.

    A line that names a part (`backbone: shufflenet_v2`) has the part's total, and the part's own file has it again,
    line by line.
    """

    files: dict[str, dict[int, Line]]
    defaults: dict[str, Line]
    total: Line


def lines_of(network: Traced) -> Lines:
    """Every layer under the lines that made it."""
    lines = Lines(defaultdict(lambda: defaultdict(Line)), defaultdict(Line), Line())
    for cost in layer_costs(network.graph):
        lines.total.add(cost)
        if cost.section and not _is_written(network, cost.section):
            lines.defaults[cost.section].add(cost)
            continue
        for file, number in {_spot(cost.section_place), _spot(cost.place)}:
            if file:
                lines.files[file][number].add(cost)
    return lines


def _is_written(network: Traced, section: str) -> bool:
    values = network.spec.document
    if section != "preprocess":
        return values.get(section) is not None
    image = values.entries.get("input")
    return image is not None and "preprocess" in getattr(image.node, "entries", {})


def _spot(place: Place) -> tuple[str, int]:
    return place.file, place.line


def by_line_text(network: Traced) -> str:
    """Every file that has a part in the network, with GMACs and parameters to the left of its lines."""
    lines = lines_of(network)
    pieces = [piece for file, costs in lines.files.items() for piece in _file_text(file, costs)]
    pieces += [f"{line}  (default {section})\n" for section, line in lines.defaults.items()]
    pieces.append(f"{lines.total}  total\n")
    return "".join(pieces)


def _file_text(file: str, costs: dict[int, Line]) -> Iterator[str]:
    text = _text(file)
    yield f"{'GMACs':>9}  {'params':>11}  {file}\n"
    if text is None:  # an override on the command line
        yield from (f"{line}\n" for line in costs.values())
    for number, words in enumerate(text or (), 1):
        yield f"{costs.get(number, BLANK)}  {words}".rstrip() + "\n"
    yield "\n"


def by_line_table(network: Traced) -> Table:
    """One row a line that costs something."""
    columns = (
        Column("file", "file"),
        Column("line", "line", kind="integer"),
        Column("text", "text"),
        Column("layers", "layers", kind="integer"),
        Column("params", "params", kind="integer"),
        Column("params_total", "with statistics", kind="integer"),
        Column("macs", "MACs", kind="integer"),
        Column("other_operations", "other operations", kind="integer"),
        Column("memory_access_bytes", "memory access", "bytes", kind="integer"),
    )
    lines = lines_of(network)
    rows: list[tuple[str | int | None, ...]] = []
    for file, costs in lines.files.items():
        text = _text(file) or []
        for number, line in sorted(costs.items()):
            words = text[number - 1].strip() if 0 < number <= len(text) else ""
            rows.append((file, number, words, *astuple(line)))
    for section, line in lines.defaults.items():
        rows.append(("", None, f"(default {section})", *astuple(line)))
    return Table(network.graph.name, columns, tuple(rows), CONVENTIONS[:2])


def _text(file: str) -> list[str] | None:
    path = Path(file)
    return path.read_text("utf-8").splitlines() if path.is_file() else None
