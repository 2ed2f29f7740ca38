"""A model as a plain function of arrays."""

import warnings

import numpy as np

from archspec.graph.weights import initialise
from archspec.lower import function_to, set_weights, to_keras
from tests.lower.test_model import SMALL
from tests.strategies import graph_of

GRAPH = graph_of(SMALL)
IMAGES = np.random.default_rng(9).uniform(0, 255, (3, 33, 40, 3)).astype(np.float32)


def test_any_layer_any_batch_size_and_later_weights() -> None:
    model = to_keras(GRAPH, initialise(GRAPH, statistics="random"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logits, labels = function_to(model, "decoder"), function_to(model, "output")
        first = logits(IMAGES)
    assert first.shape == (3, 33, 40, 4)
    np.testing.assert_allclose(logits(IMAGES[1:2]), first[1:2], rtol=0, atol=1e-5 * np.abs(first).max())
    np.testing.assert_array_equal(labels(IMAGES), model(IMAGES).numpy())
    set_weights(model, initialise(GRAPH, seed=1, statistics="random"))
    assert np.abs(logits(IMAGES) - first).max() > 0.1 * np.abs(first).max()
