"""Synaptic flow of the untrained network, its natural logarithm (arXiv:2006.05467, arXiv:2101.08134)

Every weight by its absolute value, an image of ones, no batch norm, no activation (none may clip), the gates of
attention open: the sum over all kernels of weight times the gradient of the sum of all scores, which are those before
the last upsampling. No data is needed. In float64, and its logarithm: the flow of a deep network has a hundred digits.
"""

from __future__ import annotations

from typing import Any

from archspec.measures._case import Case, Measurement
from archspec.measures._initial import fresh_weights, initial_conditions, kernels, linear_graph

UNIT, BETTER, RUNG, SECONDS = "ln", "more", "proxy", 2.0
TENSORFLOW = True

__all__ = ["BETTER", "RUNG", "SECONDS", "TENSORFLOW", "UNIT", "conditions", "flow", "measure"]
conditions = initial_conditions


def measure(case: Case) -> Measurement:
    """Raises `UserError` for a network that Keras refuses."""
    import math

    import numpy as np

    from archspec import lower

    graph = linear_graph(case)
    weights = {key: np.abs(array) for key, array in fresh_weights(graph, case).items()}
    found = flow(lower.to_keras(graph, weights, policy="float64"))
    if not (math.isfinite(found) and found > 0):
        return Measurement(None, fault=f"the flow is {found}")
    return Measurement(math.log(found))


def flow(model: Any) -> float:
    """The sum over kernels of weight times gradient, of a model without anything that is not positive."""
    from archspec.lower import tf

    variables = kernels(model)
    values = [one.value for one in variables]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(tf.ones((1, *model.input_shape[1:]), tf.float64), training=False))
    gradients = tape.gradient(total, values)
    terms = [tf.reduce_sum(value * slope) for value, slope in zip(values, gradients, strict=True) if slope is not None]
    return float(tf.add_n(terms))
