"""What has to be measured for an ablation, and what the ledger has already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from archspec.ablation.ablation import Ablation, Row
from archspec.measures import Case, Settings, blank_record, measure_named
from archspec.record import Record


@dataclass(frozen=True)
class Item:
    """One number: `record` is without a value, its key what the ledger is asked for. `seed` is None where it is of no
    training. `seconds` is about what it takes."""

    row: Row
    metric: str
    seed: int | None
    record: Record
    seconds: float

    @property
    def key(self) -> str:
        """Of its record."""
        return self.record.key


def settings_of(ablation: Ablation, output: str, plugins: tuple[str, ...] = ()) -> Settings:
    """The settings that rows are measured under; seed and precision are a row's own."""
    return Settings(
        metrics=tuple(metric for metric in ablation.metrics if not measure_named(metric).in_turns),
        device=ablation.target.name,
        threads=ablation.target.threads,
        data=ablation.data,
        recipes=dict(ablation.recipes),
        latency_table=ablation.target.latency_table,
        output=output,
        plugins=plugins,
        procedure=ablation.procedure,
    )


def items_of(ablation: Ablation, settings: Settings) -> Iterator[Item]:
    """Every number of the table but the latencies, row by row. Raises `UserError` or `Problem`."""
    for row in ablation.rows:
        case = Case(row.network, replace(settings, precision=row.precision))
        for metric in settings.metrics:
            measure = measure_named(metric)
            for seed in ablation.seeds if measure.trains else (None,):
                under = case if seed is None else case.under(replace(case.settings, seed=seed))
                yield Item(row, metric, seed, blank_record(measure, under, row.name), measure.seconds)
