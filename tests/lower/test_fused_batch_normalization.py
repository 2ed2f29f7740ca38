"""The batch norm of trainings against Keras's own: outputs, gradients and moving statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.lower import keras, tf
from archspec.lower.layers import own_layer
from archspec.network import Network


def trained(layer_class: Any, shape: tuple[int, ...], **config: Any) -> list[Any]:
    """Output, gradients and moving statistics of two steps."""
    generator = np.random.default_rng(0)
    layer = layer_class(momentum=0.9, epsilon=1e-3, **config)
    layer.build(shape)
    for variable in layer.trainable_variables:
        variable.assign(generator.normal(1.0, 0.3, variable.shape))
    inputs, weights = (tf.constant(generator.normal(0.5, 2.0, shape), tf.float32) for _ in range(2))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(layer(inputs, training=True) + inputs, training=True)
        loss = tf.reduce_sum(outputs * weights)
    variables = [one.value for one in layer.trainable_variables]
    return [outputs, *tape.gradient(loss, [inputs, *variables]), *layer.non_trainable_variables]


@pytest.mark.parametrize("shape", [(2, 5, 7, 8), (3, 4, 4, 16), (1, 1, 1, 4), (2, 3, 3, 13), (2, 3, 3, 58), (4, 32)])
@pytest.mark.parametrize("config", [{}, {"scale": False}, {"center": False}])
def test_it_is_kerass(shape: tuple[int, ...], config: dict[str, Any]) -> None:
    fused = trained(own_layer("FusedBatchNormalization"), shape, **config)
    plain = trained(keras.layers.BatchNormalization, shape, **config)
    for one, other in zip(fused, plain, strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-4 * float(np.abs(other).max() + 1e-6))


def test_only_trainings_have_it_and_a_frozen_one_keeps_its_statistics() -> None:
    graph = Network.load("camvid_shufflenetv2_05", {"input.size": [64, 64]}).graph
    kinds = [
        {type(layer).__name__ for layer in lower.to_keras(graph, **how).layers} for how in ({}, {"training": True})
    ]
    assert sorted(kinds[0] ^ kinds[1]) == ["BatchNormalization", "FusedBatchNormalization"]
    layer = own_layer("FusedBatchNormalization")()
    layer.trainable = False
    inputs = np.random.default_rng(0).normal(3.0, 1.0, (2, 4, 4, 8)).astype("float32")
    assert np.allclose(layer(inputs, training=True), inputs / np.sqrt(1.001), atol=1e-5)
    assert not np.any(layer.moving_mean)
