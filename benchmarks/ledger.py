"""A ledger of many records: adding, opening, asking, and the table of an ablation; beside a file of JSON lines.

The baseline is what one would do without a database: a JSON line a record, all of them read to find some. The table is
the bundled paper_table5's, whose own numbers were measured into the same ledger before.
"""

from __future__ import annotations

import json
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.ledger import Ledger
from archspec.record import Record
from archspec.reporters import Column, Table

RECORDS, FEW = 100_000, 5_000
BATCH = 1_000
BAR_S = 2.0
METRICS = ("params", "gflops", "tflite_mb", "latency_ms", "miou")
SPEC = "name: network_{}\nbackbone: shufflenet_v2\nhead: {{dpc: {{filters: {}}}}}\n"

COLUMNS = (
    Column("what", "What"),
    Column("wall_s", "Wall", "s", "number", 3),
    Column("cpu_s", "CPU", "s", "number", 3),
    Column("lines_s", "JSON lines, wall", "s", "number", 3),
    Column("ratio", "JSON lines / this", "", "number", 2),
    Column("met", "bar"),
)


def ledger(arguments: Namespace) -> tuple[Table, bool]:
    """The table; false where a bar is missed by processor time: others may have the machine meanwhile."""
    count = FEW if arguments.quick else RECORDS
    with tempfile.TemporaryDirectory() as folder:
        rows, size_mb = _measured(Path(folder), count)
    notes = conditions(
        records=f"{count:,} in batches of {BATCH:,}, five metrics a network, 50 samples a latency; {size_mb:.0f} MB",
        table="archspec ablate paper_table5, everything known: load, plan, ask, render",
        JSON_lines="a line a record, read whole and filtered for every question",
    )
    passed = not any(row[-1].endswith("no") for row in rows)
    return Table("A ledger of many records", COLUMNS, tuple(rows), notes), passed


def _measured(folder: Path, count: int) -> tuple[list[tuple[Any, ...]], float]:
    place, lines = folder / "ledger.db", folder / "records.jsonl"
    tell(f"adding {count:,} records …")
    added = _timed(lambda: _add(place, count))
    written = _timed(lambda: _write(lines, count))
    middle = next(_records(count // 2, count // 2 + 5))
    _table(place, folder)  # its own numbers are measured now
    asked: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        ("open", lambda: Ledger.open(place).close(), None),
        ("one by its key", lambda: _ask(place, lambda of: of.get(middle.key)), lambda: _read(lines, key=middle.key)),
        ("a network's", lambda: _ask(place, lambda of: of.find(hash=middle.hash)), lambda: _read(lines, middle.hash)),
        ("summary", lambda: _ask(place, lambda of: of.summary()), None),
    ]
    rows = [_row("add", added, written)]
    for what, ours, theirs in asked:
        tell(f"{what} …")
        rows.append(_row(what, _best(ours), theirs and _best(theirs)))
    tell("a table …")
    rows.append(_row("a table", _best(lambda: _table(place, folder)), None, BAR_S))
    return rows, place.stat().st_size / 1e6


def _records(first: int, last: int) -> Iterator[Record]:
    """Made up, each different; a latency has its samples."""
    for number in range(first, last):
        network, metric = number // len(METRICS), METRICS[number % len(METRICS)]
        yield Record(
            f"{network:016x}", metric, number / 7, "ms" if metric == "latency_ms" else "", f"network_{network}",
            SPEC.format(network, network % 512), {"seed": number % 3, "device": "host", "threads": 1, "batch": 1},
            {"load_average": 0.5}, tuple(number / 7 + i for i in range(50)) if metric == "latency_ms" else (),
            f"2024-05-01T12:{number // 60 % 60:02}:{number % 60:02}Z",
        )  # fmt: skip


def _add(place: Path, count: int) -> None:
    with Ledger.open(place) as opened:
        for first in range(0, count, BATCH):
            opened.add(_records(first, min(first + BATCH, count)))


def _write(lines: Path, count: int) -> None:
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record.to_json()) + "\n" for record in _records(0, count))


def _read(lines: Path, network: str | None = None, key: str | None = None) -> list[Record]:
    with lines.open(encoding="utf-8") as file:
        records = map(Record.from_json, map(json.loads, file))
        return [one for one in records if network in (None, one.hash) and key in (None, one.key)]


def _ask(place: Path, question: Callable[[Ledger], object]) -> None:
    with Ledger.open(place) as opened:
        question(opened)


def _table(place: Path, folder: Path) -> None:
    from archspec.ablation import chosen, load_ablation
    from archspec.ablation.run import AblationRun
    from archspec.ablation.tables import people_table
    from archspec.reporters import render

    ablation = chosen(load_ablation("paper_table5"), procedure="quick")
    render(people_table(AblationRun(ablation, str(place), folder).run(_Silent())), "markdown")


class _Silent:
    """Watches nothing."""

    def message(self, text: str) -> None:
        """None here."""

    def measuring(self, what: str, done: int, total: int) -> None:
        """None here."""

    def at_work(self, several: object) -> None:
        """Not shown."""

    def timing(self, progress: object) -> None:
        """Not shown."""


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _best(work: Callable[[], object]) -> tuple[float, float]:
    return min(_timed(work) for _ in range(3))


def _row(
    what: str, ours: tuple[float, float], theirs: tuple[float, float] | None, bar: float | None = None
) -> tuple[Any, ...]:
    wall, cpu = ours
    met = "" if bar is None else f"CPU ≤ {bar:g} s: {'yes' if cpu <= bar else 'no'}"
    return what, wall, cpu, theirs and theirs[0], theirs and theirs[0] / wall, met


if __name__ == "__main__":
    run(ledger, make_parser(__doc__).parse_args())
