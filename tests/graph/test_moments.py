"""Drawn batch-norm statistics fit what reaches them, so that the image's signal comes through."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.graph import Tensor, layers
from archspec.graph.moments import Estimate
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.evaluation import evaluate

DEPTH = 12


def _unit(x: Tensor, index: int) -> Tensor:
    y = layers.Conv2D(24, 3, padding="same", name=f"conv{index}")(x)
    y = layers.BatchNormalization(name=f"bn{index}")(y)
    y = layers.ReLU(6.0 if index % 2 else None, name=f"relu{index}")(y)
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"dw{index}")(y)
    y = layers.BatchNormalization(name=f"dwbn{index}")(y)
    return layers.Add(name=f"add{index}")([x, y]) if index % 3 == 2 else y


def _deep(image: Tensor) -> Tensor:
    x = layers.Rescaling(2 / 255, -1.0, name="rescaling")(image)
    for index in range(DEPTH):
        x = _unit(x, index)
    left, right = layers.ChannelSplit(2, name="split")(x)
    return layers.Concatenate(name="concat")([right, left])


def _noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float64)


def test_the_estimate_is_near_the_truth() -> None:
    graph = nets.finish(_deep(nets.image(20, 20, 3)))
    weights = initialise(graph, 4, "random")
    estimate = Estimate()
    for node in graph.nodes:
        estimate.follow(node, weights)
    mean, variance = estimate.of(graph.outputs[0])
    found = np.stack([evaluate(graph, weights, _noise((20, 20, 3), seed))[0] for seed in range(6)])
    assert found.mean() == pytest.approx(mean, abs=0.5 * found.std())
    assert found.var(axis=(0, 1, 2)).mean() == pytest.approx(variance, rel=0.8)


def test_the_image_reaches_the_output() -> None:
    graph = nets.finish(_deep(nets.image(20, 20, 3)))
    weights = initialise(graph, 4, "random")
    one, other = (evaluate(graph, weights, _noise((20, 20, 3), seed))[0] for seed in (1, 2))
    assert np.abs(one - other).max() > 0.05 * np.abs(one).max()
    assert 0.01 < one.std() < 100
