"""Latencies as one table for people, and as JSON with every sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.devices import latency_cells, latency_columns, latency_notes
from archspec.export.delegates import falls_back, refusals, sources_of
from archspec.network import REFERENCE_NAME
from archspec.reporters import Cell, Column, Table, Tabular

if TYPE_CHECKING:
    from archspec.devices import Interrupted, Latency, SetModel
    from archspec.measures import TimedResult
    from archspec.measures._in_turns import Subject

_NUMBERS = ("latency_ms", "mean_ms", "std_ms", "iqr_ms", "p90_ms", "p99_ms", "cpu_ms", "fps", "paired_ratio")
_COLUMNS = (
    Column("name", "Network"),
    Column("precision", "Precision"),
    Column("threads", "Threads", kind="integer"),
    Column("delegate", "Delegate"),
    *latency_columns(_NUMBERS),
    Column("stays", "Stays on delegate"),
    Column("stays_gpu", "On a GPU", detail=True),
    Column("stays_nnapi", "On an NPU", detail=True),
)
PHONES = ("gpu", "nnapi")  # from a table, not tried


@dataclass(frozen=True, slots=True)
class Row:
    """A subject with its settings, and what was measured."""

    subject: Subject
    model: SetModel
    latency: Latency

    @property
    def stays(self) -> str:
        """Whether the delegate took every operator, as the runtime itself tells: `yes`, `1 op falls back`."""
        system = self.latency.system
        if system.operations is None or system.delegated is None:
            return "not known"
        return falls_back(system.operations - system.delegated)


@dataclass(frozen=True)
class LatencyResult(Tabular):
    """Latencies measured in turns, one row for each setting; `to_frame()` has medians, ratios and spreads, in ms."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    stopped: Interrupted | None = None

    @property
    def latencies(self) -> tuple[Latency, ...]:
        """Each with every sample and all conditions."""
        return tuple(row.latency for row in self.rows)

    def to_table(self) -> Table:
        """One row for each setting; conditions and cautions below."""
        return latencies_table(self.rows, self.notes)

    def to_json(self) -> str:
        """Everything, with every sample."""
        return latencies_json(self.rows, self.notes)


def rows_of(chosen: Sequence[tuple[Subject, SetModel]], measured: Sequence[Latency]) -> list[Row]:
    """One row for each setting, in the order measured."""
    return [Row(subject, model, latency) for (subject, model), latency in zip(chosen, measured, strict=True)]


def known_notes(found: Sequence[TimedResult]) -> list[str]:
    """Which were not timed now, and which not together with the first."""
    known = [f"{_short(one.latency.name)}: known ({one.latency.time})" for one in found if not one.fresh]
    notes = [f"{line}; --update times it again" for line in known]
    apart = [_short(one.latency.name) for one in found if one.measurement != found[0].measurement]
    if apart:
        first = _short(found[0].latency.name)
        notes.append(
            f"ratio of {', '.join(apart)}: not timed together with {first}, so it goes over the ratios of both to the "
            "reference network (--update times all together)"
        )
    return notes


def latencies_table(rows: Sequence[Row], notes: Sequence[str]) -> Table:
    """One row for each setting; conditions and cautions below."""
    return Table("Latency", _COLUMNS, tuple(map(_cells, rows)), (*_conditions(rows), *notes))


def _cells(row: Row) -> tuple[Cell, ...]:
    latency = row.latency
    return (
        _short(latency.name),
        row.subject.precision or "as in the file",
        latency.threads,
        latency.system.delegate or "not known",
        *latency_cells(latency, _NUMBERS),
        row.stays,
        *(falls_back(len(refusals(row.subject.census, kind))) for kind in PHONES),
    )


def _conditions(rows: Sequence[Row]) -> list[str]:
    first = rows[0].latency
    machine = first.machine
    device, procedure = latency_notes(first)
    lines = [
        device,
        (
            f"state: governor {machine.governor or 'not known'}, load average "
            f"{_known(machine.load_average)} before, {_known(first.load_average_after)} after"
        ),
        f"runtime: {first.system.runtime} {first.system.version}",
        procedure,
    ]
    for row in rows:
        if row.subject.left_out:
            lines.append(f"{row.latency.name}: left out {', '.join(row.subject.left_out)}")
    lines += [f"not tried, from a table: {source}" for kind in PHONES for source in sources_of(kind)]
    return [*dict.fromkeys(lines), *_cautions(rows)]


def _cautions(rows: Sequence[Row]) -> list[str]:
    """Each once, with the networks that it is of."""
    of: dict[str, list[str]] = {}
    for row in rows:
        for caution in row.latency.cautions:
            of.setdefault(caution, []).append(_short(row.latency.name))
    every = len(rows) if len(rows) > 1 else 0
    return [
        f"caution: {'every row' if len(names) == every else ', '.join(names)}: {caution}"
        for caution, names in of.items()
    ]


def _short(name: str) -> str:
    """The reference's name without its settings, which the procedure's line has."""
    return name.partition(",")[0] if name == REFERENCE_NAME else name


def _known(value: float | None) -> str:
    return "not known" if value is None else f"{value:g}"


def latencies_json(rows: Sequence[Row], notes: Sequence[str]) -> str:
    """Everything: `latencies` has an object a row, with its samples."""
    return json.dumps({"latencies": [_object(row) for row in rows], "notes": list(notes)}, indent=2) + "\n"


def _object(row: Row) -> dict[str, Any]:
    subject = row.subject
    return {
        **row.latency.to_json(),
        "hash": subject.hash,
        "precision": subject.precision or None,
        "tail": subject.tail or None,
        "left_out": list(subject.left_out),
        "macs": subject.census.macs,
        "stays_on_delegate": row.latency.system.fully_delegated,
        "fall_back_by_table": {
            kind: [one.number for one in refusals(subject.census, kind)] for kind in ("xnnpack", *PHONES)
        },
    }
