"""Gradient norm of the untrained network on one batch, summed over kernels (arXiv:2101.08134)

Batch norm by the batch, no dropout; the loss is the cross-entropy of labelled pixels, the scores brought to the size
of the labels.
"""

from __future__ import annotations

from typing import Any

from archspec.measures._case import Case, Measurement
from archspec.measures._initial import (
    batch_conditions,
    check_batch,
    first_batch,
    fresh_weights,
    kernels,
    scoring_graph,
)
from archspec.measures._settings import Settings
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "", "more", "proxy", 5.0
TENSORFLOW = True
METRIC = "grad_norm"
MAP_AXES = 3  # of label maps: (N, H, W)


def check(settings: Settings) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_batch(settings, METRIC)


def conditions(case: Case) -> dict[str, Plain]:
    """Network, start, batch. Raises `UserError`."""
    return batch_conditions(case, METRIC)


def measure(case: Case) -> Measurement:
    """Raises `UserError` for data that cannot be read, and a network that Keras refuses."""
    import math

    from archspec import lower

    graph = scoring_graph(case, METRIC)
    model = lower.to_keras(graph, fresh_weights(graph, case))
    norms = gradient_norms(model, *first_batch(case, METRIC))
    total = math.fsum(norms)
    return Measurement(total) if math.isfinite(total) else Measurement(None, fault=f"the gradient norm is {total}")


def gradient_norms(model: Any, images: Any, labels: Any) -> list[float]:
    """The Euclidean norm of the loss's gradient in each kernel."""
    from archspec.lower import tf
    from archspec.train._losses import total_loss
    from archspec.train._recipe import LossTerm

    masks = labels.ndim > MAP_AXES or model.output_shape[-1] == 1
    loss = total_loss((LossTerm("binary_cross_entropy" if masks else "cross_entropy"),), None)
    values = [one.value for one in kernels(model)]
    with tf.GradientTape() as tape:
        total = loss(model(images, training=True), tf.constant(labels))
    gradients = tape.gradient(total, values)
    return [float(tf.norm(slope)) for slope in gradients if slope is not None]
