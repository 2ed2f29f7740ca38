"""What necks compute, against the papers' formulas in NumPy, on constant maps, far from borders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.export import export
from archspec.graph import Graph
from archspec.graph.layers import Input
from archspec.graph.weights import initialise
from tests.blocks.contract import in_litert
from tests.graph import nets

Array = np.ndarray[Any, Any]
SIZES = {32: 8, 16: 16, 8: 32}  # of the map at each stride
CHANNELS = {32: 5, 16: 4, 8: 3}


class Neck:
    """A neck on three constant maps: its weights, and the one result there is in the middle."""

    def __init__(self, name: str, **arguments: Any) -> None:
        graph = Graph("neck")
        maps = {}
        for stride, side in SIZES.items():
            maps[stride] = Input((side, side, CHANNELS[stride]), name=f"map{stride}").enter(graph)
            maps[stride].stride = stride
        taps = {f"map{stride}": tensor for stride, tensor in maps.items()}
        made = nets.CATALOG.function(name)(maps[32], taps=taps, name="it", **arguments)
        graph.finish([made[0] if isinstance(made, tuple) else made])
        self.weights = initialise(graph, 0, "random")
        generator = np.random.default_rng(1)
        self.values = {stride: generator.uniform(0, 255, count).astype("f4") for stride, count in CHANNELS.items()}
        images = [
            np.broadcast_to(self.values[stride], (1, side, side, CHANNELS[stride])) for stride, side in SIZES.items()
        ]
        result = in_litert(export(graph, self.weights).data, [np.ascontiguousarray(one) for one in images])[0]
        self.middle = result[0, 16, 16]

    def convolved(self, x: Array, name: str, relu: bool = True) -> Array:
        """A convolution of a constant map and its batch norm: each tap sees the same."""
        y = x @ self.weights[f"it.{name}.conv/kernel"].astype("f8").sum((0, 1))
        of = {one: self.weights[f"it.{name}.bn/{one}"] for one in ("gamma", "beta", "moving_mean", "moving_variance")}
        y = (y - of["moving_mean"]) / np.sqrt(of["moving_variance"] + 1e-3) * of["gamma"] + of["beta"]
        return np.maximum(y, 0) if relu else y

    def sums(self) -> dict[int, Array]:
        """The pyramid before its 3×3 convolutions, arXiv:1612.03144: what comes down is not yet convolved."""
        found: dict[int, Array] = {}
        above: Array | float = 0.0
        for stride in SIZES:
            above = found[stride] = self.convolved(self.values[stride], f"lateral{stride}", relu=False) + above
        return found

    def check_middle(self, expected: Array) -> None:
        assert (expected > 0).any()
        np.testing.assert_allclose(self.middle, expected, rtol=1e-4, atol=1e-4)


def test_the_finest_map_of_a_pyramid() -> None:
    neck = Neck("fpn", filters=6)
    neck.check_middle(neck.convolved(neck.sums()[8], "smooth8"))


def test_all_maps_of_a_pyramid() -> None:
    neck = Neck("fpn", filters=6, fusion="sum")
    neck.check_middle(sum(neck.convolved(one, f"smooth{stride}") for stride, one in neck.sums().items()))
    neck = Neck("fpn", filters=6, fusion="concatenate")
    maps = [neck.convolved(one, f"smooth{stride}") for stride, one in neck.sums().items()]
    neck.check_middle(neck.convolved(np.concatenate(maps), "fuse"))


def test_path_aggregation() -> None:
    """arXiv:1803.01534, Figure 1 (b): each map of the way up by 3×3 of stride 2, plus the pyramid's, by 3×3 again."""
    neck = Neck("pan", filters=6)
    pyramid = {stride: neck.convolved(one, f"smooth{stride}") for stride, one in neck.sums().items()}
    up = {8: pyramid[8]}
    for fine, coarse in ((8, 16), (16, 32)):
        up[coarse] = neck.convolved(neck.convolved(up[fine], f"up{coarse}.reduce") + pyramid[coarse], f"up{coarse}")
    neck.check_middle(up[8] + up[16] + up[32])


def test_lateral_sums() -> None:
    """What comes down is convolved at each stride, without an activation but after the sums and at the end."""
    neck = Neck("lateral_sums", filters=[6, 4])
    y = neck.convolved(neck.values[32], "lateral32", relu=False)
    for stride, relu in ((16, False), (8, True)):
        y = np.maximum(neck.convolved(neck.values[stride], f"lateral{stride}", relu=False) + y, 0)
        y = neck.convolved(y, f"fused{stride}", relu=relu)
    neck.check_middle(y)


@pytest.mark.parametrize("activation", ["none", "relu6"])
def test_the_activation_is_of_the_last_convolution(activation: str) -> None:
    neck = Neck("fpn", filters=6, activation=activation)
    plain = neck.convolved(neck.sums()[8], "smooth8", relu=False)
    neck.check_middle(np.clip(plain, 0, 6) if activation == "relu6" else plain)
