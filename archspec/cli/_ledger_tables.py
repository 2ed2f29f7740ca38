"""Records as tables: for people, with what all have in common said once; for machines, with everything."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from archspec.record import Plain, Record
from archspec.reporters import Cell, Column, Table

_SHORT = 10  # digits of a hash, as folders of builds have them
_COLUMNS = (
    Column("name", "Network"),
    Column("hash", "Hash", detail=True),
    Column("metric", "Metric"),
    Column("value", "Value", align="right"),
    Column("unit", "Unit"),
    Column("samples", "Samples", kind="integer", detail=True),
    Column("time", "Time (UTC)", detail=True),
    Column("conditions", "Conditions", wraps=True),
)


def records_table(records: Sequence[Record], title: str, notes: Sequence[str] = (), *, rounded: bool = True) -> Table:
    """One row a record; for people, conditions that all share are a note."""
    shared = _shared(records) if rounded else {}
    rows = tuple(_row(record, shared, rounded) for record in records)
    common = [f"all of them: {_said(shared)}"] if shared else []
    return Table(title, _COLUMNS, rows, (*notes, *common))


def _row(record: Record, shared: dict[str, Plain], rounded: bool) -> tuple[Cell, ...]:
    own = {name: value for name, value in record.conditions.items() if name not in shared}
    value = f"{record.value:.6g}" if rounded and isinstance(record.value, float) else record.value
    samples = len(record.samples) or None
    return (
        record.name,
        record.hash[:_SHORT] if rounded else record.hash,
        record.metric,
        value,
        record.unit,
        samples,
        record.time,
        _said(own),
    )


def _shared(records: Sequence[Record]) -> dict[str, Plain]:
    """Conditions that every record has, with one value."""
    if len(records) < 2:
        return {}
    first, *others = records
    return {
        name: value
        for name, value in first.conditions.items()
        if all(name in other.conditions and other.conditions[name] == value for other in others)
    }


def _said(conditions: dict[str, Plain]) -> str:
    return ", ".join(f"{name}={value}" for name, value in conditions.items() if value not in (None, ""))


def everything_table(records: Sequence[Record]) -> Table:
    """One column a field, a condition and a circumstance: nothing rounded, samples as a JSON list."""
    conditions = sorted({name for record in records for name in record.conditions})
    circumstances = sorted({name for record in records for name in record.circumstances})
    fields = ("key", "hash", "metric", "value", "unit", "name", "time", "samples")
    columns = [Column(name, name) for name in fields]
    columns += [Column(f"condition.{name}", f"condition.{name}") for name in conditions]
    columns += [Column(f"circumstance.{name}", f"circumstance.{name}") for name in circumstances]
    rows = tuple(
        (
            *(record.key, record.hash, record.metric, record.value, record.unit, record.name, record.time),
            json.dumps(record.samples) if record.samples else "",
            *(record.conditions.get(name) for name in conditions),
            *(record.circumstances.get(name) for name in circumstances),
        )
        for record in records
    )
    return Table("", tuple(columns), rows)


def counts_table(title: str, records: Iterable[Record], notes: Sequence[str] = ()) -> Table:
    """How many records of each metric."""
    counts = Counter(record.metric for record in records)
    columns = (Column("metric", "Metric"), Column("records", "Records", kind="integer"))
    return Table(title, columns, tuple(sorted(counts.items())), tuple(notes))
