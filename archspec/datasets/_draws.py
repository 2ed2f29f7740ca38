"""Random numbers without a state: each is a hash of the seed, of which sample it is for, and of what it is for.

So the draws of step 1000 need none of the 999 steps before it, and they are the same on every machine and with every
version of NumPy or TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(seed: int, numbers: Array, purpose: int) -> Array:
    """A float64 in [0, 1) for each of `numbers` (whole and not negative). `purpose` keeps kinds of draws apart."""
    hashed: Array = _hash(seed, numbers, purpose) >> np.uint64(11)
    return hashed.astype(np.float64) * 2.0**-53


def permutation(seed: int, epoch: int, count: int) -> Array:
    """The numbers below `count` in the order of an epoch."""
    key = int(_hash(seed, np.array([epoch]), 0)[0])
    return np.argsort(_hash(key, np.arange(count), 1), kind="stable")


def _hash(seed: int, numbers: Array, purpose: int) -> Array:
    with np.errstate(over="ignore"):
        start = _mix(_mix(np.array([seed % 2**64], np.uint64)) + np.uint64(purpose) * _GOLDEN)
        return _mix(_mix(start + numbers.astype(np.uint64) * _GOLDEN))


def _mix(values: Array) -> Array:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit in changes half of the bits out."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = values ^ (values >> np.uint64(31))
    return mixed
