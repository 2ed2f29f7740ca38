"""What is asked of a network before any training: its fresh weights, and the first batch of a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.arrays import Array
from archspec.graph import Graph
from archspec.measures._case import Case
from archspec.measures._training import check_training, recipe_of
from archspec.record import Plain, package_versions

if TYPE_CHECKING:
    from archspec.datasets import Dataset
    from archspec.measures._settings import Settings
    from archspec.train import Stage

USUAL_RECIPE = "proxy_short"
PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu")
RANDOM = ("Dropout", "SpatialDropout2D")
NORMALISING = ("BatchNormalization", "GroupNormalization", "LayerNormalization")
NOT_LINEAR = ("Activation", "LeakyReLU", "Multiply", "PReLU", "ReLU", "Rescaling", "Softmax", *NORMALISING, *RANDOM)


def initial_conditions(case: Case) -> dict[str, Plain]:
    """Seed, start and versions: of what needs no data."""
    from archspec.train import start_of

    return {
        **case.network_conditions,
        "seed": case.settings.seed,
        "weights": "fresh",
        "start": start_of(case.network.graph),
        **package_versions(PACKAGES),
    }


def batch_conditions(case: Case, metric: str) -> dict[str, Plain]:
    """These, and which batch. Raises `UserError` for the recipe and the data."""
    stage, dataset = _stage(case, metric)
    return {
        **initial_conditions(case),
        "data": dataset.name,
        "split": stage.split,
        "data_fingerprint": dataset.fingerprint(stage.split),
        "recipe_digest": recipe_of(case.settings, metric, USUAL_RECIPE).digest,
        "batch": stage.batch_size,
    }


def check_batch(settings: Settings, metric: str) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_training(settings, metric, USUAL_RECIPE)


def first_batch(case: Case, metric: str) -> tuple[Array, Array]:
    """Images `(B, h, w, 3)` float32 and labels `(B, h, w)` of the recipe's first step."""
    from archspec.datasets import close_batches, reading_errors, training_batches

    stage, dataset = _stage(case, metric)
    seed, augmentation = case.settings.seed, stage.augmentation
    batches = training_batches(
        dataset, stage.split, augmentation=augmentation, batch_size=stage.batch_size, seed=seed, steps=1, cache="none"
    )
    try:
        with reading_errors():
            ((images, labels),) = batches.as_numpy_iterator()
    finally:
        close_batches(batches)
    return images, labels


def scoring_graph(case: Case, metric: str) -> Graph:
    """The network for the batch's classes and crop, up to its scores, without what is random."""
    from archspec.graph import without_layers
    from archspec.train._stage_graph import graph_for, trained_classes, without_upsampling

    stage, dataset = _stage(case, metric)
    graph = graph_for(case.network.spec, trained_classes(case.network.spec, dataset), stage.augmentation.size)
    return without_layers(without_upsampling(graph), RANDOM)


def linear_graph(case: Case) -> Graph:
    """The network at its own size, up to its scores, without batch norms, activations, gates and image scaling."""
    from archspec.graph import without_layers
    from archspec.train._stage_graph import graph_for, without_upsampling

    graph = graph_for(case.network.spec, case.network.cost.classes, case.network.cost.input_size)
    return without_layers(without_upsampling(graph), NOT_LINEAR)


def fresh_weights(graph: Graph, case: Case) -> dict[str, Array]:
    """As a training that starts from nothing would begin."""
    return case.network.with_graph(graph).fresh_weights(case.settings.seed)


def kernels(model: Any) -> list[Any]:
    """The kernels of convolutions, in order."""
    return [one for layer in model.layers for one in layer.trainable_variables if "kernel" in one.name]


def _stage(case: Case, metric: str) -> tuple[Stage, Dataset]:
    """The first stage of the recipe that the batch is of, and its data."""
    from archspec.measures._training import order_of

    order = order_of(case, metric, USUAL_RECIPE)
    stage = order.recipe.stages[0]
    return stage, order.dataset(stage)[1]
