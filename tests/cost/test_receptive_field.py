"""How far a layer sees: pixels changed one row and one column at a time, and who notices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archspec.cost import price
from archspec.cost.layers import receptive_fields
from archspec.graph import Graph, Tensor, layers
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.evaluation import evaluate

SIDE = 60


def seen(graph: Graph) -> tuple[int, int]:
    """Rows and columns of the image, from the first to the last, that change the middle of the output.

    All weights are positive, all pixels equal, one row brighter: whoever sees it gets larger.
    """
    weights = {key: np.abs(array) + 0.1 for key, array in initialise(graph).items()}
    plain = np.ones(graph.inputs[0].shape)
    before = middle(evaluate(graph, weights, plain)[0])
    reach = []
    for axis in (0, 1):
        noticed = []
        for place in range(plain.shape[axis]):
            brighter = plain.copy()
            brighter[(slice(None),) * axis + (place,)] = 2.0
            after = middle(evaluate(graph, weights, brighter)[0])
            if not np.allclose(before, after, rtol=1e-9):
                noticed.append(place)
        reach.append(noticed[-1] - noticed[0] + 1)
    return reach[0], reach[1]


def middle(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    values: list[float] = x[x.shape[0] // 2, x.shape[1] // 2].tolist()
    return values


Step = Callable[[Tensor], Tensor]


def conv(kernel: int, rate: int, stride: int) -> Step:
    return layers.Conv2D(1, kernel, stride if rate == 1 else 1, "same", rate)


def depthwise(kernel: int, rate: int, stride: int) -> Step:
    return layers.DepthwiseConv2D(kernel, stride if rate == 1 else 1, "same", 1, rate)


def pool(kernel: int, rate: int, stride: int) -> Step:
    return layers.MaxPooling2D(kernel, stride, "same")


def mean(kernel: int, rate: int, stride: int) -> Step:
    return layers.AveragePooling2D(max(kernel, stride), stride, "same")


STEPS = st.builds(
    lambda kind, kernel, rate, stride: kind(kernel, rate, stride),
    st.sampled_from([conv, depthwise, pool, mean]),
    st.sampled_from([1, 3, 3, 5]),
    st.sampled_from([1, 1, 2, 3]),
    st.sampled_from([1, 1, 2]),
)


@settings(max_examples=15)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_chains_of_windows(steps: list[Step]) -> None:
    x = nets.image(SIDE, SIDE, 1)
    for step in steps:
        x = step(x)
    graph = nets.finish(x)
    wanted = receptive_fields(graph)[x.node.name]
    assume(max(wanted) <= SIDE // 2 and min(x.size) > 8)  # else the border cuts it off
    assert seen(graph) == wanted


def test_the_wider_of_two_branches_counts() -> None:
    x = nets.image(SIDE, SIDE, 1)
    wide = layers.DepthwiseConv2D(3, padding="same", dilation_rate=(2, 6))(x)
    tall = layers.DepthwiseConv2D(3, padding="same", dilation_rate=(5, 1))(x)
    graph = nets.finish(layers.Add(name="sum")([wide, tall]))
    assert receptive_fields(graph)["sum"] == (11, 13) == seen(graph)


def test_a_small_network_of_units() -> None:
    text = """
    input: {size: 128, preprocess: none, channels: 2}
    output_stride: 8
    classes: 4
    backbone:
    - conv_bn: {filters: 2, stride: 2}
    - max_pool
    - shuffle_unit: {filters: 4, stride: 2}
    - inverted_residual: {filters: 4, stride: 2, expansion: 2}
    - inverted_residual: {filters: 4, expansion: 2}
    classifier: none
    decoder: none
    output: logits
    """
    # 3; + 2·2 = 7; + 2·4 = 15; stride 8: + 2·8 = 31; then rate 2: + 2·2·8 = 63
    found = receptive_fields(nets.of_text(text))
    assert found["backbone.1_max_pool"] == (7, 7)
    assert found["backbone.2_shuffle_unit.concat"] == (15, 15)
    assert found["backbone.3_inverted_residual.project.bn"] == (31, 31)
    assert found["backbone.4_inverted_residual.add"] == (63, 63)


@pytest.mark.parametrize(("before", "after", "expected"), [((9, 9), (9, 9), (3, 3)), ((9, 1), (18, 5), (4, 3))])
def test_a_resize_sees_its_neighbours_where_there_are_any(
    before: tuple[int, int], after: tuple[int, int], expected: tuple[int, int]
) -> None:
    x = layers.Conv2D(1, 3, padding="same")(nets.image(*before, 1))
    resized = layers.Resize(after, stride=1, name="resize")(x)
    assert receptive_fields(nets.finish(resized))["resize"] == expected


def test_what_the_basic_heads_classifier_sees() -> None:
    """The features see 527 pixels, image pooling the whole image, here the smaller; spreading it adds nothing."""
    found = price(nets.of_bundled("shufflenetv2_basic"), classes=19, output_stride=16).receptive_field
    assert found == (527, 527)


def test_image_pooling_sees_the_whole_image() -> None:
    found = receptive_fields(nets.of_bundled("shufflenetv2_basic", "input.size=[1024,2048]"))
    assert found["head.image_pooling.mean"] == (1024, 2048)
    assert found["head.aspp0.conv"] == found["backbone.stage4.3.concat"] == (527, 527)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # stem 3, pool 7, stage 2: 15 + 3·16 = 63, stage 3: 79 + 7·32 = 303, stage 4: 335 + 3·64 = 527; jump 16.
        # Figure 4: branches 0, 1, 2 follow one another (1 + 18 + 6 up and down), 0 and 4 across (6 + 21).
        ("shufflenetv2_dpc", (527 + 32 * (1 + 18 + 6), 527 + 32 * (6 + 21))),
        ("mobilenetv2_dpc", (491 + 32 * (1 + 18 + 6), 491 + 32 * (6 + 21))),
    ],
)
def test_what_the_classifier_sees(name: str, expected: tuple[int, int]) -> None:
    assert price(nets.of_bundled(name), classes=19, output_stride=16).receptive_field == expected


def test_mobilenets_backbone() -> None:
    """Two more pixels a 3×3 kernel, times the stride it works at and its rate; row by row of the paper's table."""
    expected = 3 + 4 + 4 + 8 + 8 + 2 * 16 + 16 + 3 * 32 + 3 * 32 + 32 + 3 * 64
    found = receptive_fields(nets.of_bundled("mobilenetv2_dpc"))["backbone.stage7.project.bn"]
    assert found == (expected, expected) == (491, 491)
