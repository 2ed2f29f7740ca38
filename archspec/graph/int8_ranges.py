"""Ranges of int8 that a training left, among the weights of a network.

A range is `[low, high]` under `NAME/int8_range`; NAME is the first of the runtime tensors that share the scale, which
is mostly a layer of the graph. What reads the network's own arrays passes over them.
"""

from __future__ import annotations

from archspec.arrays import Array, Weights

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
