"""Our own Keras layers of attention networks: saved and loaded, trained, in half precision, against NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.graph import Graph, layers
from archspec.graph.weights import initialise
from archspec.lower import load_keras, save_keras, to_keras
from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer
from tests.graph import nets

pytestmark = pytest.mark.slow
RANDOM = np.random.default_rng(0)


def every_layer() -> Graph:
    """All of them, one behind the other."""
    x = layers.Conv2D(8, 1, name="first")(nets.image(8, 8, 3))
    x = layers.DepthToSpace(2, name="wide")(layers.SpaceToDepth(2, name="deep")(x))
    x = layers.StridedSlice((0, 0, 0), (None, 8, 8), (2, 1, 1), name="half")(x)
    x = layers.PositionEmbedding((3, 1), name="place")(layers.LayerScale(0.5, name="scale")(x))
    x = layers.Multiply(name="gated")(
        [x, layers.Mean((1, 2), name="mean")(layers.Activation("gelu_tanh", name="g")(x))]
    )
    tokens = layers.Reshape((-1, 8), name="tokens")(layers.AdaptiveAveragePooling2D((3, 5), name="pooled")(x))
    bases = layers.Bases(4, name="bases")(tokens)
    shares = layers.MatMul(transpose_b=True, name="shares")([tokens, bases])
    positive = layers.ReLU(name="positive")(shares)
    divided = layers.Divide(1.0, name="divided")([positive, layers.Sum(-1, name="sum")(positive)])
    return nets.finish(layers.Dense(3, name="last")(layers.MatMul(name="mixed")([divided, bases])))


def test_saved_loaded_trained_and_in_half_precision(tmp_path: Path) -> None:
    graph = every_layer()
    model = to_keras(graph, initialise(graph, 1, "random"))
    image = RANDOM.normal(size=(2, 8, 8, 3)).astype(np.float32)
    save_keras(model, tmp_path / "model.keras")
    np.testing.assert_array_equal(load_keras(tmp_path / "model.keras")(image).numpy(), model(image).numpy())
    assert [variable.path for variable in model.non_trainable_variables] == ["bases/bases"]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(image) ** 2)
    assert all(
        gradient is not None and np.abs(gradient.numpy()).max() > 0
        for gradient in tape.gradient(loss, model.trainable_variables)
    )
    half = to_keras(graph, initialise(graph, 1, "random"), policy="mixed_float16")
    assert half(image).dtype == tf.float16


@pytest.mark.parametrize("size", [(7, 5), (12, 3), (2, 9)])
def test_a_grid_of_means_is_that_of_pytorch(size: tuple[int, int]) -> None:
    x = RANDOM.normal(size=(1, *size, 2)).astype(np.float32)
    rows, columns = 3, 4
    found = own_layer("AdaptiveAveragePooling2D")((rows, columns))(x).numpy()
    for row, column in np.ndindex(rows, columns):
        top, left = row * size[0] // rows, column * size[1] // columns
        bottom, right = -(-(row + 1) * size[0] // rows), -(-(column + 1) * size[1] // columns)
        expected = x[0, top:bottom, left:right].mean((0, 1))
        np.testing.assert_allclose(found[0, row, column], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("old", "new"), [(16, 7), (5, 12), (3, 3)])
def test_positions_are_stretched_as_images_are(old: int, new: int) -> None:
    layer: Any = own_layer("PositionEmbedding")((old, 1), "zeros")
    zeros = np.zeros((1, new, 1, 2), np.float32)
    layer(zeros)
    numbers = RANDOM.normal(size=(old, 1, 2)).astype(np.float32)
    layer.embedding.assign(numbers)
    expected = tf.image.resize(numbers[None], (new, 1), "bilinear").numpy()
    np.testing.assert_allclose(layer(zeros).numpy(), expected, rtol=0, atol=1e-5)


def test_fresh_bases_are_rows_of_length_one() -> None:
    keras.utils.set_random_seed(1)
    found = own_layer("Bases")(4)(np.zeros((2, 6, 9), np.float32)).numpy()
    assert found.shape == (2, 4, 9)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found[0], axis=-1), 1, rtol=1e-6)
