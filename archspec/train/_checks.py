"""What can be known to be wrong before anything is trained, of every stage; and kernels that a crop leaves untrained.

Dilated kernels whose outer taps reach past the map of a crop, but not past that of a whole image, are never trained,
and yet they are read: a dense prediction cell whose rates are wider than the crop's features scores far below what it
is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from archspec.datasets import Dataset
from archspec.datasets._augmentation import check_colours, class_numbers
from archspec.errors import Fault, Problem, UserError, nearest
from archspec.graph import Graph
from archspec.graph.identity import seen_taps
from archspec.network import Network
from archspec.spec import Spec
from archspec.train._order import Order
from archspec.train._recipe import Stage
from archspec.train._stage_graph import cut_graph, graph_for, is_within
from archspec.train._validation import validation_shapes

LEAST_CLASSES = 2


def check_order(order: Order) -> None:
    """Raises `UserError` with the faults of all stages: files, graphs at every size, names of sections and classes,
    weights. TensorFlow is not loaded for that."""
    _check_spec(order.spec)  # by itself: every stage would tell the same once more
    faults: list[Fault] = []
    _try(order.check_data, faults)
    _try(order.check_weights, faults)
    for number, stage in enumerate(order.recipe.stages):
        _try(partial(_check_stage, order, stage, number), faults)
    if faults:
        raise UserError(dict.fromkeys(faults))


def _check_spec(spec: Spec) -> None:
    """The spec as it is written, though training takes size, classes and output from elsewhere."""
    _ = Network(spec).graph


def _try(check: Callable[[], object], faults: list[Fault]) -> None:
    try:
        check()
    except UserError as error:
        faults += error.faults


def _check_stage(order: Order, stage: Stage, number: int) -> None:
    dataset = order.dataset(stage)[1]
    classes = len(dataset.classes)
    graph = order.graph(stage)
    faults = list(_unknown_places(stage, graph))
    if classes < LEAST_CLASSES:
        fact = f"{dataset.name} has {classes} class, and its score is always the highest: there is nothing to learn"
        faults.append(Fault(fact, "Label what is of no class as a class of its own"))
    weights = stage.class_weights
    if weights is not None and weights.inverse_log is None and len(weights.values) != classes:
        fact = f"class_weights has {len(weights.values)} numbers, and {dataset.name} has {classes} classes"
        faults.append(Fault(fact, "Write one a class, or {inverse_log: 1.02}", _path(order, number, "class_weights")))
    if stage.cache_features is not None and not faults:
        try:
            cut_graph(graph, stage.freeze)
        except Problem as problem:
            faults.append(Fault(problem.fact, problem.remedy, _path(order, number, "cache_features")))
    try:
        check_colours(stage.augmentation, dataset.form.channels)
    except Problem as problem:
        faults.append(Fault(problem.fact, problem.remedy, _path(order, number, "augmentation")))
    _try(partial(class_numbers, stage.augmentation.focus_classes, dataset), faults)
    for shape in sorted(set(validation_shapes(dataset, stage.validation).values())):
        _try(partial(graph_for, order.spec, classes, shape), faults)
    if faults:
        raise UserError(faults)


def _unknown_places(stage: Stage, graph: Graph) -> list[Fault]:
    """Names in `freeze` and `learning_rate_multipliers` that nothing in the network has."""
    known = {node.name.partition(".")[0] for node in graph.nodes if node.layer.weights(node)}
    found = []
    for key, places in (("freeze", stage.freeze), ("learning_rate_multipliers", stage.learning_rate_multipliers)):
        for place in places:
            if not any(is_within(node.name, (place,)) for node in graph.nodes):
                found.append(Fault(f"the network has nothing called '{place}'", nearest(place, known), key))
    return found


def _path(order: Order, number: int, key: str) -> str:
    return key if len(order.recipe.stages) == 1 else f"stages[{number}].{key}"


_NAMED = 3


def untrained_taps(crop: Graph, whole: Graph) -> tuple[str, ...]:
    """Names of the kernels of `whole` that read taps which the same kernels in `crop` never do."""
    trained = {node.name: seen_taps(node) for node in crop.nodes if "dilation_rate" in node.layer.config}
    return tuple(
        node.name
        for node in whole.nodes
        if node.name in trained and node.layer.weights(node) and trained[node.name] != seen_taps(node)
    )


def describe_untrained_taps(order: Order, stage: Stage, dataset: Dataset, crop: Graph) -> str:
    """The warning for a stage whose crops are too small for its rates; empty where there is nothing to say."""
    shapes = sorted(set(validation_shapes(dataset, stage.validation).values()))
    if not shapes:
        return ""
    names = untrained_taps(crop, graph_for(order.spec, len(dataset.classes), shapes[-1]))
    if not names:
        return ""
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    height, width = stage.augmentation.size
    return (
        f"warning: a crop of {height} x {width} is too small for the rates of {listed}: taps that only a whole image "
        f"of {shapes[-1][0]} x {shapes[-1][1]} reaches stay untrained. Crop larger, or lower the rates"
    )
