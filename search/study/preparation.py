"""What a study needs before it searches: its settings, fingerprints of its data, a latency table, backbones."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from archspec.datasets import open_dataset
from archspec.errors import Problem, UserError, user_error
from archspec.experiment import Places, quick_table
from archspec.files import is_file
from archspec.measures import Settings, check_settings, measure_named
from archspec.network import Network
from archspec.record import turn
from archspec.search.candidates import SearchSpace
from archspec.search.fidelity import Fidelity
from archspec.search.study.progress import StudyProgress
from archspec.search.study.study import Pretrain, Study
from archspec.spec import Spec, override
from archspec.train import Order, load_recipe, trunk_of

SECTION = "backbone"


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


def latency_table(study: Study, space: SearchSpace, folder: Path, settings: Settings, progress: StudyProgress) -> str:
    """The file of the latency table that predicts for this study: the study's, the user's, else one made for it now.

    Raises `UserError`.
    """
    if study.target.latency_table:
        return study.target.latency_table
    networks = partial(sampled, space, study.seed)
    return quick_table(settings, folder, networks, study.engine, progress.message, progress.calibrating)


def sampled(space: SearchSpace, seed: int, count: int) -> list[Network]:
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

    @property
    def files(self) -> tuple[str, ...]:
        """Its recipe, where that is a file."""
        return (self.pretrain.recipe,) if is_file(self.pretrain.recipe) else ()

    def folders(self, spec: Spec) -> tuple[str, ...]:
        """The run of a candidate's backbone. Raises `UserError`."""
        return (self.order(spec).name,)

    def moved(self, places: Places) -> Backbones:
        """The same on a machine where files lie elsewhere."""
        pretrain = replace(self.pretrain, recipe=places.file(self.pretrain.recipe))
        return replace(self, pretrain=pretrain, data=places.references(self.data), output=places.output)

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
