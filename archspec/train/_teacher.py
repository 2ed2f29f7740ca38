"""The teacher of a stage: a trained network, opened and checked without TensorFlow.

It may have another backbone, preprocessing and size than the student; its classes and the channels of its image are
the student's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from archspec.arrays import Array
from archspec.datasets import Dataset
from archspec.errors import Fault, Problem, UserError, nearest
from archspec.graph import Graph, Tensor, canonical_hash, weight_specs
from archspec.graph.layers import Conv2D
from archspec.network import Network
from archspec.spec import Spec, load, override, parse
from archspec.train._recipe import Teacher
from archspec.train._run_file import finished_about
from archspec.train._stage_graph import makes_masks, network_for, trained_classes, without_upsampling

MAP_AXES = 3
PROJECTION = "teacher.projection"  # the layer that brings the student's features to the teacher's channels
SHOWN = 3


@dataclass(frozen=True)
class TeacherNetwork:
    """`graph` reads the images of a stage and ends in what is taught: scores before they are brought to the image's
    size, or the features of a tap. `digest` stands for the network, its weights and the tap."""

    name: str
    graph: Graph
    weights: dict[str, Array]
    digest: str

    @property
    def channels(self) -> int:
        """Of what is taught."""
        return self.graph.outputs[0].channels


def open_teacher(teacher: Teacher, student: Spec, dataset: Dataset, size: tuple[int, int], path: str) -> TeacherNetwork:
    """The network that teaches `student` on crops of `size`. Raises `UserError` with every fault, told at `path`."""
    about: dict[str, Any] = {}
    try:
        if teacher.run:
            about = finished_about(Path(teacher.run))
        spec = _spec(teacher, student)
    except UserError as error:
        raise UserError(_told_here(error.faults, teacher, path)) from error
    faults = list(_differences(spec, student, dataset, about.get("classes")))
    if teacher.on == "logits" and makes_masks(spec) != makes_masks(student):
        fact = "of teacher and student, only one gives each class by itself (output: sigmoid)"
        faults.append((fact, "Name a teacher of the same output, or write on: features"))
    if faults:
        raise UserError(Fault(fact, remedy, path, teacher.place) for fact, remedy in faults)
    try:
        network = network_for(spec, trained_classes(student, dataset), size)
        weights = _weights(network)
        taught = _taught(network.graph, teacher)
    except UserError as error:
        raise UserError(_told_here(error.faults, teacher, path)) from error
    except Problem as problem:
        raise UserError(problem.at(teacher.place, path)) from problem
    needed = [key for key, _, _ in weight_specs(taught)]
    missing = [key for key in needed if key not in weights]
    if missing:
        fact = f"the teacher's weights lack {len(missing)} arrays ({', '.join(missing[:SHOWN])}): it is not trained"
        raise UserError(Fault(fact, "Name a run, or weights of the whole network", path, teacher.place))
    kept = {key: weights[key] for key in needed}
    return TeacherNetwork(spec.name, taught, kept, _digest(taught, kept))


def _spec(teacher: Teacher, student: Spec) -> Spec:
    """The teacher's spec, with its weights. Raises `UserError`."""
    if teacher.run:
        return load(Path(teacher.run) / "spec.yaml")
    if "\n" in teacher.spec:
        found = parse(teacher.spec, file=str(teacher.place), catalog=student.catalog)
    else:
        found = load(teacher.spec, catalog=student.catalog)
    return override(found, {"weights": teacher.weights}) if teacher.weights else found


def _told_here(faults: Iterable[Fault], teacher: Teacher, path: str) -> list[Fault]:
    """The faults of what a recipe names, at the line that names it."""
    return [Fault(f"the teacher cannot be opened: {fault}", path=path, place=teacher.place) for fault in faults]


def _differences(spec: Spec, student: Spec, dataset: Dataset, names: list[str] | None) -> Iterable[tuple[str, str]]:
    """What keeps a network from teaching another one."""
    classes, ours = spec.values["classes"], trained_classes(student, dataset)
    if classes != ours:
        fact = f"the teacher tells {classes} classes apart, and {dataset.name} has {ours}"
        yield fact, "Name a teacher that was trained for the same classes"
    elif names is not None and tuple(names) != tuple(dataset.classes.names):
        pairs = zip_longest(names, dataset.classes.names, fillvalue="none")
        theirs, here = next((a, b) for a, b in pairs if a != b)
        fact = f"the teacher's classes are others, or in another order ('{theirs}' where {dataset.name} has '{here}')"
        yield fact, "Name a teacher that was trained for the same classes"
    channels, read = spec.values["input"]["channels"], student.values["input"]["channels"]
    if channels != read:
        fact = f"the teacher reads images of {channels} channels, and the student of {read}"
        yield fact, "Name a teacher that reads the same images"


def _weights(network: Network) -> dict[str, Array]:
    if network.imported is None:
        raise Problem("the teacher has no trained weights", "Name a run, or write weights: FILE beside its spec")
    return dict(network.imported.arrays)


def _taught(graph: Graph, teacher: Teacher) -> Graph:
    """The graph up to what is taught. Raises `Problem`."""
    if teacher.on == "features":
        graph.finish((tap_of(graph, teacher.teacher_tap, "teacher"),))
        return graph
    if len(graph.outputs[0].shape) != MAP_AXES:
        raise Problem("the teacher gives one class for each image", "Name a teacher of label maps")
    return without_upsampling(graph)


def tap_of(graph: Graph, name: str, whose: str) -> Tensor:
    """The map that an id stands for. Raises `Problem`."""
    tap = graph.taps.get(name)
    if tap is None:
        raise Problem(f"the {whose} has no step with the id '{name}'", nearest(name, graph.taps))
    if not graph.has(tap.node.name):
        raise Problem(f"nothing of the {whose} reads '{name}'", "Name a step that its scores are made of")
    if len(tap.shape) != MAP_AXES or tap.dtype != "float32":
        raise Problem(f"'{name}' of the {whose} is no map of features ({tap.shape}, {tap.dtype})", "Name another step")
    return tap


def project_features(graph: Graph, tap: str, channels: int) -> None:
    """Give a freshly traced graph one output more: its features at a tap, brought to the teacher's channels by a 1×1
    convolution, which is trained and is not part of the network. Raises `Problem`."""
    features = tap_of(graph, tap, "student")
    graph.origin = features.node.origin
    graph.finish((*graph.outputs, Conv2D(channels, 1, name=PROJECTION)(features)))


def _digest(graph: Graph, weights: dict[str, Array]) -> str:
    """16 hexadecimal letters."""
    found = hashlib.blake2b(canonical_hash(graph).encode(), digest_size=8)
    for key in sorted(weights):
        found.update(key.encode())
        found.update(weights[key].tobytes())
    return found.hexdigest()
