"""Networks × measures × seeds: what the ledger lacks is measured, cheapest first; nothing else is.

An ablation is an experiment of its rows, and a search ends in one of its front.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from archspec.devices import Progress as Rounds
from archspec.devices import summarise
from archspec.errors import user_error
from archspec.experiment.engines import AGAIN_S, LOCAL, AtWork, Work, WorkResult, start_engine
from archspec.experiment.evaluator import Preparation, evaluator_for
from archspec.experiment.sample import Sample
from archspec.experiment.turns import timed_on
from archspec.export import Precision
from archspec.ledger import KnownNumbers
from archspec.measures import (
    Case,
    Evaluation,
    Settings,
    Timed,
    TimedResult,
    Timing,
    blank_record,
    check_settings,
    evaluate,
    measure_named,
    timed_case,
)
from archspec.network import Network
from archspec.record import Record, timestamp
from archspec.spec import Named

WAIT_S = 1.0


class ExperimentProgress(Protocol):
    """Hears how far an experiment is."""

    def message(self, text: str) -> None:
        """A line that stays."""
        ...

    def measuring(self, what: str, done: int, total: int) -> None:
        """So many of the evaluations in workers that were lacking are done."""
        ...

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """How far those are that run, by what they are of; about once a second."""
        ...

    def timing(self, progress: Rounds) -> None:
        """A step of the latencies; between runs, never during one."""
        ...


class Entry(Protocol):
    """A network of an experiment, by a name that no other has, and the precision that it is exported in."""

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def network(self) -> Network:
        """The network."""
        ...

    @property
    def precision(self) -> Precision:
        """The precision."""
        ...


@dataclass(frozen=True)
class Item:
    """One number that is wanted: `record` is without a value, its key what the ledger is asked for. `seed` is None
    where it depends on none."""

    entry: Entry
    metric: str
    seed: int | None
    record: Record

    @property
    def key(self) -> str:
        """Of its record."""
        return self.record.key


@dataclass(frozen=True)
class ExperimentResult:
    """`samples` by entry and metric; `timed` are the latencies of each entry; `measured` counts what was not known."""

    samples: Mapping[tuple[str, str], Sample]
    timed: Mapping[str, TimedResult] = field(default_factory=dict)
    measured: int = 0


@dataclass(frozen=True)
class Experiment:
    """`metrics` of every entry, those that train once a seed; precision and seed of `settings` are an entry's own.

    Trainings run on an `engine`, in `workers` processes where that is this machine. `preparation` changes a network
    before it is trained: which records it has is known only then, so the workers ask the ledger at `ledger_url`.
    """

    entries: tuple[Entry, ...]
    metrics: tuple[str, ...]
    settings: Settings
    seeds: tuple[int, ...] = (0,)
    workers: int = 2
    engine: Named = LOCAL
    preparation: Preparation | None = None
    ledger_url: str = ""

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.entries]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise user_error(f"two networks are called '{twice}'", "Rename one of them")

    def check(self) -> None:
        """Raises `UserError` with what is wrong with the settings before anything slow."""
        check_settings(replace(self.settings, metrics=self.metrics, limits=()))

    # --- what is wanted -----------------------------------------------------------------------------------------------

    @cached_property
    def latencies(self) -> tuple[str, ...]:
        """The metrics that are read off one measurement in turns: those are taken last."""
        return tuple(metric for metric in self.metrics if measure_named(metric).in_turns)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every number but the latencies, entry by entry. Raises `UserError` or `Problem`."""
        return tuple(self._items())

    def _items(self) -> Iterator[Item]:
        for entry in self.entries:
            case = Case(entry.network, self._settings_of(entry))
            for metric in self.metrics:
                measure = measure_named(metric)
                for seed in self.seeds if measure.trains else (None,):
                    if metric not in self.latencies:
                        under = case if seed is None else case.under(replace(case.settings, seed=seed))
                        yield Item(entry, metric, seed, blank_record(measure, under, entry.name))

    def plan(self, ledger: KnownNumbers | None) -> list[tuple[Item, Record | None]]:
        """Every number but the latencies, with its record where the ledger has it. Raises `UserError`."""
        found = {} if ledger is None else ledger.get_many(item.key for item in self.items)
        return [(item, found.get(item.key)) for item in self.items]

    def lacking_latencies(self, ledger: KnownNumbers | None) -> list[str]:
        """The entries that would be timed."""
        if not self.latencies:
            return []
        known = self._timing(ledger, again=False).known(self._timed)
        return [entry.name for entry, one in zip(self.entries, known, strict=True) if one is None]

    # --- what is done -------------------------------------------------------------------------------------------------

    def run(self, ledger: KnownNumbers, progress: ExperimentProgress, *, again: bool = False) -> ExperimentResult:
        """Every number; `again` measures all of them anew.

        Raises `UserError` for a network that the device cannot run, `KeyboardInterrupt` with all that is done kept.
        """
        lacking = once_each(item for item, record in self.plan(None if again else ledger) if record is None)
        kept = _Kept(ledger, again)
        for item in lacking:
            if not measure_named(item.metric).trains:
                kept.take(item, evaluate(item.entry.network, self._settings_for(item)))
        self._train([item for item in lacking if measure_named(item.metric).trains], kept, progress)
        samples = self._samples(kept)
        timed: dict[str, TimedResult] = {}
        if self.latencies:
            found = self._timed_now(ledger, again, progress)
            timed = dict(zip((entry.name for entry in self.entries), found, strict=True))
            samples |= self._latency_samples(timed)
        fresh = {one.records["latency_ms"].key for one in timed.values() if one.fresh}
        return ExperimentResult(samples, timed, len(lacking) + len(fresh) * len(self.latencies))

    def _train(self, items: Sequence[Item], kept: _Kept, progress: ExperimentProgress) -> None:
        """On an engine; what is asked of the same training one after the other, so that a run has one process."""
        if not items:
            return
        metrics = tuple(dict.fromkeys(item.metric for item in items))
        where = self.ledger_url if self.preparation is not None and not kept.again else ""
        evaluator = evaluator_for(replace(self.settings, metrics=metrics, limits=()), where, self.preparation)
        waiting = list(range(len(items)))
        running: dict[int, Item] = {}
        asked_again = float("-inf")  # when what needs a node or a device that is away is begun again
        words, done = _words(metrics, self.seeds), 0
        progress.measuring(words, done, len(items))
        engine = start_engine(min(self.workers, len(items)), evaluator, self.engine)
        try:
            while waiting or running:
                while (
                    engine.free
                    and time.monotonic() >= asked_again
                    and (number := _next(waiting, running, items)) is not None
                ):
                    waiting.remove(number)
                    item = running[number] = items[number]
                    engine.start(Work(number, item.entry.network.text, self._settings_for(item)))
                for ended in engine.wait(WAIT_S):
                    item = running.pop(ended.number)
                    if ended.ended in ("lost", "away"):
                        waiting.append(ended.number)
                        if ended.ended == "away":
                            progress.message(f"{item.entry.name} waits: {ended.reason}")
                            asked_again = time.monotonic() + AGAIN_S
                        continue
                    done += 1
                    kept.take(item, _evaluation(ended), anew=self.preparation is not None)
                    progress.measuring(words, done, len(items))
                for line in engine.messages:
                    progress.message(line)
                progress.at_work({_item_words(items[one.number], self.seeds): one for one in engine.at_work})
        finally:
            engine.stop()

    def _samples(self, kept: _Kept) -> dict[tuple[str, str], Sample]:
        known = kept.ledger.get_many(item.key for item in self.items) | kept.records
        found: dict[tuple[str, str], list[Item]] = {}
        for item in self.items:
            found.setdefault((item.entry.name, item.metric), []).append(item)
        return {
            where: Sample(
                {item.seed: known[item.key] for item in some if item.key in known},
                fault="; ".join(dict.fromkeys(filter(None, (kept.fault(item, known) for item in some)))),
            )
            for where, some in found.items()
        }

    def _latency_samples(self, timed: Mapping[str, TimedResult]) -> dict[tuple[str, str], Sample]:
        found = {}
        for name, result in timed.items():
            iqr = summarise(result.records["latency_ms"].samples).iqr
            for metric in self.latencies:
                records: dict[int | None, Record] = {None: result.records[metric]} if metric in result.records else {}
                found[name, metric] = Sample(records, iqr if metric == "latency_ms" else 0.0)
        return found

    # --- under what ---------------------------------------------------------------------------------------------------

    def _settings_of(self, entry: Entry) -> Settings:
        return replace(self.settings, precision=entry.precision)

    def _settings_for(self, item: Item) -> Settings:
        settings = replace(self._settings_of(item.entry), metrics=(item.metric,), limits=())
        return settings if item.seed is None else replace(settings, seed=item.seed)

    @cached_property
    def _timed(self) -> list[Timed]:
        return [timed_case(Case(entry.network, self._settings_of(entry)), entry.name) for entry in self.entries]

    def _timed_now(self, ledger: KnownNumbers, again: bool, progress: ExperimentProgress) -> tuple[TimedResult, ...]:
        networks = ((entry.network, entry.precision) for entry in self.entries)
        several = [(timed, *one) for timed, one in zip(self._timed, networks, strict=True)]
        timing = self._timing(ledger, again, progress)
        return timed_on(self.engine, timing, several, self.settings, progress.message)

    def _timing(self, ledger: KnownNumbers | None, again: bool, progress: ExperimentProgress | None = None) -> Timing:
        settings = self.settings
        on_round = None if progress is None else progress.timing
        return Timing(settings.device, settings.procedure, self.latencies, ledger, again, settings.output, on_round)


class _Kept:
    """What was measured now, in the ledger under the keys that were asked for, and what went wrong."""

    def __init__(self, ledger: KnownNumbers, again: bool) -> None:
        self.ledger, self.again = ledger, again
        self.records: dict[str, Record] = {}
        self._faults: dict[str, str] = {}

    def take(self, item: Item, evaluation: Evaluation, *, anew: bool = False) -> None:
        """One evaluation. `anew`: of a network that was changed first, whose record has a key of its own."""
        record = next((one for one in evaluation.records if one.metric == item.metric), None)
        if record is None:
            reason = evaluation.fault or (evaluation.rejected.reason if evaluation.rejected else "no number")
            self._faults[item.key] = reason
        elif anew:
            self.ledger.add((record,), replace=self.again)
            self.records[item.key] = record
        elif record.key != item.key:
            differ = [name for name, value in item.record.conditions.items() if record.conditions.get(name) != value]
            self._faults[item.key] = f"measured under another {', '.join(differ) or 'network'} than was asked for"
        else:
            own = replace(item.record, value=record.value, circumstances=record.circumstances, samples=record.samples)
            self.ledger.add((replace(own, time=record.time or timestamp()),), replace=self.again)

    def fault(self, item: Item, known: Mapping[str, Record]) -> str:
        """What went wrong now, unless another process measured it meanwhile; or when the record was made."""
        if item.key in self._faults and (self.again or item.key not in known):
            return self._faults[item.key]
        return str(known[item.key].circumstances.get("fault") or "") if item.key in known else ""


def once_each(items: Iterable[Item]) -> list[Item]:
    """Entries that are the same network want the same numbers: each is measured once."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.key, item)
    return list(found.values())


def _next(waiting: Sequence[int], running: Mapping[int, Item], items: Sequence[Item]) -> int | None:
    """What may be started: no other process may be at the same training."""
    at_work = {(item.record.hash, item.seed) for item in running.values()}
    return next((number for number in waiting if (items[number].record.hash, items[number].seed) not in at_work), None)


def _evaluation(ended: WorkResult) -> Evaluation:
    return ended.evaluation or Evaluation({}, fault=ended.reason)


def _item_words(item: Item, seeds: Sequence[int]) -> str:
    return item.entry.name if len(seeds) == 1 else f"{item.entry.name}, seed {item.seed}"


def _words(metrics: Sequence[str], seeds: Sequence[int]) -> str:
    named = ", ".join(metrics)
    return named if len(seeds) == 1 else f"{named} with {len(seeds)} seeds"
