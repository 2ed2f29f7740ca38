"""What workers do for an experiment or a search: a network up the ladder, with what the ledger knows already."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from archspec.catalog import Catalog
from archspec.ledger import Ledger
from archspec.measures import Evaluation, Settings, evaluate, preload, prepare_worker
from archspec.network import Network
from archspec.record import Record
from archspec.spec import Spec

PER_PROCESS = 16  # trainings leave fragments of memory behind, which end with their process


class Preparation(Protocol):
    """What is done to a network before it is measured, such as giving it a trained backbone. Plain: it is pickled."""

    def prepared(self, spec: Spec) -> Spec:
        """The spec that is measured instead. Raises `UserError`."""
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
        catalog = _catalog(settings.plugins)  # before anything is asked by the name that a plugin gave it
        if multiprocessing.parent_process() is not None:
            prepare_worker(settings)
        network = Network.of_text(spec_text, file="<candidate>", catalog=catalog)
        if self.preparation is not None:
            network = Network(self.preparation.prepared(network.spec))
        return evaluate(network, settings, _Known(self.ledger) if self.ledger else None)


def evaluator_for(settings: Settings, ledger: str = "", preparation: Preparation | None = None) -> LadderEvaluator:
    """The evaluator of these settings: what it loads first, and how long a process of it lives."""
    modules = preload(settings)
    heavy = len(modules) > 1
    return LadderEvaluator(modules, ledger, preparation, evaluations_per_process=PER_PROCESS if heavy else 0)


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
