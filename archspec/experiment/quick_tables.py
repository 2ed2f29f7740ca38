"""A quick latency table of the networks that a study is about, made where their device is.

It knows operators of these networks only, and stays in the study's folder.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archspec.arrays import Precision
from archspec.devices import Model, device
from archspec.errors import Problem
from archspec.experiment.engines import LOCAL
from archspec.experiment.engines._trip import Places
from archspec.experiment.evaluator import catalog_of
from archspec.experiment.turns import AtDevice, Message, at_device
from archspec.measures import Evaluation, Settings, report_step
from archspec.network import Network, reference_model
from archspec.predictor import (
    CalibrationProgress,
    LatencyTable,
    Predictor,
    Signature,
    Turns,
    calibrate,
    further_operators,
    operators_of,
    read_or_none,
    read_table,
    table_of,
    table_path,
    write_table,
)
from archspec.spec import Named

FITTED, HELD_OUT = 16, 12
LOOKED_AT = 200  # networks whose operators the table is to know, without timing the networks
QUICK_OPERATORS, QUICK_NETWORKS = Turns(rounds=6), Turns(rounds=6, together=14)
TABLE_FILE, TABLES = "latency_table.json", "tables"

Step = Callable[[CalibrationProgress], None]
Sampled = Callable[[int], Sequence[Network]]
"""So many different networks of a space, always the same; the first ones of fewer are those of more."""


def quick_table(settings: Settings, folder: Path, sampled: Sampled, engine: Named, message: Message, step: Step) -> str:
    """The file of the latency table that predicts for these networks: the user's, else one in `folder`, made now where
    it is not there. `message` and `step` hear how far that is. Raises `UserError`.
    """
    if engine == LOCAL:
        further = lambda networks: _further(networks, sampled, settings.precision)  # noqa: E731
        return _table(settings, folder / TABLE_FILE, lambda: sampled(FITTED + HELD_OUT), further, message, step)
    own = folder / TABLE_FILE
    known = read_or_none(own)
    if known is None or known.accuracy is None:
        networks = sampled(FITTED + HELD_OUT)
        texts = tuple(network.text for network in networks)
        operators = tuple(_further(networks, sampled, settings.precision))
        digest = hashlib.blake2b(pickle.dumps((texts, operators)), digest_size=8).hexdigest()
        evaluator = TableEvaluator(texts=texts, further=operators, folder=f"{TABLES}/{digest}")
        message(f"{settings.device}: timing operators of {FITTED} networks where it is")
        moved = replace(settings, metrics=(), limits=(), output=str(folder))
        at_device(
            evaluator, moved, engine, message, lambda one: step(CalibrationProgress(one.stage, one.done, one.total))
        )
        known = read_table(folder / evaluator.folder / TABLE_FILE)
        write_table(own, known)
    message(_scored(known))
    return str(own)


def _further(networks: Sequence[Network], sampled: Sampled, precision: Precision) -> list[Signature]:
    graphs = (one.graph for one in sampled(LOOKED_AT))
    return further_operators(operators_of(networks[:FITTED], precision), graphs, precision)


@dataclass(frozen=True)
class TableEvaluator(AtDevice):
    """Makes the table on the machine of the device; it comes home in `folder`, below the output folder."""

    texts: tuple[str, ...] = ()
    further: tuple[Signature, ...] = ()
    folder: str = TABLES

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """Nothing but the file. Raises `UserError` for a network that the device cannot run."""
        catalog = catalog_of(settings.plugins)
        networks = [Network.of_text(text, file="<sampled>", catalog=catalog) for text in self.texts]
        own = Path(settings.output) / self.folder / TABLE_FILE
        own.parent.mkdir(parents=True, exist_ok=True)
        step: Step = lambda one: report_step(one.stage, one.done, one.total)  # noqa: E731
        found = _table(settings, own, lambda: networks, lambda _: self.further, lambda _: None, step)
        if found != str(own):
            write_table(own, read_table(Path(found)))
        return Evaluation({})

    def spec_texts(self) -> tuple[str, ...]:
        """Of the sampled networks."""
        return self.texts

    def moved(self, places: Places) -> TableEvaluator:
        """With the paths of the machine that it runs on."""
        return replace(self, texts=tuple(map(places.spec_text, self.texts)))

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """That of the table."""
        return (self.folder,)


def _table(
    settings: Settings,
    own: Path,
    networks: Callable[[], Sequence[Network]],
    further: Callable[[Sequence[Network]], Sequence[Signature]],
    message: Message,
    step: Step,
) -> str:
    """On this machine."""
    place = device(settings.device)
    reference = Model("reference", reference_model())
    precision = settings.precision
    started = table_of(place, None, reference, settings.threads, precision)
    usual = table_path(started.conditions)
    known = read_or_none(own)
    if known is None or known.accuracy is None:
        sampled = networks()
        basis = known or read_or_none(usual)
        if known is None and basis is not None and knows(basis, sampled):
            message(f"latency is predicted from {usual}")
            return str(usual)
        why = "was never calibrated" if basis is None else "has a latency table without some operators of this space"
        message(f"{started.conditions.device} {why}: timing those of {FITTED} networks of it")
        known = calibrate(
            place,
            basis or started,
            sampled[:FITTED],
            sampled[FITTED:],
            further=further(sampled),
            threads=settings.threads,
            precision=precision,
            keep=lambda table: write_table(own, table),
            progress=step,
            operator_turns=QUICK_OPERATORS,
            network_turns=QUICK_NETWORKS,
            reference=reference,
        )
    message(_scored(known))
    return str(own)


def knows(table: LatencyTable, networks: Iterable[Network]) -> bool:
    """Whether it can predict all of these."""
    predictor = Predictor(table)
    try:
        for network in networks:
            predictor.predict(network.graph)
    except Problem:
        return False
    return True


def _scored(table: LatencyTable) -> str:
    found = table.accuracy
    if found is None:
        return f"a quick latency table of {len(table.entries)} operators, not scored: the space is too small for that"
    return (
        f"a quick latency table of {len(table.entries)} operators: on {found.networks} other networks of the space its "
        f"median error is {found.median_error:.1%}, its rank correlation {found.spearman:.2f}"
    )
