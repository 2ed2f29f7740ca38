"""Our own network, stride 32 with attention and a feature pyramid: costs by hand, weights, export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.network import Network, import_weights
from archspec.weights import save_weights
from tests.cost.formulas import Count, Map, conv_bn, depthwise_bn, halved
from tests.networks.mobile_counts import conv

NAME = "shufflenetv2_fpn"
# torchvision's shufflenet_v2_x1_0 has 2,278,604; its last convolution and the classifier of ImageNet are left out here.
BACKBONE = 2_278_604 - (464 * 1024 + 2 * 1024) - (1024 * 1000 + 1000)


def network(height: int, width: int, *overrides: str) -> Network:
    return Network.load(NAME, [f"input.size=[{height},{width}]", *overrides])


def backbone(at: Map) -> tuple[Count, dict[int, Map]]:
    """torchvision's units: half of a strided one's filters inside, from its first convolution on."""
    at = halved(at)
    total, maps = conv_bn(3, 24, 3, at), {}
    at, inside, stride = halved(at), 24, 4
    for width, units in ((116, 4), (232, 8), (464, 4)):
        before, at, half, stride = at, halved(at), width // 2, stride * 2
        total += depthwise_bn(inside, at) + conv_bn(inside, half, 1, at)
        total += conv_bn(inside, half, 1, before) + depthwise_bn(half, at) + conv_bn(half, half, 1, at)
        for _ in range(units - 1):
            total += conv_bn(half, half, 1, at) + depthwise_bn(half, at) + conv_bn(half, half, 1, at)
        inside, maps[stride] = width, at
    return total, maps


def attention(channels: int, heads: int, key: int, value: int, at: Map) -> Count:
    """Queries, keys and values by linear maps with biases; every position by every other, twice; a last linear map."""
    positions = at[0] * at[1]
    linear = [(channels, heads * key), (channels, heads * key), (channels, heads * value), (heads * value, channels)]
    params = sum(inside * outside + outside for inside, outside in linear)
    macs = sum(inside * outside for inside, outside in linear) * positions
    return Count(params, 0, macs + heads * positions * positions * (key + value))


def by_hand(size: Map, classes: int = 19) -> Count:
    total, maps = backbone(size)
    at32 = maps[32]
    at64 = halved(at32)
    total += conv_bn(464, 192, 1, at32) + depthwise_bn(192, at64) + conv_bn(192, 192, 1, at64)
    total += attention(192, 4, 16, 48, at64)
    total += conv_bn(192, 384, 1, at64) + depthwise_bn(384, at64) + conv_bn(384, 192, 1, at64)
    for inside, at in ((192, at32), (232, maps[16]), (116, maps[8])):
        total += conv_bn(inside, 112, 1, at)
    total += conv_bn(112, 112, 3, maps[8]) + depthwise_bn(112, maps[8]) + conv_bn(112, 112, 1, maps[8])
    return total + conv(112, classes, 1, maps[8], bias=True)


@pytest.mark.parametrize(("size", "classes"), [((1024, 2048), 19), ((360, 480), 11), ((193, 257), 21)])
def test_costs_by_hand(size: Map, classes: int) -> None:
    found, expected = network(*size, f"classes={classes}").cost, by_hand(size, classes)
    assert (found.params, found.params_total - found.params) == (expected.params, expected.statistics)
    assert found.macs == expected.macs
    assert backbone(size)[0].params == BACKBONE


def test_it_is_smaller_than_the_anchor() -> None:
    """What is published of today's smallest of this kind: 1.6 M parameters, 22.7 GFLOPs at 1024 × 2048."""
    found = Network.load(NAME).cost
    assert found.params < 1.6e6 and found.gflops < 22.7


def test_the_header_tells_what_is_computed() -> None:
    header = Catalog().specs()[NAME].read_text("utf-8").partition("\nname:")[0]
    found = Network.load(NAME).cost
    for told in (f"{found.params:,} parameters", f"{found.gflops:.2f} GFLOPs", f"{found.macs:,} multiply-adds"):
        assert told in header


def test_the_auxiliary_head_costs_nothing_that_is_exported() -> None:
    """A 3×3 convolution of the map at stride 16 to 64 channels, and a classifier of it."""
    found, without = network(64, 128).cost, network(64, 128, "auxiliary=none").cost
    assert found.auxiliary is not None
    assert found.auxiliary.params == 9 * 232 * 64 + 2 * 64 + 64 * 19 + 19
    assert (found.params, found.macs, found.tflite_bytes) == (without.params, without.macs, without.tflite_bytes)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_pretrained_backbones_fit(activation: str, tmp_path: Path) -> None:
    """Those of torchvision and of NanoDet, brought to the bundled network that their formats name."""
    settings = ["padding=symmetric", "layout=torchvision", "bottleneck=half", f"activation={activation}"]
    overrides = ["width_multiplier=1.0", "input.preprocess=imagenet", *(f"backbone.{one}" for one in settings)]
    source = Network.load("shufflenetv2_basic", overrides)
    weights = {key: array for key, array in source.fresh_weights(1).items() if key.startswith("backbone.")}
    save_weights(tmp_path / "w.npz", weights, source.graph)
    target = network(64, 128, f"backbone.activation={activation}")
    found = import_weights(tmp_path / "w.npz", "archspec_npz", target.graph, only=("backbone",))
    assert found.arrays.keys() == weights.keys()


@pytest.mark.slow
def test_the_tflite_file_is_the_keras_model_and_int8_is_near() -> None:
    from archspec.export import export, run
    from archspec.lower import to_keras

    graph = network(128, 192, "output=logits").graph
    weights = network(128, 192, "output=logits").fresh_weights(0, "random")
    generator = np.random.default_rng(0)
    images = [generator.uniform(0, 255, (1, 128, 192, 3)).astype(np.float32) for _ in range(4)]
    expected = to_keras(graph, weights)(images[0]).numpy()
    found = run(export(graph, weights).data, images[:1])[0]
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    whole = run(export(graph, weights, precision="int8", representative=images).data, images[:1])[0]
    assert np.sqrt(np.mean((whole - expected) ** 2) / np.var(expected)) < 0.2
