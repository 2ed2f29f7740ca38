"""Attention and its heads against a plain reading of the papers' formulas in NumPy, channels first, head by head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.export import export
from archspec.graph.weights import initialise
from tests.blocks.contract import build, images_for, in_litert

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
    y = hard_sigmoid(gate) * detail
    return x + (resized(y, x.shape[1:]) if halve else y)


def feed_forward(x: Array, own: Reading) -> Array:
    """arXiv:2204.05525, §3.2."""
    y = own.depthwise(own.conv(x, "expand"), own.weights["it.depthwise/kernel"])
    return x + own.conv(relu6(y + own.weights["it.depthwise/bias"][:, None, None]), "project")


def injection(maps: list[Array], own: Reading, skip: int) -> Array:
    """arXiv:2204.05525, §3.3: local · σ(semantics) + semantics, summed at the finest size."""
    *local, semantics = maps
    parts = np.split(semantics, np.cumsum([len(one) for one in local])[:-1])
    total: Array | None = None
    for index, (one, part) in enumerate(zip(local, parts, strict=True)):
        if index >= skip:
            gate = resized(hard_sigmoid(own.conv(part, f"{index}.gate")), one.shape[1:])
            y = own.conv(one, f"{index}.local") * gate + resized(own.conv(part, f"{index}.semantics"), one.shape[1:])
            total = y if total is None else total + resized(y, total.shape[1:])
    assert total is not None
    return total


def fusion(maps: list[Array], own: Reading) -> Array:
    """arXiv:2301.13156, §3.1."""
    details, context = maps
    return own.conv(details, "details") * resized(hard_sigmoid(own.conv(context, "context")), details.shape[1:])


def aggregation(maps: list[Array], own: Reading, gate: str) -> Array:
    """arXiv:2304.05152, §3.2."""
    fine, middle, coarse = maps
    size = middle.shape[1:]
    bend = relu6 if gate == "relu6" else lambda x: 1 / (1 + np.exp(-x))
    fine = resized(fine, size)
    gates = bend(own.conv(fine, "fine.gate")) * bend(own.conv(middle, "middle.gate"))
    gates = gates * resized(bend(own.conv(coarse, "coarse.gate")), size)
    low = own.conv(fine, "fine.value") + own.conv(middle, "middle.value")
    return gates * low + resized(own.conv(coarse, "coarse.value"), size)


def tokens(maps: list[Array], reduction: int) -> Array:
    """Means of windows floor(i·s/n) to ceil((i+1)·s/n), as PyTorch's adaptive pooling has them."""
    grid = [-(-side // reduction) for side in maps[-1].shape[1:]]
    out = []
    for one in maps:
        sides = zip(one.shape[1:], grid, strict=True)
        cells = [[range(i * s // n, -(-(i + 1) * s // n)) for i in range(n)] for s, n in sides]
        out.append(np.stack([[one[:, rows][:, :, columns].mean((1, 2)) for columns in cells[1]] for rows in cells[0]]))
    return np.concatenate([one.transpose(2, 0, 1) for one in out])


def hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def traced(name: str, shapes: Any, arguments: dict[str, Any]) -> tuple[list[Array], Array, Reading]:
    """What a block reads and makes (its `.tflite`, which the contract holds to Keras), channels first; its weights."""
    graph = build(Catalog().function(name), shapes, arguments)
    weights = initialise(graph, statistics="random")
    images = images_for(graph, 1)
    (found,) = in_litert(export(graph, weights).data, images)
    return (
        [one[0].astype("float64").transpose(2, 0, 1) for one in images],
        found[0].transpose(2, 0, 1),
        Reading(weights),
    )


def check_close(found: Array, expected: Array) -> None:
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


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
    (x,), found, own = traced(name, shape, arguments)
    heads, key = arguments["heads"], arguments["key_channels"]
    if name == "conv_attention":
        expected = global_attention(x, own, heads, key, arguments["scale"])
    else:
        expected = axial_attention(x, own, heads, key, arguments["halve"])
    check_close(found, expected)


THREE = ((8, 12, 4), (4, 6, 6), (3, 3, 8))


@pytest.mark.parametrize(
    ("name", "shapes", "arguments", "reading"),
    [
        ("conv_feed_forward", (4, 5, 6), {"expansion": 3}, lambda x, own: feed_forward(x[0], own)),
        ("semantic_injection", (*THREE, (2, 3, 18)), {"filters": 5}, lambda x, own: injection(x, own, 1)),
        ("gated_fusion", ((8, 9, 4), (3, 4, 6)), {"filters": 5}, fusion),
        ("aggregated_attention", THREE, {"filters": 5}, lambda x, own: aggregation(x, own, "relu6")),
        (
            "aggregated_attention",
            THREE,
            {"filters": 5, "gate": "sigmoid"},
            lambda x, own: aggregation(x, own, "sigmoid"),
        ),
        ("pooled_tokens", ((13, 10, 4), (7, 5, 6)), {"reduction": 3}, lambda x, _: tokens(x, 3)),
    ],
)
def test_the_other_parts(name: str, shapes: Any, arguments: dict[str, Any], reading: Callable[..., Array]) -> None:
    maps, found, own = traced(name, shapes, arguments)
    check_close(found, reading(maps, own))


def test_paddles_gate_is_steeper() -> None:
    """clip(0.2 x + 0.5, 0, 1), where Keras's hard sigmoid has a sixth."""
    (x,), found, own = traced("squeeze_excite", (5, 6, 8), {"filters": 4, "slope": 0.2})
    squeezed = np.maximum(x.mean((1, 2)) @ own.weights["it.squeeze/kernel"][0, 0] + own.weights["it.squeeze/bias"], 0)
    excited = squeezed @ own.weights["it.excite/kernel"][0, 0] + own.weights["it.excite/bias"]
    check_close(found, x * np.clip(0.2 * excited + 0.5, 0, 1)[:, None, None])
