"""What layers refuse: impossible geometry, as a fact with a remedy, before anything is built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layer import Layer
from tests.graph import nets


def on_map(layer: Layer) -> Tensor:
    return layer(nets.image(6, 7, 4))


Refused = Callable[[], object]
REFUSED: list[tuple[str, Refused]] = [
    ("Add of one map", lambda: layers.Add()([nets.image()])),
    ("takes one tensor", lambda: layers.ReLU()([nets.image(), nets.image()])),
    ("strides .* and dilation_rate .* at once", lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2)),
    ("strides .* and dilation_rate .* at once", lambda: layers.DepthwiseConv2D(3, strides=2, dilation_rate=2)),
    ("equal strides", lambda: layers.DepthwiseConv2D(3, strides=(1, 2))),
    ("groups 3 must divide 4 input channels", lambda: on_map(layers.Conv2D(6, 1, groups=3))),
    ("groups 2 must divide 4 input channels and 5", lambda: on_map(layers.Conv2D(5, 1, groups=2))),
    ("kernel_size must be at least 1", lambda: layers.Conv2D(4, 0)),
    ("dilation_rate must be one or two positive", lambda: layers.Conv2D(4, 3, dilation_rate=(1, 0))),
    ("strides must be one or two positive", lambda: layers.MaxPooling2D(2, (1, 2, 3))),
    ("pool_size must be one or two positive", lambda: layers.MaxPooling2D((True, 2))),
    ("reaches 9 positions does not fit a map of 6", lambda: on_map(layers.Conv2D(4, 3, dilation_rate=4))),
    ("groups does not divide 4", lambda: on_map(layers.ChannelShuffle(3))),
    ("4 channels cannot be split into 3", lambda: on_map(layers.ChannelSplit(3))),
    ("max_value must be null or 6", lambda: layers.ReLU(max_value=4)),
    ("leaky ReLU cannot have max_value", lambda: layers.ReLU(max_value=6, negative_slope=0.1)),
    ("unknown interpolation", lambda: layers.Resize((2, 2), stride=1, interpolation="bilinar")),
    ("keepdims", lambda: layers.GlobalAveragePooling2D(keepdims=False)),
    ("needs a feature map", lambda: layers.Conv2D(4, 1)(on_map(layers.ArgMax()))),
    ("needs a feature map", lambda: layers.ArgMax()(on_map(layers.ArgMax()))),
    ("unknown activation 'gleu'", lambda: layers.Activation("gleu")),
    ("168 numbers of .* do not fit the shape", lambda: on_map(layers.Reshape((5, -1)))),
    ("target_shape must be of positive sizes", lambda: layers.Reshape((-1, -1))),
    ("dims must hold each of 1 to 3 once", lambda: layers.Permute((0, 1, 2))),
    ("dims of 2 axes for", lambda: on_map(layers.Permute((2, 1)))),
    ("4 columns of the first meet 7 rows", lambda: layers.MatMul()([x := nets.image(6, 7, 4), x])),
    ("MatMul takes two tensors", lambda: layers.MatMul()([nets.image()])),
    ("Subtract takes two maps", lambda: layers.Subtract()([x := nets.image(), x, x])),
    ("Softmax on axis 0", lambda: on_map(layers.Softmax(axis=0))),
    ("axis counts partly from the end", lambda: layers.LayerNormalization((1, -1))),
    ("4 channels in 3 groups", lambda: on_map(layers.GroupNormalization(3))),
    ("Mean over the axes", lambda: on_map(layers.Mean((1, 2, 3), keepdims=False))),
    ("do not fill blocks of 3 x 3", lambda: on_map(layers.DepthToSpace(3))),
    ("do not fill a map of 6 x 7", lambda: on_map(layers.SpaceToDepth(2))),
    ("is empty", lambda: on_map(layers.StridedSlice((0, 5, 0), (6, 5, 4)))),
    ("strides must be positive", lambda: layers.StridedSlice((0,), (1,), (-1,))),
    ("a position embedding of size", lambda: on_map(layers.PositionEmbedding(4))),
]


@pytest.mark.parametrize(("words", "call"), REFUSED, ids=[str(index) for index in range(len(REFUSED))])
def test_impossible_geometry_is_a_fact_with_a_remedy(words: str, call: Refused) -> None:
    with pytest.raises(Problem, match=words) as caught:
        call()
    assert "Traceback" not in caught.value.fact


def mixed(channels: int, stride: int) -> list[Tensor]:
    x = nets.image(8, 8, 4)
    other = layers.Conv2D(channels, 1, strides=stride, padding="same", name="other")(x)
    return [x, other]


@pytest.mark.parametrize("joint", [layers.Add, layers.Concatenate])
def test_joined_maps_must_be_of_one_size(joint: Callable[[], Layer]) -> None:
    with pytest.raises(Problem, match=r"maps that differ: \[8, 8, 4\] .* and \[4, 4, 4\] at stride 2 \('other'\)"):
        joint()(mixed(4, stride=2))


def test_joined_maps_must_be_of_one_stride_even_where_the_sizes_agree() -> None:
    """On a 1×1 map any stride gives 1×1: the sizes say nothing."""
    x = nets.image(1, 1, 4)
    with pytest.raises(Problem, match=r"stride 1 .* stride 2"):
        layers.Add()([x, layers.Conv2D(4, 1, strides=2, padding="same")(x)])


def test_summands_must_have_equal_channels() -> None:
    with pytest.raises(Problem, match=r"different channels \(4, 5\)"):
        layers.Add()(mixed(5, stride=1))
