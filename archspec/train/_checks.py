"""What can be known to be wrong before anything is trained, of every stage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from archspec.datasets._augmentation import check_colours, class_numbers
from archspec.errors import Fault, Problem, UserError, nearest
from archspec.graph import Graph, is_within
from archspec.graph.task import CLASSIFICATION
from archspec.network import Network
from archspec.spec import Spec
from archspec.train._class_checks import task_faults
from archspec.train._losses import SIGMOID, SOFTMAX, loss_names, loss_output
from archspec.train._order import Order
from archspec.train._recipe import Stage
from archspec.train._stage_graph import (
    BINARY_CLASSES,
    cut_graph,
    graph_for,
    graph_sources,
    makes_masks,
    trained_classes,
)
from archspec.train._teacher import PROJECTION
from archspec.train._validation import validation_shapes

LEAST_CLASSES = 2


def check_order(order: Order) -> None:
    """Raises `UserError` with the faults of all stages: files, graphs at every size, names of sections and classes,
    weights. TensorFlow is not loaded for that."""
    _check_spec(order.spec)  # by itself: every stage would tell the same once more
    faults: list[Fault] = []
    _try(order.check_data, faults)
    for stage in order.recipe.stages:
        _try(partial(_check_crop, order, stage), faults)
    if not faults:  # else there is no graph to ask the rest of
        _try(order.check_weights, faults)
        for stage in order.recipe.stages:
            _try(partial(_check_stage, order, stage), faults)
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


def _check_stage(order: Order, stage: Stage) -> None:
    dataset = order.dataset(stage)[1]
    classes, masks = trained_classes(order.spec, dataset), makes_masks(order.spec)
    _ = order.teacher(stage)
    graph = order.graph(stage)
    faults = [*task_faults(order, stage, graph, dataset), *_unknown_places(stage, graph)]
    faults += [*_output_faults(order, stage, masks), *_quantization_faults(order, stage)]
    if len(dataset.classes) < LEAST_CLASSES and not masks:
        fact = f"{dataset.name} has {classes} class, and its score is always the highest: there is nothing to learn"
        faults.append(Fault(fact, "Label what is of no class as a class of its own"))
    weights = stage.class_weights
    if weights is not None and weights.inverse_log is None and len(weights.values) != classes:
        fact = f"class_weights has {len(weights.values)} numbers, and {dataset.name} has {classes} classes"
        faults.append(Fault(fact, "Write one a class, or {inverse_log: 1.02}", order.path_in(stage, "class_weights")))
    teacher = stage.teacher
    if teacher is not None and graph.has(PROJECTION) and not _learns(graph, stage):
        fact = "what makes the features of student_tap is all frozen, so it would learn nothing from the teacher"
        remedy = "Name a tap of what is trained, or on: logits"
        faults.append(Fault(fact, remedy, order.path_in(stage, "teacher"), teacher.place))
    if stage.cache_features is not None and not faults:
        try:
            cut_graph(graph, stage.freeze)
        except Problem as problem:
            faults.append(Fault(problem.fact, problem.remedy, order.path_in(stage, "cache_features")))
    try:
        check_colours(stage.augmentation, dataset.form.channels)
    except Problem as problem:
        faults.append(Fault(problem.fact, problem.remedy, order.path_in(stage, "augmentation")))
    _try(partial(class_numbers, stage.augmentation.focus_classes, dataset), faults)
    stride = order.spec.values["output_stride"]
    for shape in sorted(set(validation_shapes(dataset, stage.validation).values())):
        if min(shape) < stride:
            fact = f"{dataset.name} has an image of {shape[0]} × {shape[1]}, smaller than the output_stride {stride}"
            faults.append(Fault(fact, "Use larger images, or a network of a smaller output_stride"))
            continue
        _try(partial(graph_for, order.spec, classes, shape), faults)
    if faults:
        raise UserError(faults)


def _output_faults(order: Order, stage: Stage, masks: bool) -> list[Fault]:
    """Losses, labels and classes that do not go with what the network gives: masks, or one class a pixel."""
    dataset, wanted = order.dataset(stage)[1], SIGMOID if masks else SOFTMAX
    fitting = ", ".join(name for name in loss_names() if loss_output(name) == wanted)
    faults = [
        Fault(f"the loss '{term.name}' is of {loss_output(term.name)} scores, and the network gives "
              f"{'masks (output: sigmoid)' if masks else 'one class a pixel'}",
              f"Write one of {fitting}, or {'another output' if masks else 'output: sigmoid'}",
              order.path_in(stage, "loss"))
        for term in stage.loss if loss_output(term.name) != wanted
    ]  # fmt: skip
    if dataset.multi_label and not masks:
        fact = f"several classes of {dataset.name} may hold at a pixel, and the network gives one class a pixel"
        faults.append(Fault(fact, "Write output: sigmoid", "output"))
    count = len(dataset.classes)
    if masks and order.spec.values["classes"] == 1 and not dataset.multi_label and count != BINARY_CLASSES:
        fact = f"classes: 1 tells one class from the rest, and {dataset.name} has {count} classes"
        faults.append(Fault(fact, f"Write classes: {count}", "classes"))
    return faults


def _quantization_faults(order: Order, stage: Stage) -> list[Fault]:
    """What a training through int8 does not go with."""
    if stage.quantization is None:
        return []
    teacher = stage.teacher
    wrong = (
        (stage.mixed_precision != "none", "mixed_precision", "Leave it out: int8 is computed in float32"),
        (stage.cache_features is not None, "cache_features", "Leave it out: cached features are not quantised"),
        (teacher is not None and teacher.on == "features", "a teacher on features", "Write on: logits"),
        (bool(order.network(stage).expanded.auxiliary), "auxiliary heads", "Write auxiliary: none in the spec"),
        (order.dataset(stage)[1].task == CLASSIFICATION, "a classifier", "Train it in float32"),
    )
    path = order.path_in(stage, "quantization")
    return [Fault(f"quantization does not go with {what}", remedy, path) for is_so, what, remedy in wrong if is_so]


def _check_crop(order: Order, stage: Stage) -> None:
    """A crop smaller than the output stride leaves less than a map of one position."""
    size, stride = stage.augmentation.size, order.spec.values["output_stride"]
    if min(size) < stride:
        key = "crop" if stage.augmentation.crop else "fixed_size"
        fact = f"{key} {size[0]} × {size[1]} is smaller than the output_stride {stride} of the network"
        remedy = f"Write at least [{stride}, {stride}], or train a network of a smaller output_stride"
        raise UserError([Fault(fact, remedy, order.path_in(stage, f"augmentation.{key}"))])


def _unknown_places(stage: Stage, graph: Graph) -> list[Fault]:
    """Names in `freeze` and `learning_rate_multipliers` that nothing in the network has."""
    known = {node.name.partition(".")[0] for node in graph.nodes if node.layer.weights(node)}
    found = []
    for key, places in (("freeze", stage.freeze), ("learning_rate_multipliers", stage.learning_rate_multipliers)):
        for place in places:
            if not any(is_within(node.name, (place,)) for node in graph.nodes):
                found.append(Fault(f"the network has nothing called '{place}'", nearest(place, known), key))
    return found


def _learns(graph: Graph, stage: Stage) -> bool:
    """Whether anything that makes the projected features is trained."""
    sources = graph_sources(graph, {id(graph.node(PROJECTION).inputs[0].node)})
    made = [node for node in graph.nodes if id(node) in sources and node.layer.weights(node)]
    return any(not is_within(node.name, stage.freeze) for node in made)
