"""PIDNet-S: what is published, every size by formula, and its blocks against the authors' formulas in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.cost import CostSheet, price
from archspec.errors import UserError
from archspec.export import export
from archspec.graph import Graph, Tensor
from archspec.graph.layers import Input
from archspec.graph.weights import initialise
from archspec.network import Network
from tests.blocks.contract import in_litert
from tests.cost.formulas import Count, Map, conv_bn
from tests.graph import nets
from tests.networks.mobile_counts import conv, fractions, norm

Array = np.ndarray[Any, Any]
PUBLISHED = 7.6e6, 47.6e9  # parameters; multiply-adds at 1024 × 2048: arXiv:2206.02066, Table 5


def sheet(*overrides: str) -> CostSheet:
    return price(nets.of_bundled("pidnet_s", *overrides), classes=19, output_stride=32)


def sized(height: int, width: int) -> str:
    return f"input.size=[{height},{width}]"


# --- pencil and paper, after models/pidnet.py -------------------------------------------------------------------------
def basic(inside: int, outside: int, at: Map, units: int) -> Count:
    """Units of two 3×3 convolutions, a 1×1 shortcut where the channels change; `at` is behind the stride."""
    total = conv_bn(inside, outside, 1, at) if inside != outside else Count()
    for unit in range(units):
        total += conv_bn(inside if unit == 0 else outside, outside, 3, at) + conv_bn(outside, outside, 3, at)
    return total


def bottleneck(inside: int, between: int, before: Map, at: Map) -> Count:
    """1×1, 3×3, 1×1 to twice as many; a shortcut where that changes the channels or the size."""
    total = conv_bn(inside, between, 1, before) + conv_bn(between, between, 3, at)
    total += conv_bn(between, 2 * between, 1, at)
    return total + (conv_bn(inside, 2 * between, 1, at) if (inside, before) != (2 * between, at) else Count())


def pappm(inside: int, between: int, outside: int, at: Map) -> Count:
    """Four pooled scales, one grouped convolution of them all, compression, shortcut."""
    total = norm(inside) + conv(inside, between, 1, at)
    for pooled in (fractions(at, 1), fractions(at, 2), fractions(at, 3), (1, 1)):
        total += norm(inside) + conv(inside, between, 1, pooled)
    grouped = conv(between, between, 3, at)
    total += norm(4 * between) + grouped + grouped + grouped + grouped
    total += norm(5 * between) + conv(5 * between, outside, 1, at)
    return total + norm(inside) + conv(inside, outside, 1, at)


def pidnet(size: Map, classes: int = 19, p: int = 32) -> Count:
    """Stem, stages of the integral branch, pixel and boundary branch, fusions, pyramid, head."""
    at2, at4, at8, at16, at32, at64 = (fractions(size, times) for times in range(1, 7))
    total = conv_bn(3, p, 3, at2) + conv_bn(p, p, 3, at4) + Count(2 * p)  # two biases
    total += basic(p, p, at4, 2) + basic(p, 2 * p, at8, 2)
    total += basic(2 * p, 4 * p, at16, 3) + basic(4 * p, 8 * p, at32, 3)
    total += bottleneck(8 * p, 8 * p, at32, at64) + bottleneck(16 * p, 8 * p, at64, at64)
    total += basic(2 * p, 2 * p, at8, 2) + basic(2 * p, 2 * p, at8, 2) + bottleneck(2 * p, 2 * p, at8, at8)
    total += conv_bn(4 * p, 2 * p, 1, at16) + conv_bn(8 * p, 2 * p, 1, at32)
    for coarse in (at16, at32):  # pag3, pag4
        total += conv_bn(2 * p, p, 1, coarse) + conv_bn(2 * p, p, 1, at8)
    total += basic(2 * p, p, at8, 1) + bottleneck(p, p, at8, at8) + bottleneck(2 * p, 2 * p, at8, at8)
    total += conv_bn(4 * p, p, 3, at16) + conv_bn(8 * p, 2 * p, 3, at32)  # diff3, diff4
    total += pappm(16 * p, 96, 4 * p, at64) + conv_bn(4 * p, 4 * p, 1, at8) + conv_bn(4 * p, 4 * p, 1, at8)
    return total + norm(4 * p) + conv_bn(4 * p, 128, 3, at8) + conv(128, classes, 1, at8, bias=True)


def test_as_published() -> None:
    found = sheet()
    assert abs(found.params / PUBLISHED[0] - 1) <= 0.01
    assert abs(found.macs / PUBLISHED[1] - 1) <= 0.02


@pytest.mark.parametrize(("size", "classes"), [((1024, 2048), 19), ((193, 257), 20), ((360, 480), 11)])
def test_parameters_and_multiply_adds_by_formula(size: Map, classes: int) -> None:
    found, expected = sheet(sized(*size), f"classes={classes}"), pidnet(size, classes)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs
    assert sheet("width_multiplier=2.0", sized(*size)).params == pidnet(size, p=64).params


def test_the_auxiliary_head_is_the_authors() -> None:
    """`segmenthead(64, 128, 19)`: batch norm, 3×3, batch norm, 1×1 with a bias."""
    found = Network.load("pidnet_s").cost
    assert found.auxiliary is not None
    assert found.auxiliary.params == 2 * 64 + 9 * 64 * 128 + 2 * 128 + 128 * 19 + 19
    assert found.params == sheet().params


def test_the_header_tells_what_is_computed() -> None:
    from archspec.catalog import Catalog

    header = Catalog().specs()["pidnet_s"].read_text("utf-8").partition("\nname:")[0]
    assert f"{sheet().params:,}" in header and f"{sheet().gmacs:.2f} G" in header


def test_at_stride_8_there_is_one_resolution_only() -> None:
    with pytest.raises(UserError, match=r"both branches are at stride 8\. Use output_stride 16 or 32"):
        nets.of_bundled("pidnet_s", sized(128, 256), "output_stride=8")
    assert nets.of_bundled("pidnet_s", sized(128, 256), "output_stride=16").outputs[0].shape == (128, 256)


# --- the two fusions, by the authors' own formulas --------------------------------------------------------------------
def block(name: str, *shapes: tuple[int, int, int]) -> tuple[Graph, dict[str, Array], list[Array], Array]:
    """A use of a block: its graph, random weights, inputs, and what the runtime makes of them."""
    graph = Graph("block")
    inputs: list[Tensor] = [Input(shape, name=f"in{index}").enter(graph) for index, shape in enumerate(shapes)]
    for tensor in inputs:
        tensor.stride = -(-shapes[0][0] // tensor.shape[0])
    graph.finish([nets.CATALOG.function(name)(inputs, name="it")])
    weights = initialise(graph, 0, "random")
    images = [np.random.default_rng(index).normal(size=(1, *shape)).astype("f4") for index, shape in enumerate(shapes)]
    return graph, weights, images, in_litert(export(graph, weights).data, images)[0]


def normed(x: Array, weights: dict[str, Array], name: str) -> Array:
    """A 1×1 convolution and its batch norm."""
    y = x @ weights[f"{name}.conv/kernel"][0, 0]
    mean, variance = weights[f"{name}.bn/moving_mean"], weights[f"{name}.bn/moving_variance"]
    gamma, beta = weights[f"{name}.bn/gamma"], weights[f"{name}.bn/beta"]
    found: Array = (y - mean) / np.sqrt(variance + 1e-5) * gamma + beta
    return found


def sigmoid(x: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-x))
    return found


def test_pixel_attention_by_numpy() -> None:
    """`PagFM`; the coarse map is constant, so that resizing it is nothing."""
    graph, weights, (pixel, integral), _ = block("pag", (6, 8, 6), (3, 4, 6))
    flat = np.broadcast_to(integral[:, :1, :1], (1, 3, 4, 6)).astype("f4").copy()
    (found,) = in_litert(export(graph, weights).data, [pixel, flat])
    wide = np.broadcast_to(flat[:, :1, :1], pixel.shape)
    product = normed(pixel, weights, "it.pixel") * normed(wide, weights, "it.integral")
    alike = sigmoid(product.sum(-1, keepdims=True))
    np.testing.assert_allclose(found, (1 - alike) * pixel + alike * wide, rtol=1e-5, atol=1e-5)


def test_light_boundary_fusion_by_numpy() -> None:
    """`Light_Bag`."""
    _, weights, (p, i, d), found = block("light_bag", (6, 8, 6), (6, 8, 6), (6, 8, 6))
    edge = sigmoid(d)
    expected = normed((1 - edge) * i + p, weights, "it.pixel") + normed(i + edge * p, weights, "it.integral")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_the_tflite_file_is_the_keras_model() -> None:
    from archspec.export import run
    from archspec.lower import to_keras

    graph = nets.of_bundled("pidnet_s", sized(65, 97), "output=logits", "width_multiplier=0.5")
    weights = initialise(graph, statistics="random")
    image = np.random.default_rng(0).uniform(0, 255, (1, 65, 97, 3)).astype(np.float32)
    expected = to_keras(graph, weights)(image).numpy()
    found = run(export(graph, weights).data, [image])[0]
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
