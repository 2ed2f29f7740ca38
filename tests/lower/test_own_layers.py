"""Our own Keras layers against NumPy formulas; inside `tf.function`, at an unknown batch size, in half precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer, stem

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)


def source_positions(length: int, out: int, align_corners: bool) -> Array:
    """Where each output position stands between the input's: corners on corners, or areas on areas."""
    steps = np.arange(out, dtype=np.float64)
    if align_corners:
        return steps * (length - 1) / (out - 1) if out > 1 else steps * 0
    return (steps + 0.5) * length / out - 0.5


def bilinear(x: Array, size: tuple[int, int], align_corners: bool) -> Array:
    for axis, out in ((1, size[0]), (2, size[1])):
        length = x.shape[axis]
        position = np.clip(source_positions(length, out, align_corners), 0, length - 1)
        low = np.floor(position).astype(int)
        high = np.minimum(low + 1, length - 1)
        share = (position - low).reshape([-1 if other == axis else 1 for other in range(4)])
        x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return x


def nearest(x: Array, size: tuple[int, int], align_corners: bool) -> Array:
    for axis, out in ((1, size[0]), (2, size[1])):
        position = np.floor(source_positions(x.shape[axis], out, align_corners) + 0.5).astype(int)
        x = np.take(x, np.clip(position, 0, x.shape[axis] - 1), axis)
    return x


SIZES = [
    ((7, 9), (33, 40)),
    ((33, 20), (8, 11)),
    ((1, 1), (5, 6)),
    ((5, 5), (1, 1)),
    ((6, 4), (6, 4)),
    ((3, 8), (9, 2)),
]


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize(("interpolation", "oracle"), [("bilinear", bilinear), ("nearest", nearest)])
@pytest.mark.parametrize(("size", "target"), SIZES)
def test_resize_by_formula(
    size: tuple[int, int],
    target: tuple[int, int],
    interpolation: str,
    oracle: Callable[..., Array],
    align_corners: bool,
) -> None:
    x = RANDOM.normal(size=(2, *size, 3)).astype(np.float32)
    layer = own_layer("Resize")(target, interpolation=interpolation, align_corners=align_corners)
    np.testing.assert_allclose(layer(x).numpy(), oracle(x, target, align_corners), rtol=0, atol=3e-5)


def test_aligned_corners_keep_the_corners_and_differ_from_half_pixels() -> None:
    x = RANDOM.normal(size=(1, 4, 5, 2)).astype(np.float32)
    aligned = own_layer("Resize")((13, 17))(x).numpy()
    np.testing.assert_array_equal(aligned[:, ::12, ::16], x[:, ::3, ::4])
    assert np.abs(aligned - own_layer("Resize")((13, 17), align_corners=False)(x).numpy()).max() > 0.1


@pytest.mark.parametrize(("channels", "groups"), [(8, 2), (12, 3), (116, 2), (6, 6), (5, 1)])
def test_shuffle_by_indices(channels: int, groups: int) -> None:
    x = RANDOM.normal(size=(2, 3, 4, channels)).astype(np.float32)
    each = channels // groups
    order = [group * each + index for index in range(each) for group in range(groups)]
    np.testing.assert_array_equal(own_layer("ChannelShuffle")(groups)(x).numpy(), x[..., order])


@pytest.mark.parametrize(("channels", "parts"), [(8, 2), (9, 3)])
def test_split_in_order(channels: int, parts: int) -> None:
    x = RANDOM.normal(size=(2, 3, 4, channels)).astype(np.float32)
    found = own_layer("ChannelSplit")(parts)(x)
    assert len(found) == parts
    np.testing.assert_array_equal(np.concatenate([part.numpy() for part in found], axis=-1), x)


def test_arg_max_takes_the_first_of_equals_as_int32() -> None:
    x = RANDOM.integers(0, 3, size=(2, 5, 6, 7)).astype(np.float32)
    found = own_layer("ArgMax")()(x)
    assert found.dtype == tf.int32
    np.testing.assert_array_equal(found.numpy(), x.argmax(-1))


LAYERS: dict[str, dict[str, Any]] = {
    "AdaptiveAveragePooling2D": {"output_size": (3, 4)},
    "ArgMax": {},
    "Bases": {"rank": 3},
    "ChannelReverse": {},
    "ChannelShuffle": {"groups": 4},
    "ChannelSplit": {"parts": 4},
    "DepthToSpace": {"block_size": 2},
    "FusedBatchNormalization": {"momentum": 0.9},
    "LayerScale": {"initial_value": 0.5},
    "MaxPoolingWithIndices": {},
    "Mean": {"axes": (1,), "keepdims": False},
    "Normalization": {},
    "PadChannels": {"filters": 11},
    "PositionEmbedding": {"size": (3, 1)},
    "Resize": {"size": (9, 5), "interpolation": "nearest", "align_corners": False},
    "StridedSlice": {"begin": (0, 1, 0), "end": (None, 7, 8), "strides": (2, 1, 1)},
    "Sum": {"axes": (-1, 2)},
}
SEVERAL_INPUTS = {"divide", "mat_mul", "max_unpooling", "unread"}


def test_every_layer_file_is_tested_here(root: Any) -> None:
    """But for those that take several tensors, or sides of an even length (test_new_layers.py,
    test_attention_own_layers.py, below)."""
    files = (root / "archspec" / "lower" / "layers").glob("*.py")
    tested_elsewhere = {"__init__", "space_to_depth", *SEVERAL_INPUTS}
    assert {path.stem for path in files} - tested_elsewhere == {stem(name) for name in LAYERS}


def test_unread_holds_weights_that_nothing_reads(tmp_path: Any) -> None:
    image = keras.Input((6, 7, 3))
    beside = keras.layers.Conv2D(5, 1, name="beside")(image)
    model = keras.Model(image, own_layer("Unread")(name="unread")([image, beside]))
    assert model.count_params() == 3 * 5 + 5
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = RANDOM.normal(size=(2, 6, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(again(x).numpy(), x)
    assert again.get_layer("beside").count_params() == 20


@pytest.mark.parametrize("name", LAYERS)
def test_symbolic_shape_and_dtype_are_those_of_the_result(name: str) -> None:
    for batch_size in (None, 2):
        symbolic = own_layer(name)(**LAYERS[name])(keras.Input((6, 7, 8), batch_size=batch_size))
        real = own_layer(name)(**LAYERS[name])(np.zeros((2, 6, 7, 8), np.float32))
        for expected, found in zip(tf.nest.flatten(real), tf.nest.flatten(symbolic), strict=True):
            assert found.shape == (batch_size, *expected.shape[1:])
            assert found.dtype == expected.dtype.name


@pytest.mark.parametrize("name", LAYERS)
def test_inside_a_tf_function_of_unknown_batch_size(name: str) -> None:
    layer = own_layer(name)(**LAYERS[name])
    x = RANDOM.normal(size=(3, 6, 7, 8)).astype(np.float32)
    traced = tf.function(layer, input_signature=[tf.TensorSpec((None, 6, 7, 8))], autograph=False)
    for expected, found in zip(tf.nest.flatten(layer(x)), tf.nest.flatten(traced(x)), strict=True):
        assert found.shape[0] == 3
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


@pytest.mark.parametrize("name", LAYERS)
def test_config_makes_an_equal_layer(name: str) -> None:
    layer = own_layer(name)(**LAYERS[name], name="its.name")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert {key: layer.get_config()[key] for key in LAYERS[name]} == LAYERS[name]


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"ArgMax", "MaxPoolingWithIndices"}))
def test_half_precision_stays_half_precision(name: str) -> None:
    layer = own_layer(name)(**LAYERS[name], dtype="mixed_float16")
    for found in tf.nest.flatten(layer(np.ones((1, 6, 7, 8), np.float32))):
        assert found.dtype == tf.float16


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("Resize", {"size": (9, 5)}), ("ChannelShuffle", {"groups": 4}), ("ChannelSplit", {"parts": 2})],
)
def test_gradients_share_each_output_among_its_inputs(name: str, arguments: dict[str, Any]) -> None:
    x = tf.Variable(RANDOM.normal(size=(1, 6, 7, 8)).astype(np.float32))
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(own_layer(name)(**arguments)(x))
        total = tf.add_n([tf.reduce_sum(part) for part in outputs])
    gradient = tape.gradient(total, x).numpy()
    assert (gradient >= 0).all()
    assert gradient.sum() == pytest.approx(
        sum(int(tf.size(part)) for part in outputs)
    )  # the shares of each output are 1
