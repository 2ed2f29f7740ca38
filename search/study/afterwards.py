"""What is measured once the search is over: the front and the networks beside it, under the same conditions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from archspec.devices import Latency, Model, latency_records, measure
from archspec.devices import Progress as Rounds
from archspec.devices import device as device_named
from archspec.export import Precision
from archspec.files import is_file
from archspec.ledger import Ledger
from archspec.measures import Settings
from archspec.network.reference import REFERENCE_NAME, reference_model
from archspec.record import Plain, Record, read_records, write_records
from archspec.search.study.conditions import trains
from archspec.search.study.evaluator import SEED, StudyEvaluator
from archspec.search.study.outcome import Finalist, Measured
from archspec.search.study.study import Study
from archspec.search.workers import Outcome, SameProcess, Work, WorkerPool

TOGETHER = ("latency_ms", "fps", "latency_ratio")  # read from one measurement in which all take turns
PROCEDURE = "default"
FILE = "latency.json"
WAIT_S = 1.0

Told = Callable[[str, int, int], None]
"""What is being done, and how many of how many are."""


def measured_together(
    study: Study, networks: Sequence[Finalist], folder: Path, told: Callable[[Rounds], None] | None = None
) -> list[dict[str, Measured]]:
    """Latency, frames per second and the ratio to the bundled reference of each network, all of them taking turns.

    Kept in the folder; the same networks are not timed again. Raises `UserError` for one the device cannot run.
    """
    together = hashlib.blake2b(json.dumps([one.hash for one in networks]).encode(), digest_size=8).hexdigest()
    path = folder / FILE
    known = read_records(path) if is_file(path) else ()
    if not known or any(record.conditions.get("together") != together for record in known):
        known = tuple(_timed(study, networks, together, told))
        write_records(path, known)
    return [_readings(number, known) for number in range(len(networks))]


def _timed(
    study: Study, networks: Sequence[Finalist], together: str, told: Callable[[Rounds], None] | None
) -> list[Record]:
    models = [
        Model.of(reference_model(), REFERENCE_NAME),
        *(_exported(one, study.target.precision) for one in networks),
    ]
    latencies = measure(
        models,
        device=device_named(study.target.name),
        procedure=PROCEDURE,
        threads=study.target.threads,
        progress=told,
    )
    found: list[Record] = []
    for number, (network, latency) in enumerate(zip(networks, latencies[1:], strict=True)):
        conditions: dict[str, Plain] = {"together": together, "place": number, "precision": study.target.precision}
        found += latency_records(
            latency, hash=network.hash, name=network.name, spec=network.network.text, conditions=conditions
        )
        found.append(_spread(latency, network, conditions))
    return found


def _spread(latency: Latency, network: Finalist, conditions: dict[str, Plain]) -> Record:
    """The interquartile range, which says how far apart two medians must be."""
    return Record(network.hash, "latency_iqr_ms", latency.wall.iqr, "ms", network.name, conditions=conditions)


def _exported(network: Finalist, precision: Precision) -> Model:
    return Model(network.name, network.network.to_tflite(precision=precision).data)


def _readings(number: int, records: Sequence[Record]) -> dict[str, Measured]:
    own = {one.metric: one for one in records if one.conditions.get("place") == number}
    values = {metric: float(record.value) for metric, record in own.items() if isinstance(record.value, int | float)}
    ratio = values.get("paired_ratio")
    found = {"fps": "fps", "latency_ratio": "paired_ratio"}
    readings = {name: Measured((values[source],)) for name, source in found.items() if source in values}
    if "latency_ms" in values:
        readings["latency_ms"] = Measured((values["latency_ms"],), values.get("latency_iqr_ms", 0.0), ratio)
    return readings


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
    metrics = tuple(metric for metric in study.front.metrics if metric not in TOGETHER)
    found: list[dict[str, Measured]] = [{} for _ in networks]
    if not metrics:
        return found
    seeded = any(map(trains, metrics))
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
            of_metric = seeds if trains(metric) else seeds[:1]
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
