"""Weights without TensorFlow: one mapping from `node/array` to NumPy arrays, given to either emitter."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import WeightSpec
from archspec.graph.moments import Estimate, Moments
from archspec.graph.tensor import Graph, Node, Shape

if TYPE_CHECKING:
    import numpy as np

Statistics = Literal["fresh", "random"]
INITIALIZERS = ("bilinear", "glorot_uniform", "he_normal", "ones", "zeros")  # those that a block may name
TRUNCATED = re.compile(r"truncated_normal\((\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\)")
CONSTANT = re.compile(r"constant\((-?\d+(?:\.\d*)?)\)")
# Shifts are positive: deep stacks of centred ReLUs blow up the smallest rounding a hundredfold, trained ones do not.
SPREAD = {"gamma": (0.5, 1.5), "beta": (0.5, 2.0), "moving_mean": (-0.5, 0.5), "moving_variance": (0.5, 1.5)}
SPREAD["alpha"] = (0.05, 0.45)
SEEN = {
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "LayerScale",
    "PReLU",
}  # drawn as if training had moved them
TRUNCATION_SHRINK = 0.87962566103423978  # deviation of a unit normal cut at ±2


@lru_cache(maxsize=256)
def check_initializer(initializer: str) -> None:
    """Raises `Problem` for a name that `initialise` does not know."""
    known = initializer in INITIALIZERS or constant_value(initializer) is not None
    if not known and truncated_deviation(initializer) is None:
        raise _unknown_initializer(initializer)


def truncated_deviation(initializer: str) -> float | None:
    """0.09 of `truncated_normal(0.09)`; None for any other text."""
    found = TRUNCATED.fullmatch(initializer)
    deviation = float(found.group(1)) if found else 0.0
    return deviation if 0.0 < deviation < float("inf") else None


def constant_value(initializer: str) -> float | None:
    """0.25 of `constant(0.25)`; None for any other text."""
    found = CONSTANT.fullmatch(initializer)
    return float(found.group(1)) if found else None


def _unknown_initializer(initializer: str) -> Problem:
    known = ", ".join(sorted((*INITIALIZERS, "constant(VALUE)", "truncated_normal(DEVIATION)")))
    return Problem(f"unknown initializer '{initializer}'", f"One of: {known}")


def weight_specs(graph: Graph) -> Iterator[tuple[str, Node, WeightSpec]]:
    """`(key, node, spec)` of every array, in execution order; the key is `node name/array name`."""
    for node in graph.nodes:
        for spec in node.layer.weights(node):
            yield f"{node.name}/{spec.name}", node, spec


def initialise(graph: Graph, seed: int = 0, statistics: Statistics = "fresh") -> dict[str, Array]:
    """Every array of the graph as its initialiser makes it, float32, the same for the same seed and names.

    `statistics="random"` gives batch norms the scales, shifts, means and variances, and PReLUs the slopes, of a
    network that has seen data, so that folding them can be checked: fresh ones would hide a mistake. They fit the
    numbers that reach them, so that the image's signal comes through to the output.
    """
    weights: dict[str, Array] = {}
    estimate = Estimate()
    for node in graph.nodes:
        seen = statistics == "random" and type(node.layer).__name__ in SEEN
        for spec in node.layer.weights(node):
            key = f"{node.name}/{spec.name}"
            generator = _generator(seed, key)
            if seen:
                weights[key] = _seen_data(spec, generator, estimate.of(node.inputs[0]))
            else:
                weights[key] = _draw(spec, generator)
        if statistics == "random":
            estimate.follow(node, weights)
    return weights


def check_weights(graph: Graph, weights: Weights) -> None:
    """Raises `Problem` unless there is exactly one array of the right shape for every place."""
    expected = {key: spec.shape for key, _, spec in weight_specs(graph)}
    missing = sorted(expected.keys() - weights.keys())
    extra = sorted(weights.keys() - expected.keys())
    if missing or extra:
        raise Problem(
            f"the weights do not fit the graph: {len(missing)} missing {missing[:3]}, {len(extra)} unknown {extra[:3]}"
        )
    for key, shape in expected.items():
        if weights[key].shape != shape:
            raise Problem(f"weight '{key}' has shape {list(weights[key].shape)}, the graph needs {list(shape)}")


def _generator(seed: int, key: str) -> np.random.Generator:
    """A generator of the array's own: adding a layer leaves the others' numbers as they were."""
    import numpy as np

    return np.random.default_rng([seed, zlib.crc32(key.encode())])


def _draw(spec: WeightSpec, generator: np.random.Generator) -> Array:
    import numpy as np

    if spec.initializer == "zeros":
        return np.zeros(spec.shape, np.float32)
    if spec.initializer == "ones":
        return np.ones(spec.shape, np.float32)
    constant = constant_value(spec.initializer)
    if constant is not None:
        return np.full(spec.shape, constant, np.float32)
    deviation = truncated_deviation(spec.initializer)
    if deviation is not None:
        return _truncated_normal(spec.shape, deviation, generator)
    if spec.initializer == "bilinear":
        return bilinear_kernel(spec.shape)
    if spec.initializer == "unit_rows":
        return _unit_rows(generator.uniform(size=spec.shape))
    fan_in, fan_out = _fans(spec.shape)
    if spec.initializer == "glorot_uniform":
        limit = (6.0 / (fan_in + fan_out)) ** 0.5
        return generator.uniform(-limit, limit, spec.shape).astype(np.float32)
    if spec.initializer == "he_normal":
        return _truncated_normal(spec.shape, (2.0 / fan_in) ** 0.5 / TRUNCATION_SHRINK, generator)
    raise _unknown_initializer(spec.initializer)


def _unit_rows(drawn: Array) -> Array:
    """Each row divided by its length."""
    import numpy as np

    divided: Array = drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
    return divided.astype(np.float32)


def bilinear_kernel(shape: Shape) -> Array:
    """A transposed convolution's kernel `(kh, kw, C, C)` that upsamples each channel bilinearly (FCN's start)."""
    import numpy as np

    sides = []
    for size in shape[:2]:
        half = (size + 1) // 2
        centre = (2 * half - 1 - half % 2) / (2 * half)
        sides.append(1 - np.abs(np.arange(size) / half - centre))
    kernel = np.zeros(shape, np.float32)
    diagonal = range(min(shape[2:]))
    kernel[:, :, diagonal, diagonal] = np.outer(*sides)[:, :, None]
    return kernel


def _truncated_normal(shape: Shape, deviation: float, generator: np.random.Generator) -> Array:
    import numpy as np

    drawn = generator.standard_normal(shape, dtype=np.float32)
    outside = np.abs(drawn) > 2
    while outside.any():
        drawn[outside] = generator.standard_normal(int(outside.sum()), dtype=np.float32)
        outside = np.abs(drawn) > 2
    return drawn * np.float32(deviation)


def _fans(shape: Shape) -> tuple[int, int]:
    """Keras's rule for kernels `(kh, kw, in, out)`."""
    field = 1
    for axis in shape[:-2]:
        field *= axis
    return field * shape[-2], field * shape[-1]


def _seen_data(spec: WeightSpec, generator: np.random.Generator, source: Moments) -> Array:
    """Near what the source's moments are, but not quite: a data set is not the estimate."""
    import numpy as np

    low, high = SPREAD[spec.name]
    drawn = generator.uniform(low, high, spec.shape)
    if spec.name == "moving_mean":
        drawn = source.mean + drawn * np.sqrt(source.variance)
    elif spec.name == "moving_variance":
        drawn = drawn * source.variance
    return drawn.astype(np.float32)


# --- int8 ranges ------------------------------------------------------------------------------------------
# What a training through int8 left beside the arrays of a network: `[low, high]` under `NAME/int8_range`. NAME is the
# first of the runtime tensors that share the scale, mostly a layer. Readers of the network's own arrays skip them.
RANGE = "int8_range"


def range_key(name: str) -> str:
    """The key of a range among weights."""
    return f"{name}/{RANGE}"


def is_range(key: str) -> bool:
    """Whether a key is of a range, and not of an array of the network."""
    return key.endswith(f"/{RANGE}")


def split_ranges(weights: Weights) -> tuple[dict[str, Array], dict[str, Array]]:
    """The network's own arrays, and the ranges beside them."""
    found: tuple[dict[str, Array], dict[str, Array]] = {}, {}
    for key, array in weights.items():
        found[is_range(key)][key] = array
    return found
