"""The layers of ENet and SegNet against windows walked one by one; gradients, odd sizes, ties, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.graph import layers
from archspec.graph.weights import initialise
from archspec.lower import function_to, load_keras, places_of, save_keras, to_keras
from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer
from tests.graph import nets, oracle

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)
SIZES = [(6, 8), (7, 8), (6, 5), (5, 7), (1, 1), (1, 4)]


def drawn(size: tuple[int, int], channels: int = 3, levels: int = 0) -> Array:
    """Normal numbers, or so few different ones that windows are full of ties."""
    shape = (2, *size, channels)
    numbers = RANDOM.integers(-levels, levels, shape) if levels else RANDOM.normal(size=shape)
    return numbers.astype(np.float32)


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_pooling_remembers_the_first_of_the_largest(size: tuple[int, int], levels: int) -> None:
    x = drawn(size, levels=levels)
    maxima, places = own_layer("MaxPoolingWithIndices")()(x)
    assert places.dtype == tf.int32
    for index, image in enumerate(x):
        wanted_maxima, wanted_places = oracle.max_pool_indices(image)
        np.testing.assert_array_equal(maxima[index], wanted_maxima)
        np.testing.assert_array_equal(places[index], wanted_places)


def test_a_place_beyond_the_border_is_never_chosen() -> None:
    """Negative maps of odd size: zeros from padding would be larger than every number there is."""
    x = -np.abs(drawn((5, 7))) - 1
    _, places = own_layer("MaxPoolingWithIndices")()(x)
    assert (places.numpy()[:, -1] < 2).all()
    assert (places.numpy()[:, :, -1] % 2 == 0).all()


@pytest.mark.parametrize("size", SIZES)
def test_unpooling_puts_numbers_where_the_maxima_were(size: tuple[int, int]) -> None:
    x = drawn(size, levels=2)
    maxima, places = own_layer("MaxPoolingWithIndices")()(x)
    numbers = RANDOM.normal(size=maxima.shape).astype(np.float32)
    found = own_layer("MaxUnpooling")(size)([numbers, places])
    assert found.shape == x.shape
    for index in range(len(x)):
        np.testing.assert_array_equal(found[index], oracle.unpool(numbers[index], places[index].numpy(), size))


def test_unpooling_in_its_symbolic_shape_its_config_and_half_precision() -> None:
    layer = own_layer("MaxUnpooling")((5, 7), name="its.name")
    symbolic = layer([keras.Input((3, 4, 2)), keras.Input((3, 4, 2), dtype="int32")])
    assert (symbolic.shape, symbolic.dtype) == ((None, 5, 7, 2), "float32")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    half = own_layer("MaxUnpooling")((5, 7), dtype="mixed_float16")
    inputs = [np.ones((1, 3, 4, 2), np.float32), np.zeros((1, 3, 4, 2), np.int32)]
    assert half(inputs).dtype == tf.float16
    maxima, places = own_layer("MaxPoolingWithIndices")(dtype="mixed_float16")(np.ones((1, 5, 7, 2), np.float32))
    assert (maxima.dtype, places.dtype) == (tf.float16, tf.int32)


def test_gradients_go_to_the_maxima_and_through_the_numbers() -> None:
    x = tf.Variable(drawn((5, 6)))
    numbers = tf.Variable(RANDOM.normal(size=(2, 3, 3, 3)).astype(np.float32))
    weights = drawn((5, 6))
    with tf.GradientTape() as tape:
        maxima, places = own_layer("MaxPoolingWithIndices")()(x)
        whole = own_layer("MaxUnpooling")((5, 6))([numbers, places])
        total = tf.reduce_sum(maxima) + tf.reduce_sum(whole * weights)
    to_image, to_numbers = tape.gradient(total, [x, numbers])
    ones = np.ones((3, 3, 3))
    for index in range(2):
        where = oracle.unpool(ones, places[index].numpy(), (5, 6))
        np.testing.assert_array_equal(to_image[index], where)
        assert np.isclose(to_numbers[index].numpy().sum(), (where * weights[index]).sum(), rtol=1e-5)


def test_padded_and_reversed_channels() -> None:
    x = drawn((3, 4))
    np.testing.assert_array_equal(own_layer("ChannelReverse")()(x), x[..., ::-1])
    padded = own_layer("PadChannels")(5)(x).numpy()
    np.testing.assert_array_equal(padded[..., :3], x)
    assert (padded[..., 3:] == 0).all()


@pytest.mark.parametrize(("kernel", "stride"), [(1, 2), (2, 2), (3, 2), (4, 2), (5, 3), (3, 1), (16, 8)])
def test_transposed_convolution(kernel: int, stride: int) -> None:
    """Keras's against every input position stamping its kernel on the output, and so our shape rule."""
    graph = nets.finish(layers.Conv2DTranspose(5, kernel, stride, name="up")(_entered(nets.image(5, 4, 3), stride)))
    weights = initialise(graph) | {"up/bias": RANDOM.normal(size=5).astype(np.float32)}
    x = RANDOM.normal(size=(1, 5, 4, 3)).astype(np.float32)
    found = to_keras(graph, weights)(x).numpy()[0]
    wanted = oracle.transposed(x[0], weights["up/kernel"], weights["up/bias"], (stride, stride))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


def _entered(x: Any, stride: int) -> Any:
    x.stride = stride  # as a map deep in a network would have
    return x


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_grouped_convolution_and_shuffle(groups: int) -> None:
    """ShuffleNet's pair, by a loop over filters and one over channels."""
    graph = nets.finish(
        layers.ChannelShuffle(groups, name="shuffle")(
            layers.Conv2D(12, 3, padding="same", groups=groups, name="conv")(nets.image(5, 4, 24))
        )
    )
    weights = initialise(graph, 1)
    x = RANDOM.normal(size=(1, 5, 4, 24)).astype(np.float32)
    kernel, inside, each = weights["conv/kernel"], 24 // groups, 12 // groups
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    convolved = np.zeros((5, 4, 12))
    for row, column, filter_ in np.ndindex(5, 4, 12):
        first = filter_ // each * inside
        seen = padded[row : row + 3, column : column + 3, first : first + inside]
        convolved[row, column, filter_] = (seen * kernel[..., filter_]).sum()
    order = [group * each + index for index in range(each) for group in range(groups)]
    np.testing.assert_allclose(to_keras(graph, weights)(x).numpy()[0], convolved[..., order], rtol=0, atol=1e-4)


def test_slopes_are_one_a_channel_and_start_where_the_spec_says() -> None:
    graph = nets.finish(layers.PReLU("constant(0.25)", name="slopes")(nets.image(4, 5, 3)))
    fresh = to_keras(graph)
    x = drawn((4, 5))[:1]
    np.testing.assert_array_equal(fresh(x).numpy(), np.where(x < 0, 0.25 * x, x))
    weights = {"slopes/alpha": np.array([0.5, -1.0, 2.0], np.float32).reshape(1, 1, 3)}
    wanted = np.where(x < 0, weights["slopes/alpha"] * x, x)
    np.testing.assert_array_equal(to_keras(graph, weights)(x).numpy(), wanted)


# --- whole networks ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def enet() -> tuple[Any, Any]:
    graph = nets.of_bundled("enet", "input.size=[33,41]", "classes=5", "output=logits")
    return graph, to_keras(graph, initialise(graph, 2, "random"))


def test_enet_is_saved_and_loaded(enet: tuple[Any, Any], tmp_path: Path) -> None:
    model = enet[1]
    save_keras(model, tmp_path / "enet.keras")
    x = RANDOM.uniform(0, 255, (1, 33, 41, 3)).astype(np.float32)
    again = load_keras(tmp_path / "enet.keras")
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())


def test_every_weight_of_enet_learns() -> None:
    """One step of descent moves every kernel, slope and scale: no gradient is lost at a pooling or an unpooling."""
    graph = nets.of_bundled("enet", "input.size=[32,40]", "classes=5", "output=logits")
    keras.utils.set_random_seed(0)
    model = to_keras(graph)
    images = RANDOM.uniform(0, 255, (2, 32, 40, 3)).astype(np.float32)
    labels = RANDOM.integers(0, 5, (2, 32, 40))
    before = [variable.numpy() for variable in model.trainable_variables]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    model.fit(images, labels, batch_size=2, epochs=1, verbose=0)
    still = [
        variable.path
        for old, variable in zip(before, model.trainable_variables, strict=True)
        if variable.name != "bias" and np.array_equal(old, variable.numpy())  # a batch norm undoes most biases
    ]
    assert not still


def test_places_of_a_model_are_its_poolings_in_order(enet: tuple[Any, Any]) -> None:
    graph, model = enet
    x = RANDOM.uniform(0, 255, (1, 33, 41, 3)).astype(np.float32)
    places = places_of(model)
    assert places is not None
    found = places(x)
    assert [one.shape for one in found] == [(1, 9, 11, 16), (1, 5, 6, 64)]
    source = graph.node("backbone.stage1.0.pool").inputs[0].node.name
    _, wanted = oracle.max_pool_indices(function_to(model, source)(x)[0])
    np.testing.assert_array_equal(found[0][0], wanted)


def test_a_model_that_undoes_no_pooling_has_no_places() -> None:
    graph = nets.of_bundled(
        "enet", "input.size=32", "decoder=bilinear", "classifier=classifier", "output=logits", "classes=3"
    )
    assert places_of(to_keras(graph)) is None
