"""How differently the untrained network's ReLUs fire for the images of one batch (NASWOT, arXiv:2006.04647)

Log-determinant of the kernel of agreements: for each pair of images, at how many units (positions and channels of
all activations) the input is positive for both or for neither. Batch norm by the batch, no dropout. For segmentation
the units are those of the whole maps, decoder included, and the batch is a recipe's, not the paper's 128 images.
"""

from __future__ import annotations

from typing import Any

from archspec.arrays import Array
from archspec.measures._case import Case, Measurement
from archspec.measures._initial import (
    batch_conditions,
    check_batch,
    first_batch,
    fresh_weights,
    scoring_graph,
)
from archspec.measures._settings import Settings
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "ln", "more", "proxy", 5.0
TENSORFLOW = True
METRIC = "naswot"
FIRING = ("Activation", "LeakyReLU", "PReLU", "ReLU")


def check(settings: Settings) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_batch(settings, METRIC)


def conditions(case: Case) -> dict[str, Plain]:
    """Network, start, batch. Raises `UserError`."""
    return batch_conditions(case, METRIC)


def measure(case: Case) -> Measurement:
    """Raises `UserError` for data that cannot be read, and a network that Keras refuses."""
    import math

    import numpy as np

    from archspec import lower

    graph = scoring_graph(case, METRIC)
    before = [node.inputs[0] for node in graph.nodes if type(node.layer).__name__ in FIRING]
    if not before:
        return Measurement(None, fault="the network has no activation")
    graph.finish(before)
    model = lower.to_keras(graph, fresh_weights(graph, case))
    images, _ = first_batch(case, METRIC)
    _, found = np.linalg.slogdet(agreement([np.asarray(one) for one in _outputs(model, images)]))
    if not math.isfinite(found):
        return Measurement(None, fault="two images of the batch fire alike")
    return Measurement(float(found))


def agreement(maps: list[Array]) -> Array:
    """`(B, B)`: at how many units of all maps `(B, ...)` two images are on the same side of 0."""
    import numpy as np

    count = len(maps[0])
    found = np.zeros((count, count))
    for one in maps:
        fires = (one.reshape(count, -1) > 0).astype(np.float32)
        found += fires @ fires.T + (1 - fires) @ (1 - fires).T
    return found


def _outputs(model: Any, images: Any) -> list[Any]:
    found = model(images, training=True)
    return list(found) if isinstance(found, list | tuple) else [found]
