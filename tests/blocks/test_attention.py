"""Attention blocks against a plain reading of the papers' formulas in NumPy, channels first, head by head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.graph.weights import initialise
from archspec.lower import to_keras
from archspec.lower.framework import keras
from tests.blocks.contract import build, images_for, in_keras

Array = np.ndarray[Any, Any]
EPSILON = 1e-5


class Reading:
    """The weights of one block, used by the papers' formulas on maps (C, H, W)."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = {key: array.astype("float64") for key, array in weights.items()}

    def norm(self, x: Array, name: str) -> Array:
        gamma, beta, mean, variance = (
            self.weights[f"it.{name}.bn/{one}"][:, None, None]
            for one in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta

    def conv(self, x: Array, name: str) -> Array:
        """1×1 and batch norm."""
        kernel = self.weights[f"it.{name}.conv/kernel"][0, 0]
        return self.norm(np.einsum("chw,cd->dhw", x, kernel), name)

    def depthwise(self, x: Array, kernel: Array, stride: int = 1) -> Array:
        """3×3, a row of zeros on each side."""
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        height, width = (-(-side // stride) for side in x.shape[1:])
        out = np.zeros((x.shape[0], height, width))
        for row in range(height):
            for column in range(width):
                window = padded[:, row * stride : row * stride + 3, column * stride : column * stride + 3]
                out[:, row, column] = np.einsum("cij,ijc->c", window, kernel[..., 0])
        return out

    def heads(self, q: Array, k: Array, v: Array, count: int, scale: float) -> Array:
        """Each (C, tokens): softmax(qᵀ k · scale) on vᵀ, head by head, channels of one head behind another's."""
        out = []
        for one_q, one_k, one_v in zip(*(np.split(x, count) for x in (q, k, v)), strict=True):
            similarity = one_q.T @ one_k * scale
            share = np.exp(similarity - similarity.max(1, keepdims=True))
            out.append((share / share.sum(1, keepdims=True) @ one_v.T).T)
        return np.concatenate(out)

    def positions(self, x: Array, name: str) -> Array:
        """(C, N) and the embedding, interpolated linearly at pixel centres."""
        learnt = self.weights[f"it.{name}/embedding"].reshape(-1, x.shape[0])
        places, length = len(learnt), x.shape[1]
        at = (np.arange(length) + 0.5) * places / length - 0.5
        return x + np.stack([np.interp(at, np.arange(places), channel) for channel in learnt.T])


def relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def resized(x: Array, size: tuple[int, int]) -> Array:
    """Resized to `size` at pixel centres, one axis after the other, the borders held."""
    for axis, new in zip((1, 2), size, strict=True):
        old = x.shape[axis]
        at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        x = np.apply_along_axis(lambda line, at=at, old=old: np.interp(at, np.arange(old), line), axis, x)
    return x


def global_attention(x: Array, own: Reading, heads: int, key: int, scale: bool) -> Array:
    """arXiv:2204.05525, §3.2; no scale in the published code."""
    q, k, v = (own.conv(x, name).reshape(-1, x.shape[1] * x.shape[2]) for name in "qkv")
    y = own.heads(q, k, v, heads, key**-0.5 if scale else 1.0).reshape(-1, *x.shape[1:])
    return x + own.conv(relu6(y), "project")


def axial_attention(x: Array, own: Reading, heads: int, key: int, halve: bool) -> Array:
    """arXiv:2301.13156, §3.2, and with `halve` arXiv:2304.05152, §3.1."""
    source = x
    if halve:
        bias = own.weights["it.halve.dw/bias"][:, None, None]
        source = own.norm(own.depthwise(x, own.weights["it.halve.dw/kernel"], 2) + bias, "halve")
    q, k, v = (own.conv(source, name) for name in "qkv")
    lines = []
    for line, axis, shape in (("rows", 2, (-1, source.shape[1], 1)), ("columns", 1, (-1, 1, source.shape[2]))):
        query, value = own.positions(q.mean(axis), f"{line}.q.positions"), v.mean(axis)
        found = own.heads(query, own.positions(k.mean(axis), f"{line}.k.positions"), value, heads, key**-0.5)
        lines.append(own.conv(relu6(found.reshape(shape)), f"{line}.encode"))
    gate = own.conv(relu6(v + lines[0] + lines[1]), "project")
    detail = own.depthwise(np.concatenate([q, k, v]), own.weights["it.detail.depthwise.dw/kernel"])
    detail = own.conv(relu6(own.norm(detail, "detail.depthwise")), "detail.project")
    y = np.clip(gate / 6 + 0.5, 0, 1) * detail
    return x + (resized(y, x.shape[1:]) if halve else y)


@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("conv_attention", (4, 5, 12), {"heads": 3, "key_channels": 4, "scale": False}),
        ("conv_attention", (3, 4, 8), {"heads": 2, "key_channels": 5, "scale": True}),
        ("axial_attention", (5, 16, 12), {"heads": 3, "key_channels": 4, "halve": False}),
        ("axial_attention", (7, 6, 8), {"heads": 2, "key_channels": 4, "halve": True}),
    ],
)
def test_attention_by_the_papers_formulas(name: str, shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    keras.backend.clear_session()
    graph = build(Catalog().function(name), shape, arguments)
    weights = initialise(graph, statistics="random")
    images = images_for(graph, 1)
    (found,) = in_keras(to_keras(graph, weights), images)
    x, own = images[0][0].astype("float64").transpose(2, 0, 1), Reading(weights)
    heads, key = arguments["heads"], arguments["key_channels"]
    if name == "conv_attention":
        expected = global_attention(x, own, heads, key, arguments["scale"])
    else:
        expected = axial_attention(x, own, heads, key, arguments["halve"])
    assert np.abs(found[0].transpose(2, 0, 1) - expected).max() <= 1e-5 * np.abs(expected).max()
