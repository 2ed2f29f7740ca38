"""Subjects side by side: first where their conditions differ, then scores, costs and latencies with deltas.

A delta of scores or latencies is only given between numbers that were measured alike: what a number is *measured
under* (data, split, size of the images, device, runtime, threads) must be the same. What was *changed on purpose*
(recipe, seed, weights, precision) may differ, and is told as well. Costs are exact: a delta between two input sizes is
given, and the sizes are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from archspec.cost import CostSheet
from archspec.export.file_cost import FileCost
from archspec.record import Plain, Record
from archspec.report._subject import Subject, held_under
from archspec.reporters import Cell, Column, Table

MEASURED_UNDER = {
    "scores": ("data", "split", "data_fingerprint", "data_digest", "images", "image_sizes", "classes", "mode", "shown",
               "limit"),
    "latency": ("device", "device_fingerprint", "inputs", "input_height", "input_width", "runtime", "runtime_version",
                "delegate", "threads", "batch", "warmup_s", "runs", "runs_per_round", "beside"),
    "costs": ("input_height", "input_width", "classes", "batch"),
}  # fmt: skip
SCORES = {"val_miou": "val mIoU", "miou": "mIoU", "mean_accuracy": "mean accuracy", "pixel_accuracy": "pixel accuracy",
          "frequency_weighted_iou": "frequency-weighted IoU", "category_iou": "category IoU", "iiou": "iIoU",
          "category_iiou": "category iIoU", "boundary_iou": "boundary IoU",
          "top1": "top-1 accuracy", "top5": "top-5 accuracy", "mean_class_accuracy": "mean class accuracy"}  # fmt: skip
FOLDED = "parameters of a .tflite are as it holds them, batch norm folded; those of a spec are those that train"
ROOM = 72  # letters of all names together; above it columns are headed by numbers
LATENCIES = (("latency_ms", "latency, median", "ms", 3), ("latency_ratio", "ratio to the reference", "×", 3),
             ("fps", "frames a second", "1/s", 1), ("cpu_ms", "processor time", "ms", 3),
             ("first_ms", "first inference", "ms", 3), ("init_ms", "initialisation", "ms", 3))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tables in the order in which they are to be read; `unlike` says which numbers were not measured alike."""

    tables: tuple[Table, ...]
    unlike: tuple[str, ...]

    def to_table(self) -> Table:
        """All numbers in one table; conditions that differ are rows too, their values as text."""
        widest = max(self.tables, key=lambda table: len(table.columns))
        rows = []
        for table in self.tables:
            for cells in table.objects():
                cells.setdefault("quantity", cells.get("condition"))
                cells.setdefault("unit", cells.get("kind"))
                rows.append((table.title, *(cells.get(column.id) for column in widest.columns)))
        return Table("", (Column("table", "table"), *widest.columns), tuple(rows))

    def to_json(self, subjects: Sequence[Subject]) -> dict[str, object]:
        """Every table, and what was compared."""
        return {
            "compared": [{"name": one.name, "kind": one.kind, "path": str(one.path)} for one in subjects],
            "tables": [{"title": one.title, "rows": one.objects(), "notes": list(one.notes)} for one in self.tables],
        }


@dataclass(frozen=True, slots=True)
class _Row:
    """One quantity: its value for each subject, and the record behind each."""

    name: str
    unit: str
    digits: int
    kind: str
    values: tuple[float | None, ...]
    records: tuple[Record | None, ...]


def comparison(subjects: Sequence[Subject], *, for_people: bool = True, room: int = ROOM) -> Comparison:
    """All tables that have a row. `subjects` are at least one, each with a name of its own.

    `for_people`: numbers with as many decimals as they deserve; else whole, and deltas as numbers. Names of more than
    `room` letters together stand in a table of their own, and columns are headed by their numbers.
    """
    rows = [*_scores(subjects), *_classes(subjects), *_costs(subjects), *_latencies(subjects)]
    unlike: dict[str, None] = {}
    names = [one.name for one in subjects]
    tables = []
    if for_people and sum(map(len, names)) > room:
        tables.append(_compared(subjects))
        names = [f"[{number}]" for number in range(1, len(names) + 1)]
    tables.append(_differing(subjects, names))
    for kind, title in (("scores", "Scores"), ("costs", "Costs"), ("latency", "Latency")):
        some = [row for row in rows if row.kind == kind]
        if some:
            table, said = _table(title, names, some, for_people)
            tables.append(table)
            unlike |= dict.fromkeys(said)
    return Comparison(tuple(table for table in tables if table.rows), tuple(unlike))


def _scores(subjects: Sequence[Subject]) -> Iterable[_Row]:
    for metric, name in SCORES.items():
        records = tuple(one.record(metric) for one in subjects)
        if any(records):
            yield _Row(name, "%", 2, "scores", _values(records, 100.0), records)


def _classes(subjects: Sequence[Subject]) -> Iterable[_Row]:
    basis = tuple(one.record("val_miou") or one.record("miou") for one in subjects)
    for name in dict.fromkeys(name for one in subjects for name in one.class_iou):
        found = tuple(one.class_iou.get(name) for one in subjects)
        yield _Row(f"IoU, {name}", "%", 2, "scores", tuple(None if one is None else 100 * one for one in found), basis)


def _costs(subjects: Sequence[Subject]) -> Iterable[_Row]:
    costs = [one.costs for one in subjects]
    files_alone = any(isinstance(one, FileCost) for one in costs)
    records = tuple(None if one is None else _cost_record(one, with_classes=not files_alone) for one in costs)

    def row(name: str, unit: str, digits: int, of: Callable[..., float | None]) -> _Row:
        return _Row(name, unit, digits, "costs", tuple(None if one is None else of(one) for one in costs), records)

    if any(costs):
        yield row("arithmetic", "GFLOPs", 4, lambda cost: cost.gflops)
        yield row("parameters", "10⁶", 4, lambda cost: cost.params / 1e6)
        memory = "peak memory" if files_alone else "peak memory, float32"
        yield row(memory, "MB", 3, lambda cost: _millions(cost.peak_memory_bytes))
    if any(isinstance(one, CostSheet) for one in costs):
        yield row(".tflite, float32, predicted", "MB", 3, _predicted_mb)
    files = tuple(one.record("written_mb") for one in subjects)
    if any(files):
        yield _Row(".tflite", "MB", 3, "costs", _values(files, 1.0), files)


def _cost_record(cost: CostSheet | FileCost, with_classes: bool) -> Record:
    """What costs hold under. A file does not say how many classes it knows: beside one they are not compared."""
    height, width = cost.input_size or (None, None)
    batch = cost.batch if isinstance(cost, FileCost) else 1
    conditions: dict[str, Plain] = {"input_height": height, "input_width": width, "batch": batch}
    if with_classes and isinstance(cost, CostSheet):
        conditions["classes"] = cost.classes
    return Record(cost.hash, "costs", 0, conditions=conditions)


def _predicted_mb(cost: CostSheet | FileCost) -> float | None:
    return cost.tflite_bytes["float32"] / 1e6 if isinstance(cost, CostSheet) else None


def _millions(size: int | None) -> float | None:
    return None if size is None else size / 1e6


def _latencies(subjects: Sequence[Subject]) -> Iterable[_Row]:
    for metric, name, unit, digits in LATENCIES:
        records = tuple(one.record(metric) for one in subjects)
        if any(records):
            yield _Row(name, unit, digits, "latency", _values(records, 1.0), records)


def _values(records: Sequence[Record | None], factor: float) -> tuple[float | None, ...]:
    return tuple(
        factor * one.value if one is not None and isinstance(one.value, int | float) else None for one in records
    )


def _table(title: str, names: Sequence[str], rows: Sequence[_Row], for_people: bool) -> tuple[Table, list[str]]:
    """One column for each subject, and from the second one on a delta to the first."""
    columns = [Column("quantity", "quantity"), Column("unit", "unit")]
    for number, name in enumerate(names):
        columns.append(Column(f"value_{number + 1}", name, "", "number", align="right"))
        if number:
            columns.append(Column(f"delta_{number + 1}", f"Δ {number + 1}", align="right"))
    said: list[str] = []
    cells = tuple(_cells(row, names, said, for_people) for row in rows)
    notes = (f"Δ is to {names[0]}",) if len(names) > 1 else ()
    if title == "Costs" and any(row.name == "peak memory" for row in rows):
        notes = (*notes, FOLDED)
    return Table(title, tuple(columns), cells, (*notes, *dict.fromkeys(said))), said


def _cells(row: _Row, names: Sequence[str], said: list[str], for_people: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = [row.name, row.unit]
    for number, value in enumerate(row.values):
        cells.append(value if value is None or not for_people else f"{value:,.{row.digits}f}")
        if not number:
            continue
        first = row.values[0]
        different = unlike(row.records[0], row.records[number], row.kind)
        if first is None or value is None:
            cells.append(None)
            continue
        if different:
            end = "" if row.kind == "costs" else ": no Δ"
            said.append(f"{names[number]}: {row.kind} under other conditions ({', '.join(different)}){end}")
        if different and row.kind != "costs":
            cells.append("unlike" if for_people else None)
        else:
            cells.append(_delta(value - first, first, row) if for_people else value - first)
    return tuple(cells)


def _delta(delta: float, first: float, row: _Row) -> str:
    """`+1.25`; of what is no score also in per cent of the first."""
    share = "" if row.kind == "scores" or not first else f" ({100 * delta / first:+.1f} %)"
    return f"{delta:+,.{row.digits}f}{share}".replace("-", "−")


def unlike(first: Record | None, other: Record | None, kind: str) -> tuple[str, ...]:
    """The names of conditions that both must share and do not; none where one of them is missing."""
    if first is None or other is None:
        return ()
    names, ours, theirs = MEASURED_UNDER[kind], held_under(first), held_under(other)
    return tuple(name.replace("_", " ") for name in names if ours.get(name) != theirs.get(name))


def _compared(subjects: Sequence[Subject]) -> Table:
    """What the numbers above the columns stand for."""
    columns = (Column("number", "", align="right"), Column("name", "compared"), Column("kind", "kind"))
    rows = tuple((f"[{number}]", one.name, one.kind) for number, one in enumerate(subjects, 1))
    return Table("Compared", columns, rows)


def _differing(subjects: Sequence[Subject], heads: Sequence[str]) -> Table:
    """Every condition that is not the same for all who have it; a value that changes within a subject is left out."""
    found: list[dict[str, Plain]] = [_own(one) for one in subjects]
    names = dict.fromkeys(name for own in found for name in own)
    measured = {name for kind in MEASURED_UNDER.values() for name in kind}
    rows = [
        (name.replace("_", " "), "measured under" if name in measured else "changed", *(own.get(name) for own in found))
        for name in names
        if len({repr(own[name]) for own in found if name in own}) > 1
    ]
    rows.sort(key=lambda row: str(row[1]), reverse=True)
    columns = (
        Column("condition", "condition"),
        Column("kind", "kind"),
        *(Column(f"value_{number}", name, wraps=True) for number, name in enumerate(heads, 1)),
    )
    return Table("Conditions that differ", columns, tuple(rows))


def _own(one: Subject) -> dict[str, Plain]:
    """The conditions of all records of a subject that it does not contradict itself in."""
    values: dict[str, dict[str, Plain]] = {}
    for record in one.records:
        for name, value in held_under(record).items():
            if value is not None and name != "class":
                values.setdefault(name, {})[repr(value)] = value
    return {name: next(iter(some.values())) for name, some in values.items() if len(some) == 1}
