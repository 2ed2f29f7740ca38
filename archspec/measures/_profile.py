"""Where the milliseconds go: times of a file's operators, put back onto the graph's nodes, their blocks and lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.cost import Line, Lines, block_named, lines_of, lines_table, lines_text, times_margin
from archspec.cost.lines import written
from archspec.devices import METHOD_DESCRIPTIONS, Model, OperatorTimes, operator_times, read_machine
from archspec.errors import Problem, UserError
from archspec.export import Census, Precision, take_census
from archspec.export.file_macs import mac_counts
from archspec.graph.program import build_program
from archspec.reporters import Bar, Cell, Column, Table, Tabular, bar_chart

if TYPE_CHECKING:
    from archspec.devices import Method
    from archspec.graph import Graph
    from archspec.network import Network


@dataclass(frozen=True, slots=True)
class ProfiledOperator:
    """One operator: `node` is the graph node that it belongs to ("" in a foreign file), `name` its first output's.

    `ms` adds up to the unprofiled whole; `macs` is None where the file leaves a size open.
    """

    number: int
    code: str
    name: str
    node: str
    ms: float
    macs: int | None


@dataclass(slots=True)
class Share:
    """What several operators take together."""

    name: str
    operators: int = 0
    ms: float = 0.0
    macs: int = 0

    def add(self, one: ProfiledOperator) -> None:
        """Count one more."""
        self.operators += 1
        self.ms += one.ms
        self.macs += one.macs or 0

    @property
    def gflops_per_s(self) -> float | None:
        """Achieved arithmetic, 2 × MACs a second in 10⁹; None without MACs or time."""
        return 2 * self.macs / self.ms / 1e6 if self.macs and self.ms else None


@dataclass(frozen=True)
class Profile:
    """A file's operators with their times, scaled so that together they are the whole run nobody watched."""

    name: str
    times: OperatorTimes
    operators: tuple[ProfiledOperator, ...]

    @property
    def whole_ms(self) -> float:
        """The whole, without a profiler."""
        return self.times.whole_ms

    @cached_property
    def by_node(self) -> dict[str, float]:
        """ms by the name of the graph's node."""
        return {share.name: share.ms for share in self.shares(lambda one: one.node)}

    def shares(self, key: Callable[[ProfiledOperator], str]) -> tuple[Share, ...]:
        """Sums by `key`, in the order in which the keys first run."""
        found: dict[str, Share] = {}
        for one in self.operators:
            found.setdefault(key(one), Share(key(one))).add(one)
        return tuple(found.values())

    def shares_by(self, what: str) -> tuple[Share, ...]:
        """`op`: kinds of operator, the slowest first; `layer`: nodes (tensors, in a foreign file); `block`: blocks."""
        if what == "op":
            return tuple(sorted(self.shares(lambda one: one.code), key=lambda share: -share.ms))
        if what == "block":
            return self.shares(lambda one: block_named(one.node or one.name))
        return self.shares(lambda one: one.node or one.name)


def profile_network(
    network: Network, *, precision: Precision = "float32", threads: int = 1, method: Method | None = None
) -> Profile:
    """Export and time a network. Raises `UserError`."""
    return profile_data(network, network.to_tflite(precision=precision).data, threads=threads, method=method)


def profile_data(network: Network, data: bytes, *, threads: int = 1, method: Method | None = None) -> Profile:
    """Time an export of a network. Raises `UserError`."""
    return _profile(Model.of(data, network.name), nodes_of(network.graph, take_census(data)), threads, method)


def profile_file(model: Model, *, threads: int = 1, method: Method | None = None) -> Profile:
    """Time any `.tflite`. Raises `UserError` for a file that cannot be read or run."""
    return _profile(model, None, threads, method)


def _profile(model: Model, nodes: list[str] | None, threads: int, method: Method | None) -> Profile:
    times = operator_times(model, threads=threads, method=method)
    try:
        census = take_census(model.content)
    except Problem as problem:
        raise UserError(problem.at(model.place)) from problem
    scale = times.whole_ms / times.sum_ms if times.sum_ms else 0.0
    operators = tuple(
        ProfiledOperator(
            number=one.number,
            code=one.code,
            name=one.node,
            node=nodes[one.number] if nodes else "",
            ms=scale * time_ms,
            macs=count.macs,
        )
        for one, count, time_ms in zip(census.nodes, mac_counts(census.nodes), times.operators_ms, strict=True)
    )
    return Profile(model.name, times, operators)


def nodes_of(graph: Graph, census: Census) -> list[str]:
    """The graph's node of each operator of its export, through the names of tensors.

    What a precision adds (a quantised input, a dequantised weight) belongs to the operator that reads it.
    """
    program = build_program(graph)
    known = {program.tensors[one.outputs[0]].name: one.node for one in program.operations}
    found = [known.get(one.node, "") for one in census.nodes]
    readers = _first_readers(census)
    for number in range(len(found) - 1, -1, -1):
        if not found[number]:
            reader = readers.get(census.nodes[number].node)
            found[number] = found[reader] if reader is not None else _last(found[:number])
    return found


def _first_readers(census: Census) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in census.nodes:
        for tensor in one.inputs:
            found.setdefault(tensor.name, one.number)
    return found


def _last(names: Iterable[str]) -> str:
    return next((name for name in reversed(list(names)) if name), "")


_TIMES = (
    Column("ms", "ms", "", "number", 3),
    Column("share", "Share", "%", "number", 1),
    Column("macs", "MACs", kind="integer"),
    Column("gflops_per_s", "GFLOP/s", "", "number", 1),
)
_HEADINGS = {"op": "Operator", "layer": "Layer", "block": "Block"}


class ProfileReport(Tabular):
    """One profile as text, as a table, as JSON, as a bar chart: by line, block, layer or op. `network` is None for a
    foreign file."""

    def __init__(self, profile: Profile, network: Network | None, by: str) -> None:
        self._profile = profile
        self._network = network
        self.by = by

    def text(self) -> str:
        """The spec's own text, with milliseconds beside each line."""
        return lines_text(self._lines, times_margin(self._profile.whole_ms))

    def chart(self) -> str:
        """A bar chart as SVG."""
        return bar_chart(f"{self._profile.name}: {self._profile.whole_ms:.2f} ms", self._bars(), self.notes())

    @property
    def _lines(self) -> Lines:
        if self._network is None:
            raise RuntimeError("a file without a spec has no lines")
        return lines_of(self._network.spec, self._network.graph, self._profile.by_node)

    def to_table(self) -> Table:
        """One row for each line, block, layer or operator."""
        if self.by == "line":
            columns, rows = lines_table(self._lines, _TIMES, self._cells)
            return Table(self._profile.name, columns, rows, tuple(self.notes()))
        columns = (Column("name", _HEADINGS[self.by]), Column("operators", "Ops", kind="integer"), *_TIMES)
        shares = self._profile.shares_by(self.by)
        return Table(
            self._profile.name,
            columns,
            tuple((share.name, share.operators, *self._cells(share)) for share in shares),
            tuple(self.notes()),
        )

    def _cells(self, of: Line | Share) -> tuple[Cell, ...]:
        return of.ms, 100 * of.ms / self._profile.whole_ms, of.macs, of.gflops_per_s

    def _bars(self) -> list[Bar]:
        named: Iterable[tuple[str, Line | Share]]
        if self.by == "line":
            lines = written(self._lines)
            named = ((f"{Path(file).name}:{number} {words}", line) for file, number, words, line in lines)
        else:
            named = ((share.name, share) for share in self._profile.shares_by(self.by))
        return [Bar(name, of.ms, self._describe(of)) for name, of in named]

    def _describe(self, of: Line | Share) -> str:
        rate = "" if of.gflops_per_s is None else f", {of.gflops_per_s:.0f} GFLOP/s"
        return f"{of.ms:.3f} ms, {of.ms / self._profile.whole_ms:.1%}{rate}"

    def notes(self) -> list[str]:
        """How the times were taken, and how complete they are."""
        times, machine = self._profile.times, read_machine()
        watched = "" if times.profiled_ms is None else f"; a run with the profiler on took {times.profiled_ms:.3f} ms"
        spread = (max(times.whole_samples_ms) - min(times.whole_samples_ms)) / times.whole_ms
        return [
            (
                f"times by {METHOD_DESCRIPTIONS[times.method]}; "
                f"means of the quietest quarter of {len(times.whole_samples_ms)} runs, "
                f"{times.threads} thread{'s' if times.threads > 1 else ''}, {times.system.runtime} "
                f"{times.system.version}"
            ),
            f"whole run without a profiler: {times.whole_ms:.3f} ms{watched}",
            f"operators summed {times.sum_ms:.3f} ms, {times.share:.1%} of the whole; above they are scaled to 100 %",
            f"device: host, {machine.cpu}, load average {machine.load_average}; runs differed by {spread:.0%}",
            *times.notes,
        ]

    def to_json(self, command: str) -> dict[str, Any]:
        """Everything; `command` is the one that was run."""
        times, table = self._profile.times, self.to_table()
        return {
            "name": self._profile.name,
            "command": command,
            "by": self.by,
            "method": times.method,
            "whole_ms": times.whole_ms,
            "whole_samples_ms": list(times.whole_samples_ms),
            "profiled_ms": times.profiled_ms,
            "sum_ms": times.sum_ms,
            "share_of_whole": times.share,
            "threads": times.threads,
            "rows": table.objects(),
            "operators": [
                {"number": one.number, "code": one.code, "name": one.name, "node": one.node or None, "ms": one.ms,
                 "unscaled_ms": unscaled, "macs": one.macs}
                for one, unscaled in zip(self._profile.operators, times.operators_ms, strict=True)
            ],
            "notes": self.notes(),
        }  # fmt: skip
