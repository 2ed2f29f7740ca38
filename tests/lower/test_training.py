"""Plain `fit`: weights move, statistics follow the batches, dropout drops, and all comes back into the mapping."""

from typing import Any

import numpy as np
import pytest

from archspec.graph import Graph
from archspec.graph.weights import initialise, weight_specs
from archspec.lower import get_weights, to_keras
from archspec.lower.framework import keras
from tests.strategies import graph_of

TRAINABLE = """
input: {size: 33, preprocess: symmetric}
output_stride: 8
classes: 3
backbone:
- conv_bn: {filters: 8, stride: 2}
- shuffle_unit: {filters: 16, stride: 2}
  repeat: 2
- inverted_residual: {filters: 12, stride: 2}
head: {basic: {filters: 8, dropout: 0.5}}
decoder: bilinear
output: logits
"""
SHORT = """
input: {size: 33}
output_stride: 8
classes: 3
backbone: [{conv_bn: {filters: 8, stride: 8, momentum: 0.9}}]
decoder: bilinear
output: logits
"""
Array = np.ndarray[Any, Any]
Trained = tuple[Any, Graph, list[float], dict[str, Array]]
RANDOM = np.random.default_rng(4)


def compiled(text: str = TRAINABLE) -> tuple[keras.Model, Graph]:
    keras.utils.set_random_seed(7)
    graph = graph_of(text)
    model = to_keras(graph, initialise(graph, seed=1))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["sparse_categorical_accuracy"],
    )
    return model, graph


def stripes(count: int) -> tuple[Array, Array]:
    """Images whose left, middle and right third are of three colours, which are the labels."""
    labels = np.repeat(np.arange(33) // 11, 33).reshape(33, 33).T.astype(np.int32)
    colours = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250]], np.float32)
    images = colours[labels][None] + RANDOM.normal(0, 5, (count, 33, 33, 3)).astype(np.float32)
    return images, np.repeat(labels[None], count, 0)


@pytest.fixture(scope="module")
def trained() -> Trained:
    model, graph = compiled()
    before = get_weights(model, graph)
    images, labels = stripes(8)
    history = model.fit(images, labels, batch_size=4, epochs=15, verbose=0)
    return model, graph, history.history["loss"], before


def test_fit_learns(trained: Trained) -> None:
    losses = trained[2]
    assert losses[-1] < 0.5 * losses[0]


def test_every_array_moves(trained: Trained) -> None:
    model, graph, _, before = trained
    after = get_weights(model, graph)
    still = [key for key, _, _ in weight_specs(graph) if np.array_equal(before[key], after[key])]
    assert still == []
    assert all(np.isfinite(array).all() for array in after.values())


def test_trained_weights_come_back_exactly_and_make_the_same_network(trained: Trained) -> None:
    model, graph, _, _ = trained
    after = get_weights(model, graph)
    for node in graph.nodes:
        for array, variable in zip(node.layer.weights(node), model.get_layer(node.name).get_weights(), strict=True):
            np.testing.assert_array_equal(after[f"{node.name}/{array.name}"], variable)
    images, _ = stripes(2)
    np.testing.assert_array_equal(to_keras(graph, after)(images).numpy(), model(images).numpy())


def test_dropout_drops_in_training_only(trained: Trained) -> None:
    model = trained[0]
    images, _ = stripes(1)
    assert np.array_equal(model(images).numpy(), model(images).numpy())
    dropout = model.get_layer("head.dropout")
    kept = dropout(np.ones((1, 50, 50, 8), np.float32), training=True).numpy()
    assert 0.45 < (kept == 0).mean() < 0.55
    assert set(np.unique(kept)) == {0.0, 2.0}


def test_moving_statistics_follow_the_batch_by_the_momentum() -> None:
    model, graph = compiled(SHORT)
    images, labels = stripes(4)
    first = keras.Model(model.input, model.get_layer("backbone.conv").output)(images).numpy()
    model.fit(images, labels, batch_size=4, epochs=1, verbose=0)
    found = get_weights(model, graph)
    mean, variance = first.mean((0, 1, 2)), first.var((0, 1, 2))
    np.testing.assert_allclose(found["backbone.bn/moving_mean"], 0.1 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["backbone.bn/moving_variance"], 0.9 + 0.1 * variance, rtol=1e-4)
