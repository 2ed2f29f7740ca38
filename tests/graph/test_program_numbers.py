"""The runtime program computes what the graph means: both in NumPy, with weights and statistics that hide nothing."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.graph import Graph, layers
from archspec.graph.layer import Layer
from archspec.graph.program import Program, build_program
from archspec.graph.program.program import ShuffleMode
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.evaluation import evaluate
from tests.graph.interpreter import run
from tests.graph.oracle import Array
from tests.graph.random_nets import Move, build, moves

MODES: tuple[ShuffleMode, ...] = ("follow", "transpose")


def pixels(graph: Graph, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, graph.inputs[0].shape).astype(np.float64)


def check_answers(graph: Graph, program: Program, given_pixels: Array | None = None) -> None:
    """Both answers are the same to 1e-4 of their size, and are not constant."""
    weights = initialise(graph, seed=1, statistics="random")
    seen = pixels(graph) if given_pixels is None else given_pixels
    expected = evaluate(graph, weights, seen)
    found = run(program, weights, seen)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.isfinite(theirs).all()
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * max(np.abs(theirs).max(), 1e-6))


@settings(max_examples=150)
@given(moves(), st.integers(1, 2), st.sampled_from(MODES))
def test_random_networks(steps: list[Move], outputs: int, mode: ShuffleMode) -> None:
    graph = build(steps, outputs)
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", nets.BUNDLED)
def test_bundled_networks(name: str, mode: ShuffleMode) -> None:
    graph = nets.of_bundled(name, "input.size=[33,49]", "output=logits", "decoder=none")
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("mode", MODES)
def test_odd_halves_of_the_published_widths(mode: ShuffleMode) -> None:
    """116 channels: halves of 58, that shuffle over and over in two stages and are read by a grouped convolution."""
    text = """
    input: {size: 16}
    output_stride: 8
    classes: 29
    backbone:
    - conv_bn: {filters: 12, stride: 2}
    - shuffle_unit: {filters: 58, stride: 2}
      repeat: 5
    - shuffle_unit: {filters: 116, stride: 2}
      repeat: 4
    - conv_bn: {filters: 29, kernel: 1, groups: 29}
    classifier: none
    output: logits
    """
    graph = nets.of_text(text)
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [4, 6, 58, 232])
def test_a_reader_that_cannot_follow_after_two_shuffles(channels: int, mode: ShuffleMode) -> None:
    x = layers.Conv2D(channels, 1, name="a")(nets.image(3, 4))
    y = layers.ChannelShuffle(2, name="s1")(x)
    half, other = layers.ChannelSplit(2, name="split")(y)
    y = layers.Concatenate(name="c")([layers.Conv2D(channels // 2, 1, name="b")(other), half])
    y = layers.ChannelShuffle(2, name="s2")(y)
    graph = nets.finish(layers.Add(name="add")([y, x]))
    check_answers(graph, build_program(graph, mode))


FOLLOWERS: list[Layer] = [
    layers.BatchNormalization(name="reader"),
    layers.DepthwiseConv2D(3, padding="same", name="reader"),
    layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="reader"),
    layers.MaxPooling2D(2, name="reader"),
    layers.AveragePooling2D(2, padding="same", name="reader"),
    layers.GlobalAveragePooling2D(name="reader"),
    layers.ReLU(negative_slope=0.5, name="reader"),
    layers.Resize((5, 3), stride=1, name="reader"),
    layers.ZeroPadding2D(1, name="reader"),
    layers.Conv2D(8, 1, groups=4, name="reader"),
    layers.Softmax(name="reader"),
    layers.Dropout(0.5, name="reader"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reader", FOLLOWERS, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("last", ["convolution", "output"])
def test_every_reader_of_shuffled_channels(last: str, reader: Layer, mode: ShuffleMode) -> None:
    """Before a convolution they may stay in disorder, as an output they may not."""
    x = layers.ChannelShuffle(3, name="shuffle")(layers.Conv2D(12, 1, name="a")(nets.image(4, 4)))
    y = layers.BatchNormalization(name="bn")(reader(x))
    graph = nets.finish(layers.Conv2D(3, 1, name="b")(y) if last == "convolution" else y)
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [2, 6, 24])
@pytest.mark.parametrize("reader", ["pointwise", "add", "depthwise"])
def test_channels_used_twice_and_shuffled(channels: int, reader: str, mode: ShuffleMode) -> None:
    x = layers.Conv2D(channels, 1, name="a")(nets.image(3, 4))
    y = layers.Concatenate(name="c")([layers.ChannelShuffle(2, name="s")(x), x])
    if reader == "pointwise":
        y = layers.Conv2D(3, 1, name="b")(y)
    elif reader == "depthwise":
        y = layers.DepthwiseConv2D(3, padding="same", name="b")(y)
    else:
        y = layers.Add(name="b")([y, y])
    graph = nets.finish(y)
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("mode", MODES)
def test_nested_concatenations(mode: ShuffleMode) -> None:
    x = nets.image(3, 4)
    parts = [layers.Conv2D(2 + index, 1, name=f"p{index}")(x) for index in range(14)]
    inner = layers.Concatenate(name="inner")(parts[:6])
    outer = layers.Concatenate(name="outer")([parts[6], inner, *parts[7:], parts[0]])
    graph = nets.finish(layers.Softmax(name="out")(outer), layers.Conv2D(4, 1, name="read")(outer))
    check_answers(graph, build_program(graph, mode))


@pytest.mark.parametrize("preprocess", ["symmetric", "unit", "imagenet"])
def test_a_uint8_image_is_rescaled_alike(preprocess: str) -> None:
    text = f"""
    input: {{size: 8, preprocess: {preprocess}}}
    output_stride: 8
    backbone: [depthwise_bn: {{stride: 8}}]
    output: logits
    """
    as_bytes, as_floats = nets.of_text(text, ["input.dtype=uint8"]), nets.of_text(text)
    weights = initialise(as_floats, seed=1, statistics="random")
    seen = pixels(as_floats)
    expected = evaluate(as_floats, weights, seen)[0]
    for program in (build_program(as_bytes), build_program(as_floats, input_dtype="uint8")):
        assert program.tensors[program.inputs[0]].dtype == "uint8"
        np.testing.assert_allclose(run(program, weights, seen)[0], expected, rtol=1e-4)


@pytest.mark.parametrize("scale", [0.25, (0.25, 0.5, 0.75)])
def test_a_uint8_image_may_be_rescaled_twice(scale: float | tuple[float, ...]) -> None:
    x = nets.image(4, 4, 3, "uint8")
    twice = [layers.Rescaling(0.5, 1.0, name="a")(x), layers.Rescaling(scale, name="b")(x)]
    graph = nets.finish(layers.Add(name="sum")(twice))
    check_answers(graph, build_program(graph))


@pytest.mark.parametrize("mode", MODES)
def test_the_label_map_of_shuffled_logits(mode: Literal["follow", "transpose"]) -> None:
    x = layers.Conv2D(10, 1, name="a")(nets.image())
    graph = nets.finish(layers.ArgMax(name="out")(layers.ChannelShuffle(5, name="s")(x)))
    weights = initialise(graph, seed=3)
    seen = pixels(graph)
    expected = evaluate(graph, weights, seen)[0]
    assert len(np.unique(expected)) > 3
    np.testing.assert_array_equal(run(build_program(graph, mode), weights, seen)[0], expected)
