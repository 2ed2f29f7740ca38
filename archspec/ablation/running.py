"""An ablation from its value to its result: what the ledger lacks is measured, cheapest first; nothing else is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from archspec.ablation.ablation import Ablation
from archspec.ablation.latencies import latencies
from archspec.ablation.planning import Item, items_of, settings_of
from archspec.ablation.result import AblationResult, Reading
from archspec.ablation.rows import equivalents
from archspec.devices import Progress as Rounds
from archspec.ledger import Ledger
from archspec.measures import Evaluation, Settings, check_settings, evaluate, measure_named
from archspec.record import Record, timestamp
from archspec.search.study.evaluator import SEED, evaluator_for
from archspec.search.workers import Outcome, Work, WorkerPool

WAIT_S = 1.0


class AblationWatch(Protocol):
    """Hears how far it is."""

    def training(self, done: int, total: int, words: str) -> None:
        """So many of the trainings that were lacking are done."""
        ...

    def timing(self, progress: Rounds) -> None:
        """A step of the latencies; between runs, never during one."""
        ...


@dataclass(frozen=True)
class AblationRun:
    """One ablation, its ledger, and the folder that trainings go to."""

    ablation: Ablation
    ledger: str
    output: Path
    plugins: tuple[Path, ...] = ()

    @property
    def settings(self) -> Settings:
        """What rows are measured under."""
        return settings_of(self.ablation, str(self.output), tuple(map(str, self.plugins)))

    @property
    def hashes(self) -> dict[str, str]:
        """The network of each row. Raises `UserError` or `Problem` for one that cannot be built."""
        return {row.name: row.network.hash for row in self.ablation.rows}

    def check(self) -> None:
        """Raises `UserError` with what is wrong before anything slow: the device of latencies that come last, too."""
        check_settings(replace(self.settings, metrics=self.ablation.metrics))

    def plan(self, known: Ledger | None) -> list[tuple[Item, Record | None]]:
        """Every number but the latencies, with its record where the ledger has it. Raises `UserError`."""
        items = list(items_of(self.ablation, self.settings))
        found = {} if known is None else known.get_many(item.key for item in items)
        return [(item, found.get(item.key)) for item in items]

    def run(self, watch: AblationWatch, *, update: bool = False) -> AblationResult:
        """The result; `update` measures everything again. Raises `UserError`, `KeyboardInterrupt` with all kept."""
        self.check()
        with Ledger.open(self.ledger) as ledger:
            plan = self.plan(None if update else ledger)
            lacking = once_each(item for item, record in plan if record is None)
            faults = self._measure(lacking, ledger, watch, update)
            readings = self._readings(ledger, [item for item, _ in plan], faults, update)
            timed = latencies(self.ablation, self.settings, ledger, watch.timing, update=update)
        same = equivalents(self.hashes) if not _by_precision(self.ablation) else {}
        return AblationResult(
            self.ablation, {**readings, **timed.readings}, self.hashes, same, timed.ratios,
            len(lacking) + timed.measured,
        )  # fmt: skip

    def _measure(self, lacking: Sequence[Item], ledger: Ledger, watch: AblationWatch, update: bool) -> dict[str, str]:
        """Measure what is lacking into the ledger; what went wrong by the key of the record that was wanted."""
        faults: dict[str, str] = {}
        for item in (item for item in lacking if not measure_named(item.metric).trains):
            settings = replace(self.settings, metrics=(item.metric,), precision=item.row.precision)
            _keep(item, evaluate(item.row.network, settings), ledger, faults, update)
        trainings = [item for item in lacking if measure_named(item.metric).trains]
        for alike in dict.fromkeys((item.metric, item.row.precision) for item in trainings):
            some = [item for item in trainings if (item.metric, item.row.precision) == alike]
            self._train(some, ledger, watch, faults, update)
        return faults

    def _train(
        self,
        items: Sequence[Item],
        ledger: Ledger,
        watch: AblationWatch,
        faults: dict[str, str],
        update: bool,
    ) -> None:
        metric = items[0].metric
        settings = replace(self.settings, metrics=(metric,), precision=items[0].row.precision)
        pool = WorkerPool(min(self.ablation.workers, len(items)), evaluator_for(settings, ""), settings)
        waiting = [Work(number, item.row.network.text, {SEED: item.seed or 0}) for number, item in enumerate(items)]
        done = 0
        watch.training(done, len(items), metric)
        try:
            while done < len(items):
                while waiting and pool.free:
                    pool.start(waiting.pop(0))
                for outcome in pool.wait(WAIT_S):
                    done += 1
                    _keep(items[outcome.number], _evaluation(outcome), ledger, faults, update)
                    watch.training(done, len(items), metric)
        finally:
            pool.stop()

    def _readings(
        self, ledger: Ledger, items: Sequence[Item], faults: Mapping[str, str], update: bool
    ) -> dict[tuple[str, str], Reading]:
        known = ledger.get_many(item.key for item in items)
        if not update:  # what failed here, and is there now, another process measured meanwhile
            faults = {key: fault for key, fault in faults.items() if key not in known}
        found: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            found.setdefault((item.row.name, item.metric), []).append(item)
        return {
            where: Reading(
                {item.seed: known[item.key] for item in some if item.key in known},
                fault="; ".join(dict.fromkeys(filter(None, (_fault(item, known, faults) for item in some)))),
            )
            for where, some in found.items()
        }


def once_each(items: Iterable[Item]) -> list[Item]:
    """Rows that are the same network want the same numbers: each is measured once."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.key, item)
    return list(found.values())


def _fault(item: Item, known: Mapping[str, Record], faults: Mapping[str, str]) -> str:
    """What went wrong now, or when the record was made."""
    kept = known[item.key].circumstances.get("fault", "") if item.key in known else ""
    return faults.get(item.key, str(kept))


def _evaluation(outcome: Outcome) -> Evaluation:
    return outcome.evaluation or Evaluation({}, fault=outcome.reason)


def _keep(item: Item, evaluation: Evaluation, ledger: Ledger, faults: dict[str, str], update: bool) -> None:
    """The record under the item's own key: the ledger is asked by that the next time."""
    record = next((one for one in evaluation.records if one.metric == item.metric), None)
    if record is None:
        reason = evaluation.fault or (evaluation.rejected.reason if evaluation.rejected else "no number")
        faults[item.key] = reason
        return
    if record.key != item.key:
        differ = [name for name, value in item.record.conditions.items() if record.conditions.get(name) != value]
        faults[item.key] = f"measured under another {', '.join(differ) or 'network'} than was asked for"
        return
    ledger.add(
        (replace(item.record, value=record.value, circumstances=record.circumstances, samples=record.samples,
                 time=record.time or timestamp()),),
        replace=update,
    )  # fmt: skip


def _by_precision(ablation: Ablation) -> bool:
    return len({row.precision for row in ablation.rows}) > 1
