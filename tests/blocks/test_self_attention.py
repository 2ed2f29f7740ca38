"""Self-attention against Keras's own `MultiHeadAttention` with the same weights, and its multiply-adds by formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.blocks.units.self_attention import self_attention
from archspec.cost import price
from archspec.export import export, run
from archspec.graph import Graph, layers
from archspec.graph.weights import initialise

HEIGHT, WIDTH, CHANNELS = 5, 6, 12
PLACES = HEIGHT * WIDTH


def attention(heads: int, key: int, value: int) -> Graph:
    graph = Graph("attention")
    image = layers.Input((HEIGHT, WIDTH, CHANNELS), name="image").enter(graph)
    graph.finish([self_attention(image, heads=heads, key_channels=key, value_channels=value, name="it")])
    return graph


def keras_attention(graph: Graph, weights: Any, heads: int, key: int, value: int) -> Any:
    """Keras's layer with our weights: a kernel `(C, heads · k)` there is `(C, heads, k)`."""
    from archspec.lower.framework import keras

    tokens = keras.Input((PLACES, CHANNELS))
    layer = keras.layers.MultiHeadAttention(heads, key, value)
    model = keras.Model(tokens, layer(tokens, tokens))
    of_head = {"query": key, "key": key, "value": value}
    arrays = []
    for name, channels in of_head.items():
        arrays.append(weights[f"it.{name}/kernel"].reshape(CHANNELS, heads, channels))
        arrays.append(weights[f"it.{name}/bias"].reshape(heads, channels))
    arrays += [weights["it.output/kernel"].reshape(heads, value, CHANNELS), weights["it.output/bias"]]
    layer.set_weights(arrays)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("heads", "key", "value"), [(1, 12, 12), (3, 4, 4), (4, 3, 5)])
def test_it_is_keras_attention_in_keras_and_in_the_file(heads: int, key: int, value: int) -> None:
    from archspec.lower import to_keras

    graph = attention(heads, key, value)
    generator = np.random.default_rng(heads)
    weights = {
        name: generator.normal(0, 0.5, array.shape).astype(np.float32) for name, array in initialise(graph).items()
    }
    image = generator.normal(size=(1, HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    model = keras_attention(graph, weights, heads, key, value)
    expected = model(image.reshape(1, PLACES, CHANNELS)).numpy().reshape(1, HEIGHT, WIDTH, CHANNELS)
    for found in (to_keras(graph, weights)(image).numpy(), run(export(graph, weights).data, [image])[0]):
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(("heads", "key", "value"), [(1, 12, 12), (3, 4, 4), (4, 3, 5)])
def test_multiply_adds_of_weights_and_of_activations(heads: int, key: int, value: int) -> None:
    found = price(attention(heads, key, value), classes=CHANNELS, output_stride=1)
    weighted = PLACES * CHANNELS * heads * (2 * key + value) + PLACES * heads * value * CHANNELS
    assert found.matmul_macs == PLACES * PLACES * heads * (key + value)
    assert found.macs == weighted + found.matmul_macs
    assert found.params == weighted // PLACES + heads * (2 * key + value) + CHANNELS
