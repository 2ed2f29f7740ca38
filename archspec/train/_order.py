"""What is asked of a training: the spec, the recipe, the data and the seed; and what identifies it."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archspec.arrays import Array
from archspec.datasets import (
    Dataset,
    LabelCounts,
    cautions,
    check_before_training,
    check_channels,
    count_labels,
    image_form,
    training_batches,
)
from archspec.errors import Fault, Problem, UserError, nearest, user_error
from archspec.graph import Graph, canonical_hash
from archspec.network import Network
from archspec.record import Plain, package_versions
from archspec.spec import Spec, override
from archspec.train._recipe import Recipe, Stage
from archspec.train._stage_graph import network_for, trained_classes, without_upsampling
from archspec.train._teacher import TeacherNetwork, open_teacher, project_features
from archspec.train._teacher_kind import TEACHER
from archspec.train._validation import validation_examples
from archspec.weights import Imported, check_weights

HASH_LETTERS = 10
PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu")
FROM_GRAPH = ("momentum", "initializer")


@dataclass(frozen=True)
class Order:
    """`datasets` by the reference they were opened by (`camvid:DIR`), in the order given.

    Their images are read as the spec's network reads them. Raises `UserError` for a network that reads other channels.
    """

    spec: Spec
    recipe: Recipe
    datasets: Mapping[str, Dataset]
    seed: int = 0

    def __post_init__(self) -> None:
        form = image_form(self.spec)
        for dataset in self.datasets.values():
            check_channels(self.spec, dataset.channels)
        read = {reference: dataset.in_form(form) for reference, dataset in self.datasets.items()}
        object.__setattr__(self, "datasets", read)

    def dataset(self, stage: Stage) -> tuple[str, Dataset]:
        """Reference and data set of a stage. Raises `UserError` when it was not given, or when it could be several."""
        if not stage.data and len(self.datasets) == 1:
            return next(iter(self.datasets.items()))
        found = [(reference, one) for reference, one in self.datasets.items() if one.name == stage.data]
        if len(found) == 1:
            return found[0]
        names = [one.name for one in self.datasets.values()]
        if not stage.data:
            fact = f"stage '{stage.name}' does not say which of the data sets it is for ({', '.join(names)})"
            raise user_error(fact, f"Write data: {names[0] if names else 'NAME'} in the recipe, or give one --data")
        fact = f"stage '{stage.name}' trains on '{stage.data}', which is not given"
        raise user_error(fact, nearest(stage.data, names) if names else f"Add --data {stage.data}:DIR")

    @cached_property
    def final(self) -> Dataset:
        """The data set of the last stage: its classes are those of the trained network."""
        return self.dataset(self.recipe.stages[-1])[1]

    @cached_property
    def trained_spec(self) -> Spec:
        """The spec as it is trained: the classes are the data's."""
        return override(self.spec, {"classes": trained_classes(self.spec, self.final)})

    @cached_property
    def _networks(self) -> list[tuple[Stage, Network]]:
        return []

    def network(self, stage: Stage) -> Network:
        """The network that a stage trains, up to its logits, which those of its auxiliary heads follow.

        Raises `UserError`.
        """
        for known, network in self._networks:
            if known is stage:
                return network
        classes, momentum = trained_classes(self.spec, self.dataset(stage)[1]), stage.batch_norm.momentum
        network = network_for(self.spec, classes, stage.augmentation.size, momentum, auxiliary=True)
        if not stage.upsample_logits:
            network = network.with_graph(without_upsampling(network.graph))
        self._add_projection(stage, network)
        self._networks.append((stage, network))
        return network

    def _add_projection(self, stage: Stage, network: Network) -> None:
        """What a teacher on features compares is a further output of the graph, the last."""
        teacher = self.teacher(stage)
        if teacher is not None and stage.teacher is not None and stage.teacher.on == "features":
            try:
                project_features(network.graph, stage.teacher.student_tap, teacher.channels)
            except Problem as problem:
                raise UserError(problem.at(stage.teacher.place, self.path_in(stage, TEACHER))) from problem

    @cached_property
    def _teachers(self) -> list[tuple[Stage, TeacherNetwork]]:
        return []

    def teacher(self, stage: Stage) -> TeacherNetwork | None:
        """What a stage's network learns from beside the labels; None where there is nothing. Raises `UserError`."""
        if stage.teacher is None:
            return None
        for known, teacher in self._teachers:
            if known is stage:
                return teacher
        dataset, path = self.dataset(stage)[1], self.path_in(stage, TEACHER)
        found = open_teacher(stage.teacher, self.spec, dataset, stage.augmentation.size, path)
        self._teachers.append((stage, found))
        return found

    @cached_property
    def teacher_digests(self) -> dict[str, str]:
        """Name of each stage that has a teacher -> what stands for that. Raises `UserError`."""
        opened = {stage.name: self.teacher(stage) for stage in self.recipe.stages}
        return {name: teacher.digest for name, teacher in opened.items() if teacher is not None}

    def path_in(self, stage: Stage, key: str) -> str:
        """The path of a key of a stage in the recipe."""
        number = next(number for number, one in enumerate(self.recipe.stages) if one is stage)
        return key if len(self.recipe.stages) == 1 else f"stages[{number}].{key}"

    def graph(self, stage: Stage) -> Graph:
        """The graph of it. Raises `UserError`."""
        return self.network(stage).graph

    def auxiliary_weights(self, stage: Stage) -> tuple[float, ...]:
        """What the loss of each auxiliary head counts."""
        return tuple(head.weight for head in self.network(stage).expanded.auxiliary)

    @cached_property
    def imported(self) -> Imported | None:
        """The weights that the spec names, fitted to the first stage's network without auxiliary heads, which no file
        has. Raises `UserError`."""
        stage = self.recipe.stages[0]
        network = self.network(stage)
        if network.expanded.auxiliary:
            classes = trained_classes(self.spec, self.dataset(stage)[1])
            network = network_for(self.spec, classes, stage.augmentation.size)
        return network.imported

    def start_weights(self) -> dict[str, Array]:
        """The weights that the first stage begins with."""
        fresh = self.network(self.recipe.stages[0]).fresh_weights(self.seed)
        return fresh if self.imported is None else self.imported.complete(fresh)

    def check_weights(self) -> None:
        """Raises `UserError` for weights that do not fit, as far as that shows without TensorFlow."""
        if check_weights(self.network(self.recipe.stages[0]).expanded):
            _ = self.imported

    def conditions(self, network: Network) -> dict[str, Plain]:
        """What the score of this training holds under: data, recipe, seed, start and versions.

        `network` is that of the spec. All of it is known before anything is trained. Raises `UserError`.
        """
        stage, dataset = self.recipe.stages[-1], self.final
        height, width = network.graph.inputs[0].size
        return {
            "input_height": height,
            "input_width": width,
            "batch": 1,
            "data": dataset.name,
            "split": stage.validation.split,
            "data_fingerprint": self.fingerprints[f"{dataset.name} {stage.validation.split}"],
            "training_fingerprint": self.fingerprints[f"{dataset.name} {stage.split}"],
            "classes": len(dataset.classes),
            "recipe_digest": self.recipe.digest,
            "seed": self.seed,
            "weights_digest": None if self.imported is None else self.imported.digest,
            "start": start_of(network.graph),
            **({"auxiliary": network.auxiliary_digest} if network.auxiliary_digest else {}),
            **({TEACHER: " ".join(self.teacher_digests.values())} if self.teacher_digests else {}),
            **({"quantization": stage.quantization.precision} if stage.quantization else {}),
            **package_versions(PACKAGES),
        }

    def describe_start(self) -> str:
        """What the first stage begins with, in words."""
        fresh = f"freshly initialised, seed {self.seed}"
        return fresh if self.imported is None else self.imported.describe(fresh)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """`data split` -> what stands for its contents, of everything that is trained on or validated.

        Raises `UserError` with the faults of all of them.
        """
        return dict(self._each_split(lambda dataset, split: dataset.fingerprint(split)))

    def check_data(self) -> None:
        """Raises `UserError` with everything that is wrong with the files, as far as it shows without decoding."""
        self._each_split(check_before_training)

    def label_cautions(self) -> tuple[str, ...]:
        """What looks wrong about the labels that are trained on and validated with, a line each.

        Raises `UserError` for labels that cannot be read, and where nothing is labelled.
        """
        found: dict[str, dict[str, LabelCounts]] = {}
        for stage in self.recipe.stages:
            reference, dataset = self.dataset(stage)
            counts = found.setdefault(reference, {})
            counts[stage.split] = count_labels(dataset, stage.split)
            validated = validation_examples(dataset, stage.validation)
            counts[stage.validation.split] = count_labels(dataset, stage.validation.split, validated)
        return tuple(line for reference, counts in found.items() for line in cautions(self.datasets[reference], counts))

    def _each_split(self, ask: Callable[[Dataset, str], Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        faults: list[Fault] = []
        for stage in self.recipe.stages:
            try:
                dataset = self.dataset(stage)[1]
                for split in (stage.split, stage.validation.split):
                    name = f"{dataset.name} {split}"
                    found[name] = found[name] if name in found else ask(dataset, split)
            except UserError as error:
                faults += error.faults
        if faults:
            raise UserError(dict.fromkeys(faults))
        return found

    @cached_property
    def digest(self) -> str:
        """10 hexadecimal letters for all of it but the seed: another spec, recipe, start or data is another run."""
        what: Any = [
            self.spec.values | {"weights": None if self.imported is None else self.imported.digest},
            canonical_hash(self.graph(self.recipe.stages[-1])),
            self.recipe.digest,
            self.fingerprints,
        ] + ([self.teacher_digests] if self.teacher_digests else [])
        text = json.dumps(what, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=HASH_LETTERS // 2).hexdigest()

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return f"{self.spec.name}-{self.recipe.name}-{self.digest}-s{self.seed}"


def stage_batches(dataset: Dataset, stage: Stage, seed: int, steps: int, first_step: int = 0) -> Any:
    """The `training_batches` of a stage from a step on."""
    return training_batches(
        dataset, stage.split, augmentation=stage.augmentation, batch_size=stage.batch_size, seed=seed, steps=steps,
        first_step=first_step,
    )  # fmt: skip


def stage_steps(order: Order, stage: Stage) -> int:
    """How many updates a stage is long."""
    if stage.steps is not None:
        return stage.steps
    if stage.epochs is None:
        raise user_error(f"stage '{stage.name}' has no length", "Write steps")
    examples = len(order.dataset(stage)[1].examples(stage.split))
    return max(1, math.ceil(stage.epochs * examples / stage.batch_size))


def start_of(graph: Graph) -> str:
    """8 hexadecimal letters for what a training depends on and the network's hash leaves out: how layers begin."""
    found = Counter(
        (type(node.layer).__name__, *((key, repr(value)) for key, value in node.layer.config.items() if _is_start(key)))
        for node in graph.nodes
        if node.layer.weights(node)
    )
    return hashlib.blake2b(repr(sorted(found.items())).encode(), digest_size=4).hexdigest()


def _is_start(key: str) -> bool:
    return key.endswith(FROM_GRAPH)
