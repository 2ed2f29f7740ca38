"""What a study needs before it searches: its settings, fingerprints of its data, a latency table, backbones."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.datasets import open_dataset
from archspec.devices import Model, device
from archspec.errors import Problem, UserError, user_error
from archspec.measures import Settings, check_settings, measure_named
from archspec.network import Network, reference_model
from archspec.predictor import (
    CalibrationProgress,
    LatencyTable,
    Predictor,
    TablePrecision,
    Turns,
    calibrate,
    further_operators,
    operators_of,
    read_or_none,
    table_of,
    table_path,
    write_table,
)
from archspec.record import turn
from archspec.search.candidates import SearchSpace
from archspec.search.fidelity import Fidelity
from archspec.search.study.study import Pretrain, Study
from archspec.spec import Spec, override
from archspec.train import Order, load_recipe, trunk_of

SECTION = "backbone"
FITTED, HELD_OUT = 16, 12
LOOKED_AT = 200  # networks whose operators the table is to know, without timing the networks
QUICK_OPERATORS, QUICK_NETWORKS = Turns(rounds=6), Turns(rounds=6, together=14)
TABLE_FILE = "latency_table.json"


def settings_of(study: Study, output: Path, plugins: tuple[Path, ...] = ()) -> Settings:
    """The settings that candidates are measured under."""
    target = study.target
    return Settings(
        metrics=study.searched,
        limits=study.limits,
        seed=study.seed,
        device=target.name,
        threads=target.threads,
        precision=target.precision,
        data=study.data,
        recipes=dict(study.recipes),
        latency_table=target.latency_table,
        output=str(output),
        plugins=tuple(map(str, plugins)),
    )


def fidelity_of(study: Study) -> Fidelity | None:
    """The fidelity of a study, with the decay of its recipe where it names none. Raises `UserError`."""
    fidelity = study.fidelity
    if fidelity is None or fidelity.decay is not None:
        return fidelity
    trunks = [trunk_of(load_recipe(recipe)) for recipe in study.recipes.values()]
    return replace(fidelity, decay=next((trunk.decay for trunk in trunks if trunk is not None), None))


def check_fidelity(study: Study, settings: Settings) -> None:
    """Raises `UserError` for recipes that cannot be so many steps long, and for a budget below one candidate's."""
    fidelity = fidelity_of(study)
    if fidelity is None or study.fidelity is None:
        return
    for steps in fidelity.steps:
        check_settings(replace(settings, metrics=study.trained, limits=(), training_steps=steps,
                               training_decay=study.fidelity.decay))  # fmt: skip
    trainings, least = study.budget.trainings, fidelity.remaining(-1) / fidelity.whole
    if trainings is not None and trainings < least:
        fact = f"{trainings:g} trainings are less than one candidate costs over all rungs ({least:.2f})"
        raise user_error(fact, f"Write trainings: {math.ceil(least)} or more", "budget.trainings")


def predicts(study: Study) -> bool:
    """Whether it asks for something that takes a latency table."""
    return any(measure_named(metric).predicted for metric in study.asked)


def fingerprints(study: Study) -> dict[str, str]:
    """`data split` -> what stands for its contents; nothing for a study that trains nothing. Raises `UserError`."""
    found: dict[str, str] = {}
    if not any(measure_named(metric).trains for metric in study.asked):
        return found
    for reference in study.data:
        dataset = open_dataset(reference)
        found |= {f"{dataset.name} {split}": dataset.fingerprint(split) for split in dataset.splits}
    return found


def calibrated(
    study: Study,
    space: SearchSpace,
    folder: Path,
    message: Callable[[str], None],
    step: Callable[[CalibrationProgress], None],
) -> str:
    """The file of the latency table that predicts for this study: the study's, the user's, else one made for it now.

    That one is quick: it knows operators of this space only and stays in the study's folder. Raises `UserError`.
    """
    target = study.target
    if target.latency_table:
        return target.latency_table
    place = device(target.name)
    reference = Model("reference", reference_model())
    precision: TablePrecision = "int8" if target.precision == "int8" else "float32"  # no table is of another
    started = table_of(place, None, reference, target.threads, precision)
    usual, own = table_path(started.conditions), folder / TABLE_FILE
    known = read_or_none(own)
    if known is None or known.accuracy is None:
        networks = sampled(space, FITTED + HELD_OUT, study.seed)
        basis = known or read_or_none(usual)
        if known is None and basis is not None and knows(basis, networks):
            message(f"latency is predicted from {usual}")
            return str(usual)
        why = "was never calibrated" if basis is None else "has a latency table without some operators of this space"
        message(f"{started.conditions.device} {why}: timing those of {FITTED} networks of it")
        known = calibrate(
            place,
            basis or started,
            networks[:FITTED],
            networks[FITTED:],
            further=further_operators(
                operators_of(networks[:FITTED]),
                (one.graph for one in sampled(space, LOOKED_AT, study.seed)),
            ),
            threads=target.threads,
            precision=precision,
            keep=lambda table: write_table(own, table),
            progress=step,
            operator_turns=QUICK_OPERATORS,
            network_turns=QUICK_NETWORKS,
            reference=reference,
        )
    message(_scored(known))
    return str(own)


def knows(table: LatencyTable, networks: Sequence[Network]) -> bool:
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


def sampled(space: SearchSpace, count: int, seed: int) -> list[Network]:
    """Different networks of a space that can be built, at most `count`. Raises `UserError` where none can."""
    generator = random.Random(f"calibration {seed}")
    found: dict[str, Network] = {}
    for _ in range(20 * count):
        try:
            candidate = space.candidate(space.sample(generator))
        except (UserError, Problem):
            continue
        found[candidate.key] = candidate.network
        if len(found) == count:
            break
    if not found:
        raise user_error("no network of this space can be built", "Look at one: archspec space SPEC")
    return list(found.values())


@dataclass(frozen=True)
class Backbones:
    """Where the backbones of a study come from. Plain: it crosses into workers."""

    pretrain: Pretrain
    data: tuple[str, ...]
    seed: int
    output: str

    def order(self, spec: Spec) -> Order:
        """The training that gives a candidate its backbone; candidates of one backbone have one. Raises `UserError`."""
        network = override(spec, {**dict(self.pretrain.changes), "name": f"{spec.name}_backbone"})
        datasets = {reference: open_dataset(reference) for reference in self.data}
        return Order(network, load_recipe(self.pretrain.recipe), datasets, self.seed)

    def prepared(self, spec: Spec) -> Spec:
        """The candidate with the weights of its backbone, which is trained now where nobody did before.

        Other processes that want the same wait meanwhile. Raises `UserError` where the training came apart.
        """
        order = self.order(spec)
        root = Path(self.output)
        with turn(root / f".{order.name}.lock"):
            from archspec.train import Training

            outcome = Training(order, root).train()
        if outcome.state != "finished":
            fact = f"the backbone could not be trained ({outcome.about.get('error')})"
            raise user_error(fact, f"Change the recipe {self.pretrain.recipe}")
        return override(spec, {"weights": {"file": str(outcome.run.weights), "only": [SECTION]}})
