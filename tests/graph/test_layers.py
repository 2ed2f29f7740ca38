"""Each layer file: shapes and arithmetic against windows walked one by one, weights, stride, and what it refuses."""

from __future__ import annotations

import inspect
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
SHARED = {"__init__", "pooling"}
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
        layers.ArgMax(),
        layers.AveragePooling2D(2),
        layers.BatchNormalization(),
        layers.ChannelReverse(),
        layers.ChannelShuffle(2),
        layers.Conv2D(5, 3),
        layers.Conv2DTranspose(5, 3, 1),
        layers.Cropping2D(((1, 0), (0, 2))),
        layers.DepthwiseConv2D(3),
        layers.Dropout(0.5),
        layers.GlobalAveragePooling2D(),
        layers.MaxPooling2D(2),
        layers.PReLU(),
        layers.PadChannels(9),
        layers.ReLU(),
        layers.Rescaling(0.5),
        layers.Resize((9, 9), stride=1),
        layers.Softmax(),
        layers.SpatialDropout2D(0.5),
        layers.ZeroPadding2D(1),
    ]
    found = {type(layer).__name__: layer(x) for layer in rest}
    found["Add"], found["Concatenate"] = layers.Add()([x, x]), layers.Concatenate()([x, x])
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
        "ArgMax",
        "ChannelReverse",
        "ChannelShuffle",
        "ChannelSplit",
        "MaxPoolingWithIndices",
        "MaxUnpooling",
        "PadChannels",
        "Resize",
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
