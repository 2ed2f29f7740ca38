"""What an ablation would do: rows with their exact cost, what is known, about how long the rest takes."""

from __future__ import annotations

from pathlib import Path

from archspec.ablation.planning import Item, trains
from archspec.ablation.running import AblationRun
from archspec.ablation.together import TOGETHER
from archspec.evaluate.ledger import Ledger
from archspec.evaluate.subject import Subject
from archspec.record import Record
from archspec.reporters import Cell, Column, Table

COLUMNS = (
    Column("row", "row"),
    Column("params", "params", kind="integer"),
    Column("gflops", "GFLOPs", kind="number", digits=3),
    Column("tflite_mb", "float32 .tflite", "MB", "number", 2),
    Column("known", "numbers known", kind="integer"),
    Column("lacking", "to measure", kind="integer"),
    Column("trainings", "of them trainings", kind="integer"),
)


def plan_table(run: AblationRun) -> Table:
    """A row a row; nothing is measured but the graphs. Raises `UserError`."""
    run.check()
    where = Path(run.ledger)
    if "://" in run.ledger or where.exists():
        with Ledger.open(run.ledger) as ledger:
            plan = run.plan(ledger)
    else:
        plan = run.plan(None)
    rows = [_row(run, name, [one for one in plan if one[0].row.name == name]) for name in _names(run)]
    lacking = [item for item, record in plan if record is None]
    trainings = [item for item in lacking if trains(item.metric)]
    notes = [f"ledger: {run.ledger}"]
    if trainings:
        notes.append(f"{len(trainings)} trainings by {run.ablation.workers} at a time; the recipes say how long")
    timed = [metric for metric in run.ablation.metrics if metric in TOGETHER]
    if timed:
        notes.append(f"{', '.join(timed)}: all rows in turns, procedure {run.ablation.procedure}, where not known")
    return Table(run.ablation.name, COLUMNS, tuple(rows), tuple(notes))


def _names(run: AblationRun) -> list[str]:
    return [row.name for row in run.ablation.rows]


def _row(run: AblationRun, name: str, plan: list[tuple[Item, Record | None]]) -> tuple[Cell, ...]:
    sheet = Subject(run.ablation.row(name).spec, run.settings).sheet
    lacking = [item for item, record in plan if record is None]
    many = sum(trains(item.metric) for item in lacking)
    return (
        name, sheet.params, sheet.gflops, sheet.tflite_bytes["float32"] / 1e6, len(plan) - len(lacking), len(lacking),
        many,
    )  # fmt: skip
