"""What is measured once the search is over: the front and the networks beside it, under the same conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from archspec.devices import Progress as Rounds
from archspec.devices import summarise
from archspec.files import is_file
from archspec.ledger import Ledger, renamed
from archspec.measures import Case, Settings, Timing, measure_named, timed_case
from archspec.record import Record, read_records
from archspec.search.study.evaluator import SEED, StudyEvaluator
from archspec.search.study.outcome import Finalist, Measured
from archspec.search.study.study import Study
from archspec.search.workers import Outcome, SameProcess, Work, WorkerPool

PROCEDURE = "default"
FORMER_FILE = "latency.json"  # where the latencies of a front were kept before they went to the ledger
WAIT_S = 1.0

Told = Callable[[str, int, int], None]
"""What is being done, and how many of how many are."""


def measured_together(
    study: Study,
    networks: Sequence[Finalist],
    settings: Settings,
    ledger: Ledger,
    folder: Path,
    progress: Callable[[Rounds], None] | None = None,
) -> list[dict[str, Measured]]:
    """The latencies of each network and their ratio to the bundled reference; what the ledger lacks is timed in turns.

    Raises `UserError` for one the device cannot run.
    """
    if is_file(folder / FORMER_FILE):
        ledger.add(map(renamed, read_records(folder / FORMER_FILE)))
    metrics = tuple(metric for metric in study.front.metrics if measure_named(metric).in_turns)
    timing = Timing(study.target.name, PROCEDURE, metrics, ledger, output=settings.output, progress=progress)
    found = timing.run([timed_case(Case(one.network, settings), one.name) for one in networks])
    return [{metric: _latency(metric, one.records) for metric in metrics} for one in found]


def _latency(metric: str, records: Mapping[str, Record]) -> Measured:
    values = {name: float(one.value) for name, one in records.items() if isinstance(one.value, int | float)}
    own = (values[metric],) if metric in values else ()
    if metric != "latency_ms":
        return Measured(own)
    return Measured(own, summarise(records[metric].samples).iqr, values.get("latency_ratio"))


def measured_alone(
    study: Study,
    networks: Sequence[Finalist],
    settings: Settings,
    evaluator: StudyEvaluator,
    ledger: Ledger,
    told: Told = lambda what, done, total: None,
) -> list[dict[str, Measured]]:
    """Every other metric of the front, those that train once a seed; what the ledger has is taken from there.

    A network whose evaluation fails has no value, and the fault.
    """
    metrics = tuple(metric for metric in study.front.metrics if not measure_named(metric).in_turns)
    found: list[dict[str, Measured]] = [{} for _ in networks]
    if not metrics:
        return found
    seeded = any(measure_named(metric).trains for metric in metrics)
    seeds = study.front.seeds if seeded else study.front.seeds[:1]
    work = {
        place * len(seeds) + turn: (place, seed) for place in range(len(networks)) for turn, seed in enumerate(seeds)
    }
    settings = replace(settings, metrics=metrics, limits=())
    told(_words(metrics, seeds), 0, len(work))
    outcomes: dict[int, Outcome] = {}
    with_pool = WorkerPool(study.workers, evaluator, settings) if seeded else SameProcess(evaluator, settings)
    try:
        waiting = [Work(number, networks[place].network.text, {SEED: seed}) for number, (place, seed) in work.items()]
        while len(outcomes) < len(work):
            while waiting and with_pool.free:
                with_pool.start(waiting.pop(0))
            for outcome in with_pool.wait(WAIT_S):
                outcomes[outcome.number] = outcome
                if outcome.evaluation is not None:
                    ledger.add(outcome.evaluation.records)
                told(_words(metrics, seeds), len(outcomes), len(work))
    finally:
        with_pool.stop()
    for metric in metrics:
        for place, readings in enumerate(found):
            of_metric = seeds if measure_named(metric).trains else seeds[:1]
            mine = [outcomes[number] for number, (at, seed) in work.items() if at == place and seed in of_metric]
            readings[metric] = _measured(metric, mine)
    return found


def _measured(metric: str, outcomes: Sequence[Outcome]) -> Measured:
    values, faults = [], []
    for outcome in outcomes:
        evaluation = outcome.evaluation
        value = evaluation.values.get(metric) if evaluation is not None else None
        if value is not None:
            values.append(value)
        elif evaluation is not None:
            faults.append(evaluation.fault or (evaluation.rejected.reason if evaluation.rejected else ""))
        else:
            faults.append(outcome.reason)
    return Measured(tuple(values), fault="; ".join(dict.fromkeys(filter(None, faults))))


def _words(metrics: Sequence[str], seeds: Sequence[int]) -> str:
    named = ", ".join(metrics)
    return named if len(seeds) == 1 else f"{named} with {len(seeds)} seeds"
