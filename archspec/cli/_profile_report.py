"""A profile as the spec's own text, as a table, as JSON, as a bar chart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.cli._options import put, put_lines, put_table, this_command
from archspec.cost.lines import Line, Lines, lines_of, lines_table, lines_text, times_margin, written
from archspec.devices import METHOD_DESCRIPTIONS, read_machine
from archspec.record import write_text
from archspec.reporters import Bar, Cell, Column, Table, bar_chart

if TYPE_CHECKING:
    from archspec.measures._profile import Profile, Share
    from archspec.network import Network

_TIMES = (
    Column("ms", "ms", "", "number", 3),
    Column("share", "Share", "%", "number", 1),
    Column("macs", "MACs", kind="integer"),
    Column("gflops_per_s", "GFLOP/s", "", "number", 1),
)
_HEADINGS = {"op": "Operator", "layer": "Layer", "block": "Block"}


class ProfileReport:
    """One profile, seen by line, block, layer or op. `network` is None for a foreign file."""

    def __init__(self, profile: Profile, network: Network | None, by: str) -> None:
        self._profile = profile
        self._network = network
        self._by = by

    def put(self, reporter: str, output: Path | None) -> None:
        """Print it, or write it to a file."""
        if reporter == "json":
            put(json.dumps(self._object(), indent=2) + "\n", output)
        elif self._by == "line" and reporter == "table":
            margin = times_margin(self._profile.whole_ms)
            put_lines(lines_text(self._lines, margin), self._notes(), output)
        else:
            put_table(self._table(), reporter, output)

    def draw(self, path: Path) -> None:
        """The bar chart, whole or not at all."""
        write_text(
            path, bar_chart(f"{self._profile.name}: {self._profile.whole_ms:.2f} ms", self._bars(), self._notes())
        )

    @property
    def _lines(self) -> Lines:
        if self._network is None:
            raise RuntimeError("a file without a spec has no lines")
        return lines_of(self._network.spec, self._network.graph, self._profile.by_node)

    def _table(self) -> Table:
        if self._by == "line":
            columns, rows = lines_table(self._lines, _TIMES, self._cells)
            return Table(self._profile.name, columns, rows, tuple(self._notes()))
        columns = (Column("name", _HEADINGS[self._by]), Column("operators", "Ops", kind="integer"), *_TIMES)
        shares = self._profile.shares_by(self._by)
        return Table(
            self._profile.name,
            columns,
            tuple((share.name, share.operators, *self._cells(share)) for share in shares),
            tuple(self._notes()),
        )

    def _cells(self, of: Line | Share) -> tuple[Cell, ...]:
        return of.ms, 100 * of.ms / self._profile.whole_ms, of.macs, of.gflops_per_s

    def _bars(self) -> list[Bar]:
        named: Iterable[tuple[str, Line | Share]]
        if self._by == "line":
            lines = written(self._lines)
            named = ((f"{Path(file).name}:{number} {words}", line) for file, number, words, line in lines)
        else:
            named = ((share.name, share) for share in self._profile.shares_by(self._by))
        return [Bar(name, of.ms, self._said(of)) for name, of in named]

    def _said(self, of: Line | Share) -> str:
        rate = "" if of.gflops_per_s is None else f", {of.gflops_per_s:.0f} GFLOP/s"
        return f"{of.ms:.3f} ms, {of.ms / self._profile.whole_ms:.1%}{rate}"

    def _notes(self) -> list[str]:
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

    def _object(self) -> dict[str, Any]:
        times, table = self._profile.times, self._table()
        return {
            "name": self._profile.name,
            "command": this_command(),
            "by": self._by,
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
            "notes": self._notes(),
        }  # fmt: skip
