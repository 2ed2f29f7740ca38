"""Each layer file: shapes and arithmetic against windows walked one by one, weights, stride, and what it refuses."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.cost import layer_costs, price
from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layer import Layer
from archspec.graph.program import build_program
from tests.graph import nets
from tests.graph.oracle import OUTSIDE, taps

FOLDER = Path(inspect.getfile(layers)).parent
SHARED = {"__init__", "elementwise", "pooling", "reduction"}
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)


class Drawn(NamedTuple):
    """A window on a map."""

    size: tuple[int, int]
    channels: int
    kernel: tuple[int, int]
    stride: int
    rates: tuple[int, int]
    padding: str

    def rows(self, axis: int) -> list[list[int]]:
        """Where the window stands on one axis."""
        return taps(self.size[axis], self.kernel[axis], self.stride, self.rates[axis], self.padding)

    def on(self, layer: Layer) -> Tensor:
        """The layer on a new map."""
        return on_map(layer, *self.size, self.channels)


def pairs(largest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(1, largest), st.integers(1, largest))


def drawn(rates: st.SearchStrategy[tuple[int, int]]) -> st.SearchStrategy[Drawn]:
    padding = st.sampled_from(["same", "valid"])
    return st.builds(Drawn, pairs(20), st.integers(1, 6), pairs(5), st.integers(1, 4), rates, padding)


PLAIN = drawn(st.just((1, 1)))
DILATED = drawn(pairs(4)).map(lambda one: one if one.rates == (1, 1) else one._replace(stride=1))


def on_map(layer: Layer, height: int = 6, width: int = 7, channels: int = 4) -> Tensor:
    return layer(nets.image(height, width, channels))


def examples() -> dict[str, Tensor]:
    """One use of every layer, by class name."""
    x = nets.image(6, 7, 4)
    rest = [
        layers.Activation("hard_sigmoid"),
        layers.AdaptiveAveragePooling2D((4, 3)),
        layers.ArgMax(),
        layers.AveragePooling2D(2),
        layers.Bases(3),
        layers.BatchNormalization(),
        layers.ChannelReverse(),
        layers.ChannelShuffle(2),
        layers.Conv2D(5, 3),
        layers.Conv2DTranspose(5, 3, 1),
        layers.Cropping2D(((1, 0), (0, 2))),
        layers.Dense(5),
        layers.DepthToSpace(2),
        layers.DepthwiseConv2D(3),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.GlobalAveragePooling2D(),
        layers.GlobalMaxPooling2D(),
        layers.GroupNormalization(2),
        layers.LayerNormalization(),
        layers.LayerScale(),
        layers.LeakyReLU(),
        layers.Normalization(),
        layers.MaxPooling2D(2),
        layers.PReLU(),
        layers.PadChannels(9),
        layers.Mean(1),
        layers.Permute((3, 1, 2)),
        layers.PositionEmbedding((3, 1)),
        layers.ReLU(),
        layers.Rescaling(0.5),
        layers.Reshape((-1, 4)),
        layers.Resize((9, 9), stride=1),
        layers.Softmax(),
        layers.SpatialDropout2D(0.5),
        layers.StridedSlice((0, 1, 0), (6, 7, 2), (2, 2, 1)),
        layers.Sum(-1),
        layers.UpSampling2D(),
        layers.ZeroPadding2D(1),
    ]
    found = {type(layer).__name__: layer(x) for layer in rest}
    for joint in (layers.Add, layers.Average, layers.Concatenate, layers.Divide, layers.Maximum, layers.Minimum):
        found[joint.__name__] = joint()([x, x])
    found["Subtract"], found["MatMul"] = layers.Subtract()([x, x]), layers.MatMul(transpose_b=True)([x, x])
    found["SpaceToDepth"] = layers.SpaceToDepth(2)(layers.ZeroPadding2D(((0, 0), (0, 1)))(x))
    found["ChannelSplit"], found["Input"] = layers.ChannelSplit(2)(x)[0], x
    found["Multiply"] = layers.Multiply()([x, layers.GlobalAveragePooling2D()(x)])
    pooled = layers.MaxPoolingWithIndices(name="pool")(x)
    found["Unread"] = layers.Unread()([x, layers.Conv2D(3, 1)(x)])
    found["MaxPoolingWithIndices"], found["MaxUnpooling"] = pooled[1], layers.MaxUnpooling((6, 7))(pooled)
    return found


def test_every_file_is_one_layer_that_blocks_can_call() -> None:
    assert {stem.replace("_", "") for stem in FILES} == {name.lower() for name in layers.__all__}
    assert set(examples()) == set(layers.__all__)


@pytest.mark.parametrize("name", sorted(layers.__all__))
def test_every_layer_has_a_rule_for_the_phone(name: str) -> None:
    assert build_program(nets.finish(examples()[name])).outputs


def test_a_layer_without_a_rule_names_the_file_to_mend() -> None:
    class GroupNorm(Layer):
        pass

    graph = nets.finish(GroupNorm({}, "norm")(nets.image()))
    with pytest.raises(Problem, match="GroupNorm has no TFLite rule") as caught:
        build_program(graph)
    assert "archspec/graph/layers/group_norm.py" in caught.value.remedy


def test_only_what_keras_lacks_is_our_own() -> None:
    assert {name for name in layers.__all__ if getattr(layers, name).own} == {
        "AdaptiveAveragePooling2D",
        "ArgMax",
        "Bases",
        "ChannelReverse",
        "ChannelShuffle",
        "ChannelSplit",
        "DepthToSpace",
        "Divide",
        "LayerScale",
        "MatMul",
        "MaxPoolingWithIndices",
        "MaxUnpooling",
        "Normalization",
        "Mean",
        "PadChannels",
        "PositionEmbedding",
        "Resize",
        "SpaceToDepth",
        "StridedSlice",
        "Sum",
        "Unread",
    }


def outputs_or_refusal(one: Drawn, layer: Callable[[], Layer], channels: int) -> Tensor | None:
    """The output, its shape checked; None where no window fits and the layer said so."""
    expected = len(one.rows(0)), len(one.rows(1))
    if 0 in expected:
        with pytest.raises(Problem, match="does not fit a map"):
            one.on(layer())
        return None
    y = one.on(layer())
    assert (y.shape, y.stride, y.dtype) == ((*expected, channels), one.stride, "float32")
    return y


@given(PLAIN)
def test_pooling(one: Drawn) -> None:
    for pool in (layers.MaxPooling2D, layers.AveragePooling2D):
        y = outputs_or_refusal(one, lambda pool=pool: pool(one.kernel, one.stride, one.padding), one.channels)  # type: ignore[misc]
        if y is not None:
            positions = sum(len(row) for row in one.rows(0)) * sum(len(row) for row in one.rows(1)) * one.channels
            assert y.node.layer.other_operations(y.node) == {"pooling": positions}
            assert (y.node.layer.macs(y.node), y.node.layer.weights(y.node)) == (0, ())


@given(DILATED, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_convolution(one: Drawn, groups: int, each: int, bias: bool) -> None:
    one = one._replace(channels=one.channels * groups)
    filters = groups * each
    strides, rates = (one.stride, one.stride), one.rates
    y = outputs_or_refusal(
        one, lambda: layers.Conv2D(filters, one.kernel, strides, one.padding, rates, groups, bias), filters
    )
    if y is None:
        return
    positions = sum(len(row) for row in one.rows(0)) * sum(len(row) for row in one.rows(1))
    node = y.node
    assert node.layer.macs(node) == positions * filters * (one.channels // groups)
    shapes = {spec.name: (spec.shape, spec.trainable) for spec in node.layer.weights(node)}
    expected = {"kernel": ((*one.kernel, one.channels // groups, filters), True)}
    assert shapes == expected | ({"bias": ((filters,), True)} if bias else {})
    assert sum(node.layer.other_operations(node).values()) == (y.elements if bias else 0)


@given(DILATED, st.integers(1, 3), st.booleans())
def test_depthwise_convolution(one: Drawn, multiplier: int, bias: bool) -> None:
    y = outputs_or_refusal(
        one,
        lambda: layers.DepthwiseConv2D(one.kernel, one.stride, one.padding, multiplier, one.rates, bias),
        one.channels * multiplier,
    )
    if y is None:
        return
    positions = sum(len(row) for row in one.rows(0)) * sum(len(row) for row in one.rows(1))
    node = y.node
    assert node.layer.macs(node) == positions * one.channels * multiplier
    shapes = [(spec.name, spec.shape) for spec in node.layer.weights(node)]
    expected: list[tuple[str, tuple[int, ...]]] = [("kernel", (*one.kernel, one.channels, multiplier))]
    assert shapes == expected + ([("bias", (one.channels * multiplier,))] if bias else [])


@given(DILATED)
def test_a_window_reaches_as_far_as_its_taps(one: Drawn) -> None:
    """Where a whole window lies inside the map, its first and last tap are as far apart as `window` says."""
    node = on_map(layers.Conv2D(1, one.kernel, one.stride, "same", one.rates), 60, 60, 1).node
    window = node.layer.window(node)
    assert window is not None
    for axis in (0, 1):
        inside = [row for row in taps(60, one.kernel[axis], one.stride, one.rates[axis], "same") if OUTSIDE not in row]
        assert window.kernel[axis] == inside[0][-1] - inside[0][0] + 1


@pytest.mark.parametrize(
    ("layer", "shape", "operations"),
    [
        (layers.Activation("tanh"), (6, 7, 4), {"activation": 4 * 168}),
        (layers.ChannelReverse(), (6, 7, 4), {}),
        (layers.Cropping2D(((1, 2), (0, 3))), (3, 4, 4), {}),
        (layers.MaxPoolingWithIndices(), (3, 4, 4), {"pooling": 4 * 48}),
        (layers.PReLU(), (6, 7, 4), {"activation": 2 * 168}),
        (layers.PadChannels(6), (6, 7, 6), {}),
        (layers.SpatialDropout2D(0.1), (6, 7, 4), {}),
        (layers.ArgMax(), (6, 7), {"argmax": 6 * 7 * 3}),
        (layers.Bases(3), (3, 4), {}),
        (layers.BatchNormalization(), (6, 7, 4), {"batch_norm": 2 * 168}),
        (layers.ChannelShuffle(2), (6, 7, 4), {}),
        (layers.ChannelSplit(4), (6, 7, 1), {}),
        (layers.Dropout(0.1), (6, 7, 4), {}),
        (layers.GlobalAveragePooling2D(), (1, 1, 4), {"pooling": 168}),
        (layers.ReLU(), (6, 7, 4), {"activation": 168}),
        (layers.Rescaling(0.5, 1.0), (6, 7, 4), {"elementwise": 2 * 168}),
        (layers.Resize((3, 5), stride=2), (3, 5, 4), {"resize": 8 * 60}),
        (layers.Resize((3, 5), stride=2, interpolation="nearest"), (3, 5, 4), {}),
        (layers.Softmax(), (6, 7, 4), {"activation": 3 * 168}),
        (layers.ZeroPadding2D(((0, 1), (2, 3))), (7, 12, 4), {}),
        (layers.ZeroPadding2D((1, 2)), (8, 11, 4), {}),
        (layers.AdaptiveAveragePooling2D((4, 3)), (4, 3, 4), {"pooling": (2 * 4) * (3 * 3) * 4}),
        (layers.DepthToSpace(2), (12, 14, 1), {}),
        (layers.Flatten(), (168,), {}),
        (layers.GlobalMaxPooling2D(), (1, 1, 4), {"pooling": 168}),
        (layers.GroupNormalization(2, center=False), (6, 7, 4), {"normalization": 6 * 168}),
        (layers.LayerNormalization(), (6, 7, 4), {"normalization": 7 * 168}),
        (layers.LayerScale(), (6, 7, 4), {"elementwise": 168}),
        (layers.LeakyReLU(), (6, 7, 4), {"activation": 2 * 168}),
        (layers.Normalization(), (6, 7, 4), {"elementwise": 2 * 168}),
        (layers.Mean((1, 2)), (1, 1, 4), {"pooling": 168}),
        (layers.Mean(2, keepdims=False), (6, 4), {"pooling": 168}),
        (layers.Permute((3, 1, 2)), (4, 6, 7), {}),
        (layers.PositionEmbedding((3, 1)), (6, 7, 4), {"elementwise": 168}),
        (layers.Reshape((2, -1)), (2, 84), {}),
        (layers.StridedSlice((0, 1, -3), (None, 7, None), (2, 2, 1)), (3, 3, 3), {}),
        (layers.Sum(-1), (6, 7, 1), {"pooling": 168}),
        (layers.UpSampling2D((2, 3), "bilinear"), (12, 21, 4), {"resize": 8 * 12 * 21 * 4}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_layers_without_a_window(layer: Layer, shape: tuple[int, ...], operations: dict[str, int]) -> None:
    node = layer.apply(nets.image(6, 7, 4))
    assert node.output.shape == shape
    assert node.layer.other_operations(node) == operations
    assert node.layer.macs(node) == 0


def test_sums_and_concatenations() -> None:
    x = nets.image(6, 7, 4)
    total = layers.Add()([x, x, x]).node
    assert (total.output.shape, total.layer.other_operations(total)) == ((6, 7, 4), {"elementwise": 2 * 168})
    assert layers.Concatenate()([x, layers.Conv2D(3, 1)(x), x]).shape == (6, 7, 11)


@pytest.mark.parametrize("joint", [layers.Add, layers.Average, layers.Divide, layers.Maximum, layers.Multiply])
@pytest.mark.parametrize("shape", [(6, 7, 4), (1, 1, 4), (6, 1, 4), (1, 7, 4), (6, 7, 1), (1, 1, 1)])
def test_an_axis_of_one_stands_for_every_place(joint: Callable[[], Layer], shape: tuple[int, ...]) -> None:
    x = nets.image(6, 7, 4)
    over = [axis for axis, size in enumerate(shape, 1) if size == 1]
    other = layers.Mean(over)(x) if over else x
    assert other.shape == shape
    for inputs in ([x, other], [other, x]):
        node = joint()(inputs).node
        assert node.output.shape == (6, 7, 4)
        assert sum(node.layer.other_operations(node).values()) == 168 * (2 if joint is layers.Average else 1)


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("heads", [(), (3,), (2, 3)])
def test_products_of_two_tensors(turn_a: bool, turn_b: bool, heads: tuple[int, ...]) -> None:
    """`rows · inner · columns` multiply-adds for each pair of matrices, whichever way round they lie."""
    rows, inner, columns = 5, 4, 7
    image = nets.image(1, 1, 3)
    count = {(): 1, (3,): 3, (2, 3): 6}[heads]

    def matrices(sides: tuple[int, int], turned: bool) -> Tensor:
        shape = (*heads, *(sides[::-1] if turned else sides))
        return layers.Reshape(shape)(layers.Dense(count * sides[0] * sides[1])(layers.Flatten()(image)))

    node = layers.MatMul(turn_a, turn_b)([matrices((rows, inner), turn_a), matrices((inner, columns), turn_b)]).node
    assert node.output.shape == (*heads, rows, columns)
    assert node.layer.macs(node) == count * rows * inner * columns
    assert node.layer.window(node) is None
    assert node.layer.weights(node) == ()


@pytest.mark.parametrize("shape", [(168,), (42, 4), (6, 7, 4), (3, 2, 7, 4)])
def test_dense_layers_of_any_rank(shape: tuple[int, ...]) -> None:
    node = layers.Dense(5)(layers.Reshape(shape)(nets.image(6, 7, 4))).node
    assert node.output.shape == (*shape[:-1], 5)
    assert node.layer.macs(node) == 168 * 5
    assert {spec.name: spec.shape for spec in node.layer.weights(node)} == {"kernel": (shape[-1], 5), "bias": (5,)}


@given(st.integers(1, 40), st.integers(1, 12))
def test_windows_of_a_grid_are_those_of_pytorch(size: int, windows: int) -> None:
    """`start = floor(i · size / n)`, `end = ceil((i + 1) · size / n)`: as many sums as the windows have places."""
    node = layers.AdaptiveAveragePooling2D((windows, 1))(nets.image(size, 3, 2)).node
    covered = sum(math.ceil((i + 1) * size / windows) - math.floor(i * size / windows) for i in range(windows))
    assert node.layer.other_operations(node) == {"pooling": covered * 3 * 2}
    assert node.output.shape == (windows, 1, 2)


def test_what_a_data_set_was_normalised_with_is_not_learnt() -> None:
    node = on_map(layers.Normalization()).node
    found = {spec.name: (spec.shape, spec.trainable) for spec in node.layer.weights(node)}
    assert found == {"mean": ((4,), False), "variance": ((4,), False), "count": ((), False)}


def test_learnt_arrays_of_normalisations_scales_and_positions() -> None:
    shapes: dict[Layer, dict[str, tuple[int, ...]]] = {
        layers.LayerNormalization(): {"gamma": (4,), "beta": (4,)},
        layers.LayerNormalization((1, 3), center=False): {"gamma": (6, 4)},
        layers.GroupNormalization(2, scale=False): {"beta": (4,)},
        layers.LayerScale(0.1): {"gamma": (4,)},
        layers.PositionEmbedding((3, 1)): {"embedding": (3, 1, 4)},
    }
    for layer, expected in shapes.items():
        node = on_map(layer).node
        assert {spec.name: spec.shape for spec in node.layer.weights(node)} == expected
        assert all(spec.trainable for spec in node.layer.weights(node))


def test_stride_and_dtype_go_along() -> None:
    x = layers.Conv2D(4, 3, strides=2, padding="same")(nets.image(33, 33))
    y = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(3, 3, "same")(x))
    assert (x.stride, y.stride) == (2, 6)
    assert layers.Resize((17, 17), stride=2)(y).stride == 2
    assert [part.stride for part in layers.ChannelSplit(2)(x)] == [2, 2]
    assert layers.ArgMax()(x).dtype == "int32"
    assert layers.Rescaling(0.5)(nets.image(dtype="uint8")).dtype == "float32"


def test_batch_norm_arrays_follow_its_switches() -> None:
    both = on_map(layers.BatchNormalization()).node
    names = [(spec.name, spec.shape, spec.trainable) for spec in both.layer.weights(both)]
    assert names == [
        ("gamma", (4,), True),
        ("beta", (4,), True),
        ("moving_mean", (4,), False),
        ("moving_variance", (4,), False),
    ]
    bare = on_map(layers.BatchNormalization(center=False, scale=False)).node
    assert [spec.name for spec in bare.layer.weights(bare)] == ["moving_mean", "moving_variance"]


def test_what_is_unread_has_weights_and_is_never_computed() -> None:
    x = layers.Conv2D(4, 3, name="read")(nets.image(6, 7, 4))
    beside = layers.Conv2D(5, 1, name="b")(layers.ReLU(name="a")(x))
    graph = nets.finish(layers.Unread(name="unread")([x, beside]))
    assert {node.name for node in graph.nodes if id(node) in graph.unread} == {"a", "b"}
    assert [operation.code for operation in build_program(graph).operations] == ["CONV_2D"]
    sheet = price(graph, classes=4, output_stride=1)
    assert sheet.params == (3 * 3 * 4 * 4 + 4) + (4 * 5 + 5)
    assert sheet.macs == 4 * 5 * 4 * 9 * 4 == sum(cost.macs for cost in layer_costs(graph))
    with pytest.raises(Problem, match="Unread of one tensor alone"):
        layers.Unread()([nets.image()])
