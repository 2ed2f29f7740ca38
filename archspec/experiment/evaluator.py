"""What workers do for an experiment or a search: a network up the ladder, with what the ledger knows already."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from archspec.catalog import Catalog
from archspec.datasets import open_dataset
from archspec.devices import device_node, device_path
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Leg, Places, Trip, is_over, merged
from archspec.files import is_file
from archspec.ledger import Ledger
from archspec.measures import (
    Case,
    Evaluation,
    Settings,
    blank_record,
    evaluate,
    measure_named,
    preload,
    prepare_worker,
    refusal,
    training_folders,
)
from archspec.network import Network
from archspec.record import Record
from archspec.spec import Spec, named_files

PER_PROCESS = 16  # trainings leave fragments of memory behind, which end with their process


class Preparation(Protocol):
    """What is done to a network before it is measured, such as giving it a trained backbone. Plain: it is pickled."""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of files of this machine that it takes."""
        ...

    def prepared(self, spec: Spec) -> Spec:
        """The spec that is measured instead. Raises `UserError`."""
        ...

    def folders(self, spec: Spec) -> tuple[str, ...]:
        """The folders below the output folder that it leaves and that later ones go on from. Raises `UserError`."""
        ...

    def moved(self, places: Places) -> Preparation:
        """The same on a machine where files lie elsewhere."""
        ...


@dataclass(frozen=True)
class LadderEvaluator:
    """An `Evaluator`. `ledger` is read here; whoever drives the workers adds to it."""

    preload: tuple[str, ...]
    ledger: str = ""
    preparation: Preparation | None = None
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The values of the network."""
        catalog = catalog_of(settings.plugins)  # before anything is asked by the name that a plugin gave it
        if multiprocessing.parent_process() is not None:
            prepare_worker(settings)
        return evaluate(self._network(spec_text, catalog), settings, ReadLedger(self.ledger) if self.ledger else None)

    def _network(self, spec_text: str, catalog: Catalog) -> Network:
        network = Network.of_text(spec_text, file="<candidate>", catalog=catalog)
        return network if self.preparation is None else Network(self.preparation.prepared(network.spec))

    # --- on another machine -------------------------------------------------------------------------------------------

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """What is known here is not asked for elsewhere: costs, predicted latencies, and what the ledger has.

        Raises `UserError` for files that are not there.
        """
        network = Network.of_text(spec_text, file="<candidate>", catalog=catalog_of(settings.plugins))
        case = Case(network, settings)
        done = self._known(case)
        lacking = [name for name in settings.asked if name not in done.values]
        if is_over(done) or not lacking:
            return Trip(self, done)
        wanted = _only(settings, lacking)
        refused = refusal(case.under(wanted))
        if refused:
            return Trip(self, merged(done, Evaluation({}, rejected=refused)))
        trains = any(measure_named(name).trains for name in lacking)
        sent = Parcel.of_folders(Path(settings.output), self._left_by(case.under(wanted)) if trains else ())
        return Trip(
            evaluator=replace(self, ledger=""),
            done=done,
            legs=tuple(_legs(wanted)),
            files=files_of(network.spec, wanted, () if self.preparation is None else self.preparation.files),
            sent=sent if sent.files else None,
            data=_fingerprints(settings.data) if trains else {},
        )

    def moved(self, places: Places) -> LadderEvaluator:
        """The same, with the files of its preparation where they lie on this machine."""
        preparation = None if self.preparation is None else self.preparation.moved(places)
        return replace(self, preparation=preparation)

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """Of an evaluation that is done: its runs, trunks and backbones."""
        network = Network.of_text(spec_text, file="<candidate>", catalog=catalog_of(settings.plugins))
        if self.preparation is None:
            return training_folders(Case(network, settings))
        prepared = Network(self.preparation.prepared(network.spec))
        return (*self.preparation.folders(network.spec), *training_folders(Case(prepared, settings)))

    def _known(self, case: Case) -> Evaluation:
        """What needs no other machine: what is worked out at once, and what the ledger has under a key that is known
        before the network is prepared."""
        ledger = ReadLedger(self.ledger) if self.ledger else None
        asked = case.settings.asked
        done = evaluate(case, _only(case.settings, [name for name in asked if measure_named(name).exact]), ledger)
        if is_over(done) or ledger is None or self.preparation is not None:
            return done
        keys = {name: blank_record(measure_named(name), case).key for name in asked if name not in done.values}
        found = ledger.get_many(keys.values())
        recorded = _only(case.settings, [name for name, key in keys.items() if key in found])
        return merged(done, evaluate(case, recorded, ledger))

    def _left_by(self, case: Case) -> tuple[str, ...]:
        """The folders of earlier trainings that one goes on from. What a preparation makes is not made here for it."""
        return training_folders(case) if self.preparation is None else self.preparation.folders(case.network.spec)


def evaluator_for(settings: Settings, ledger: str = "", preparation: Preparation | None = None) -> LadderEvaluator:
    """The evaluator of these settings: what it loads first, and how long a process of it lives."""
    modules = preload(settings)
    heavy = len(modules) > 1
    return LadderEvaluator(modules, ledger, preparation, evaluations_per_process=PER_PROCESS if heavy else 0)


def files_of(spec: Spec, settings: Settings, further: Iterable[str] = ()) -> dict[str, Parcel]:
    """What a spec and settings name of this machine, and `further` files, by the paths that they have.

    Raises `UserError` for files that are not there.
    """
    paths = (*named_files(spec), *settings.plugins, *filter(is_file, settings.recipes.values()), *further)
    found = {path: Parcel.of_path(Path(path)) for path in dict.fromkeys(paths)}
    device = device_path(settings.device)
    return found if device is None else {**found, settings.device: Parcel.of_path(device)}


def _only(settings: Settings, metrics: Iterable[str]) -> Settings:
    """The same settings for some of the metrics, with the limits on these."""
    wanted = tuple(metrics)
    return replace(settings, metrics=wanted, limits=tuple(one for one in settings.limits if one.metric in wanted))


def _legs(settings: Settings) -> Iterator[Leg]:
    """What is timed, with what is cheaper, where the device is; then what takes longer, anywhere."""
    timed = [measure for measure in map(measure_named, settings.asked) if measure.in_turns]
    if not timed:
        yield Leg(settings)
        return
    last = max(measure.height for measure in timed)
    first = [name for name in settings.asked if measure_named(name).height <= last]
    yield Leg(_only(settings, first), settings.device, device_node(settings.device))
    rest = [name for name in settings.asked if name not in first]
    if rest:
        yield Leg(_only(settings, rest))


def _fingerprints(references: Iterable[str]) -> dict[str, dict[str, str]]:
    """Reference -> split -> what stands for its contents."""
    found = {}
    for reference in references:
        dataset = open_dataset(reference)
        found[reference] = {split: dataset.fingerprint(split) for split in dataset.splits}
    return found


class ReadLedger:
    """A ledger to read, opened once a process; what is measured here goes to the driver instead."""

    def __init__(self, where: str) -> None:
        self._where = where

    def get(self, key: str) -> Record | None:
        """The record of a key, if there is one."""
        return _ledger(self._where).get(key)

    def get_many(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records of keys, of those that there are."""
        return _ledger(self._where).get_many(keys)

    def add(self, records: Iterable[Record]) -> None:
        """Not from here."""


@cache
def _ledger(where: str) -> Ledger:
    return Ledger.open(where)


@cache
def catalog_of(plugins: tuple[str, ...]) -> Catalog:
    """The catalog with these plugin folders, once a process."""
    return Catalog(tuple(map(Path, plugins)))
