"""An ablation from its value to its result: an experiment of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from archspec.ablation.ablation import Ablation, Row
from archspec.devices import procedure
from archspec.experiment import Experiment, ExperimentProgress, Item, Sample, device_at, once_each
from archspec.files import exists
from archspec.ledger import KnownNumbers, open_light
from archspec.measures import Ratio, Settings, measure_named, ratio_between
from archspec.record import Plain, Record
from archspec.reporters import Cell, Column, Table, Tabular
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


@dataclass(frozen=True)
class AblationResult(Tabular):
    """`samples` by row and metric; `ratios` are latencies to the base row's, paired round by round.

    `hashes` are the rows' networks; `equivalents` are rows that are the same network as an earlier one.
    """

    ablation: Ablation
    samples: Mapping[tuple[str, str], Sample]
    hashes: Mapping[str, str]
    equivalents: Mapping[str, str]
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    measured: int = 0

    def to_table(self) -> Table:
        """One column for each number, nothing rounded."""
        from archspec.ablation.tables import data_table

        return data_table(self)

    def table_for_people(self) -> Table:
        """One cell for each metric, with its spread and the difference to the base."""
        from archspec.ablation.tables import people_table

        return people_table(self)

    def sample(self, row: str, metric: str) -> Sample:
        """Of a row; an empty one where nothing was asked or had."""
        return self.samples.get((row, metric), Sample())

    def conditions(self, metric: str) -> dict[str, Plain]:
        """The conditions that all records of a metric share."""
        records = [record for (_, of), one in self.samples.items() if of == metric for record in one.records.values()]
        if not records:
            return {}
        first, *others = (dict(record.conditions) for record in records)
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


@dataclass(frozen=True)
class AblationRun:
    """One ablation, its ledger, and the folder that trainings go to."""

    ablation: Ablation
    ledger: str
    output: Path
    plugins: tuple[Path, ...] = ()

    @property
    def settings(self) -> Settings:
        """What rows are measured under; seed and precision are a row's own."""
        ablation = self.ablation
        return Settings(
            metrics=ablation.metrics,
            device=ablation.target.name,
            threads=ablation.target.threads,
            data=ablation.data,
            recipes=dict(ablation.recipes),
            latency_table=ablation.target.latency_table,
            output=str(self.output),
            plugins=tuple(map(str, self.plugins)),
            procedure=ablation.procedure,
        )

    @cached_property
    def experiment(self) -> Experiment:
        """The rows with their metrics."""
        ablation = self.ablation
        return Experiment(
            ablation.rows, ablation.metrics, self.settings, ablation.seeds, ablation.workers, ablation.engine
        )

    def check(self) -> None:
        """Raises `UserError` with what is wrong before anything slow: the device of latencies that come last, too."""
        self.experiment.check()

    def run(self, progress: ExperimentProgress, *, update: bool = False) -> AblationResult:
        """The result; `update` measures everything again. Raises `UserError`, `KeyboardInterrupt` with all kept."""
        with device_at(self.settings, self.ablation.engine, progress.message), open_light(self.ledger) as ledger:
            self.check()
            found = self.experiment.run(ledger, progress, again=update)
        base = found.timed.get(self.ablation.base)
        ratios = {} if base is None else {
            name: ratio_between(one.records, base.records) for name, one in found.timed.items()
        }  # fmt: skip
        hashes = {row.name: row.network.hash for row in self.ablation.rows}
        several = len({row.precision for row in self.ablation.rows}) > 1
        same = {} if several else equivalents({row.name: row.network.variant_hash for row in self.ablation.rows})
        return AblationResult(self.ablation, found.samples, hashes, same, ratios, found.measured)


def equivalents(hashes: Mapping[str, str]) -> dict[str, str]:
    """Row -> the first row that is the same network."""
    first: dict[str, str] = {}
    return {name: first[digest] for name, digest in hashes.items() if first.setdefault(digest, name) != name}


def plan_table(run: AblationRun) -> Table:
    """What each row costs, and how many of its numbers would be measured. Nothing is measured, and no ledger is made.

    Raises `UserError`.
    """
    run.check()
    with ExitStack() as stack:
        there = "://" in run.ledger or exists(run.ledger)
        ledger = open_light(run.ledger) if there else None
        if ledger is not None:
            stack.enter_context(ledger)
        plan = run.experiment.plan(ledger)
        unreached = (describe_unreached(option, names) for option, names in run.ablation.unreached.items())
        notes = (
            f"ledger: {run.ledger}",
            *unreached,
            *_describe_trainings(run, plan),
            *_describe_latencies(run, ledger),
        )
    rows = [_row(row, [one for one in plan if one[0].entry.name == row.name]) for row in run.ablation.rows]
    return Table(run.ablation.name, COLUMNS, tuple(rows), notes)


def _describe_trainings(run: AblationRun, plan: list[tuple[Item, Record | None]]) -> Iterator[str]:
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


def _describe_latencies(run: AblationRun, ledger: KnownNumbers | None) -> Iterator[str]:
    ablation = run.ablation
    timed = run.experiment.latencies
    if not timed:
        return
    lacking = run.experiment.lacking_latencies(ledger)
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
