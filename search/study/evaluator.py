"""What workers do for a study: a candidate up the ladder, with what the ledger knows already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from archspec.catalog import Catalog
from archspec.ledger import Ledger
from archspec.measures import Evaluation, Settings, evaluate, preload, prepare_worker
from archspec.record import Record
from archspec.search.candidates import Genome
from archspec.search.study.pretraining import Backbones
from archspec.spec import parse

SEED = "seed"  # in the place of a genome: networks that are not proposed have none
PER_PROCESS = 2  # what a training held of data and graphs is only given back when its process ends


@dataclass(frozen=True)
class StudyEvaluator:
    """The `Evaluator` of a study. `ledger` is read here; whoever drives the workers adds to it."""

    preload: tuple[str, ...]
    ledger: str = ""
    backbones: Backbones | None = None
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        """The values of the network. A `seed` in the place of the genome is the one to train with."""
        catalog = _catalog(settings.plugins)  # before anything is asked by the name that a plugin gave it
        _prepared(settings)
        spec = parse(spec_text, file="<candidate>", catalog=catalog)
        if self.backbones is not None:
            spec = self.backbones.begun(spec)
        if tuple(genome) == (SEED,):
            settings = replace(settings, seed=int(genome[SEED]))
        return evaluate(spec, settings, _Known(self.ledger) if self.ledger else None)


def evaluator_for(settings: Settings, ledger: str, backbones: Backbones | None = None) -> StudyEvaluator:
    """The evaluator of these settings: what it loads first, and how long a process of it lives."""
    modules = preload(settings)
    heavy = len(modules) > 1
    return StudyEvaluator(modules, ledger, backbones, evaluations_per_process=PER_PROCESS if heavy else 0)


class _Known:
    """A ledger to read, opened once a process; what is measured here goes to the driver instead."""

    def __init__(self, where: str) -> None:
        self._where = where

    def get(self, key: str) -> Record | None:
        """The record of a key, if there is one."""
        return _opened(self._where).get(key)

    def add(self, records: Iterable[Record]) -> None:
        """Not from here."""


@cache
def _opened(where: str) -> Ledger:
    return Ledger.open(where)


@cache
def _catalog(plugins: tuple[str, ...]) -> Catalog:
    return Catalog(tuple(map(Path, plugins)))


_begun: set[int] = set()


def _prepared(settings: Settings) -> None:
    """Once a process, and not in the driver's own."""
    import multiprocessing

    if multiprocessing.parent_process() is not None and not _begun:
        _begun.add(1)
        prepare_worker(settings)
