"""The spec's own text with the cost of each line beside it, and where it was measured, its milliseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.cost.layers import Group, layer_costs
from archspec.cost.tables import CONVENTIONS
from archspec.file_kinds import kind_of_file
from archspec.files import is_file, read_text
from archspec.graph import Graph
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.spec import Spec


@dataclass(slots=True)
class Line(Group):
    """What one line of YAML costs; `ms` is 0 where nothing was measured."""

    name: str = ""
    ms: float = 0.0

    @property
    def gflops_per_s(self) -> float | None:
        """Achieved arithmetic, 2 × MACs a second in 10⁹; None without MACs or time."""
        return 2 * self.macs / self.ms / 1e6 if self.macs and self.ms else None


@dataclass(frozen=True, slots=True)
class Margin:
    """What stands to the left of a line: a heading, and the line's costs as text of the same width."""

    heading: str
    of: Callable[[Line], str]

    def beside(self, line: Line | None) -> str:
        """Of a line of the file; blank for one that costs nothing."""
        return self.of(line) if line is not None else " " * len(self.heading)


COSTS = Margin(f"{'GMACs':>9}  {'params':>11}", lambda line: f"{line.macs / 1e9:>9.4f}  {line.params:>11,}")


def times_margin(whole_ms: float) -> Margin:
    """Milliseconds, their share of the whole, MACs and the arithmetic achieved."""

    def of(line: Line) -> str:
        rate = "" if line.gflops_per_s is None else f"{line.gflops_per_s:.1f}"
        return f"{line.ms:>8.3f}  {line.ms / whole_ms:>6.1%}  {line.macs / 1e9:>8.4f}  {rate:>7}"

    return Margin(f"{'ms':>8}  {'share':>6}  {'GMACs':>8}  {'GFLOP/s':>7}", of)


@dataclass(frozen=True, slots=True)
class Lines:
    """Costs by file and line, and those of sections that no line asks for.

    A line that names a part (`backbone: shufflenet_v2`) has the part's total, and the part's own file has it again,
    line by line.
    """

    files: dict[str, dict[int, Line]]
    defaults: dict[str, Line]
    total: Line


def lines_of(spec: Spec, graph: Graph, ms: Mapping[str, float] | None = None) -> Lines:
    """Every layer under the lines that made it. `ms` holds milliseconds by a layer's name."""
    lines = Lines(defaultdict(lambda: defaultdict(Line)), defaultdict(Line), Line())
    for cost in layer_costs(graph):
        found = [lines.total]
        if cost.section and not _is_written(spec, cost.section):
            found.append(lines.defaults[cost.section])
        else:
            places = dict.fromkeys((place.file, place.line) for place in (cost.section_place, cost.place))
            found += [lines.files[file][number] for file, number in places if file]
        for line in found:
            line.add(cost)
            line.ms += (ms or {}).get(cost.name, 0.0)
    return lines


def _is_written(spec: Spec, section: str) -> bool:
    values = spec.document
    if section != "preprocess":
        return values.get(section) is not None
    image = values.entries.get("input")
    return image is not None and "preprocess" in getattr(image.node, "entries", {})


def lines_text(lines: Lines, margin: Margin) -> str:
    """Every file that has a part in the network, with `margin` (such as `COSTS`) to the left of its lines."""
    pieces = [piece for file, costs in lines.files.items() for piece in _file_text(file, costs, margin)]
    pieces += [f"{margin.of(line)}  (default {section})\n" for section, line in lines.defaults.items()]
    pieces.append(f"{margin.of(lines.total)}  total\n")
    return "".join(pieces)


def _file_text(file: str, costs: dict[int, Line], margin: Margin) -> Iterator[str]:
    text = _text(file)
    yield f"{margin.heading}  {file}\n"
    if text is None:  # an override on the command line
        yield from (f"{margin.of(line)}\n" for line in costs.values())
    for number, words in enumerate(text or (), 1):
        yield f"{margin.beside(costs.get(number))}  {words}".rstrip() + "\n"
    yield "\n"


def by_line_table(name: str, lines: Lines) -> Table:
    """One row for each line that costs something."""
    columns = (
        Column("layers", "layers", kind="integer"),
        Column("params", "params", kind="integer"),
        Column("params_total", "with statistics", kind="integer"),
        Column("macs", "MACs", kind="integer"),
        Column("other_operations", "other operations", kind="integer"),
        Column("memory_access_bytes", "memory access", "bytes", kind="integer"),
    )
    found = lines_table(lines, columns, _costs)
    return Table(name, *found, CONVENTIONS[:2])


def _costs(line: Line) -> tuple[Cell, ...]:
    return (
        line.layers, line.params, line.params_total, line.macs, line.other_operations, line.memory_access_bytes,
    )  # fmt: skip


def lines_table(
    lines: Lines, columns: tuple[Column, ...], cells_of: Callable[[Line], tuple[Cell, ...]]
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """Columns and rows: file, line, its text, and `columns`, which `cells_of` fills."""
    rows: list[tuple[Cell, ...]] = [
        (file, number, words, *cells_of(line)) for file, number, words, line in written(lines)
    ]
    for section, line in lines.defaults.items():
        rows.append(("", None, f"(default {section})", *cells_of(line)))
    places = (Column("file", "file"), Column("line", "line", kind="integer"), Column("text", "text"))
    return (*places, *columns), tuple(rows)


def written(lines: Lines) -> Iterator[tuple[str, int, str, Line]]:
    """File, number, text and costs of every line that costs something."""
    for file, costs in lines.files.items():
        text = _text(file) or []
        for number, line in sorted(costs.items()):
            yield file, number, text[number - 1].strip() if 0 < number <= len(text) else "", line


def _text(file: str) -> list[str] | None:
    path = Path(file)
    is_text = is_file(path) and kind_of_file(path) is None  # a Keras model has no lines
    return read_text(path).splitlines() if is_text else None
