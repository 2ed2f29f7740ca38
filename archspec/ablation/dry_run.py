"""What an ablation would do: rows with their exact cost, what is known, about how long the rest takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from archspec.ablation.ablation import Row
from archspec.ablation.latencies import asked_latencies, lacking_latencies
from archspec.ablation.planning import Item
from archspec.ablation.running import AblationRun, once_each
from archspec.devices import procedure
from archspec.files import exists
from archspec.ledger import Ledger
from archspec.measures import measure_named
from archspec.record import Record
from archspec.reporters import Cell, Column, Table
from archspec.spec import describe_unreached
from archspec.train import load_recipe

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
    """A row a row; nothing is measured but the graphs, and no ledger is made. Raises `UserError`."""
    run.check()
    with ExitStack() as stack:
        there = "://" in run.ledger or exists(run.ledger)
        ledger = stack.enter_context(Ledger.open(run.ledger)) if there else None
        plan = run.plan(ledger)
        unreached = (describe_unreached(option, names) for option, names in run.ablation.unreached.items())
        notes = (f"ledger: {run.ledger}", *unreached, *_trainings_said(run, plan), *_latencies_said(run, ledger))
    rows = [_row(row, [one for one in plan if one[0].row.name == row.name]) for row in run.ablation.rows]
    return Table(run.ablation.name, COLUMNS, tuple(rows), notes)


def _trainings_said(run: AblationRun, plan: list[tuple[Item, Record | None]]) -> Iterator[str]:
    lacking = once_each(item for item, record in plan if record is None and measure_named(item.metric).trains)
    for metric, many in Counter(item.metric for item in lacking).items():
        yield f"{metric}: {many} trainings, {run.ablation.workers} at a time; {_takes(run, metric, many)}"


def _takes(run: AblationRun, metric: str, many: int) -> str:
    """What the file's recipe says of itself, else about how long the usual one takes."""
    name = run.ablation.recipes.get(metric, "")
    if name:
        recipe = load_recipe(name)
        return f"{recipe.name}: {recipe.summary}" if recipe.summary else recipe.name
    minutes = measure_named(metric).seconds * many / run.ablation.workers / 60
    return f"about {max(minutes, 1):.0f} min"


def _latencies_said(run: AblationRun, ledger: Ledger | None) -> Iterator[str]:
    ablation = run.ablation
    timed = asked_latencies(ablation)
    if not timed:
        return
    lacking = lacking_latencies(ablation, run.settings, ledger)
    rows = "each row" if len(lacking) == len(ablation.rows) else ", ".join(lacking)
    steps = procedure(ablation.procedure)
    how = f"{steps.warmup_s:g} s of warm-up and {steps.runs} runs of {rows}, all in turns"
    yield f"{', '.join(timed)}: {f'to be measured, {how}' if lacking else 'known'}"


def _row(row: Row, plan: list[tuple[Item, Record | None]]) -> tuple[Cell, ...]:
    cost = row.network.cost
    lacking = [item for item, record in plan if record is None]
    known, trainings = len(plan) - len(lacking), sum(measure_named(item.metric).trains for item in lacking)
    megabytes = cost.tflite_bytes["float32"] / 1e6
    return row.name, cost.params, cost.gflops, megabytes, known, len(lacking), trainings
