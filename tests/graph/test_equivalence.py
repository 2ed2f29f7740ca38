"""The equivalence key: a dilated kernel is the taps it has inside the map, and nothing else."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.graph import Graph, layers
from archspec.graph.identity import canonical_hash, equivalence_key
from tests.graph import nets, oracle
from tests.graph.oracle import OUTSIDE, taps

RATES = (1, 3, 6, 9, 12, 15, 18, 21)
GRIDS = (1, 2, 4, 8)


def depthwise(size: tuple[int, int], kernel: int | tuple[int, int], rate: int | tuple[int, int], **more: Any) -> Graph:
    layer = layers.DepthwiseConv2D(kernel, padding="same", dilation_rate=rate, **more)
    return nets.finish(layer(nets.image(*size)))


@pytest.mark.parametrize(
    ("rates", "others", "equal"),
    [
        ((15, 18), (18, 15), True),
        ((14, 14), (99, 14), True),
        ((13, 15), (14, 15), False),  # 13 reaches from one edge to the other
        ((13, 15), (13, 18), True),
        ((1, 15), (2, 15), False),
        ((18, 1), (18, 1), True),
        ((18, 1), (1, 18), False),
    ],
)
def test_past_the_map_every_rate_is_the_same(rates: tuple[int, int], others: tuple[int, int], equal: bool) -> None:
    one, two = depthwise((14, 14), 3, rates), depthwise((14, 14), 3, others)
    assert (equivalence_key(one) == equivalence_key(two)) == equal
    assert (canonical_hash(one) == canonical_hash(two)) == (rates == others)


def test_a_map_that_is_not_square_has_a_limit_on_each_axis() -> None:
    assert equivalence_key(depthwise((7, 30), 3, (7, 9))) == equivalence_key(depthwise((7, 30), 3, (20, 9)))
    assert equivalence_key(depthwise((30, 7), 3, (7, 9))) != equivalence_key(depthwise((30, 7), 3, (20, 9)))


def seen(size: int, kernel: int, rate: int) -> frozenset[tuple[int, int]]:
    """Which input each output reads: all there is to know of a stride-1 window but its weights."""
    rows = taps(size, kernel, 1, rate, "same")
    return frozenset((out, place) for out, row in enumerate(rows) for place in row if place != OUTSIDE)


@given(
    st.integers(1, 9),
    st.tuples(st.integers(1, 5), st.integers(1, 10)),
    st.tuples(st.integers(1, 5), st.integers(1, 10)),
)
def test_equal_exactly_where_the_same_inputs_are_read(size: int, one: tuple[int, int], two: tuple[int, int]) -> None:
    keys = [equivalence_key(depthwise((size, 4), (kernel, 1), (rate, 1))) for kernel, rate in (one, two)]
    assert (keys[0] == keys[1]) == (seen(size, *one) == seen(size, *two))


def test_equal_keys_are_equal_functions() -> None:
    """The taps that are read hold the same weights: then the outputs are the same numbers."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(7, 7, 2))
    kernel = generator.normal(size=(3, 3, 2, 1))
    outputs = [oracle.depthwise(x, kernel, np.zeros(2), (1, 1), (rate, 2), "same") for rate in (7, 12)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], oracle.depthwise(x, kernel, np.zeros(2), (1, 1), (6, 2), "same"))
    assert equivalence_key(depthwise((7, 7), 3, (7, 2))) == equivalence_key(depthwise((7, 7), 3, (12, 2)))


def test_other_arguments_still_count() -> None:
    assert equivalence_key(depthwise((7, 7), 3, 9)) != equivalence_key(depthwise((7, 7), 3, 9, use_bias=False))
    assert equivalence_key(depthwise((7, 7), 3, 9)) != equivalence_key(depthwise((7, 8), 3, 9))


OPERATIONS: list[dict[str, Any]] = [
    {"op": "conv", "kernel": 1, "input": -1},
    *({"op": "conv", "kernel": 3, "rate": rate, "input": -1} for rate in product(RATES, RATES)),
    *({"op": "pyramid_pooling", "grid_size": grid, "input": -1} for grid in product(GRIDS, GRIDS)),
]


@pytest.mark.parametrize(
    ("input_size", "side", "distinct"),
    [(112, 7, 32), (224, 14, 53), (320, 20, 81), (513, 33, 81)],
)
def test_distinct_operations_of_the_cell(input_size: int, side: int, distinct: int) -> None:
    """81 operations; on a small map those are one whose rates reach past it (rates are as published at stride 16).

    Of 7 positions a grid of 8 makes windows of 1, so that pooling to it is the 1×1 convolution.
    """
    keys, hashes = set(), set()
    for operation in OPERATIONS:
        x = layers.Conv2D(4, 1, strides=16, padding="same")(nets.image(input_size, input_size))
        assert x.size == (side, side)
        graph = nets.finish(nets.CATALOG.function("dpc")(x, filters=4, branches=[operation], name="head"))
        keys.add(equivalence_key(graph))
        hashes.add(canonical_hash(graph))
    assert len(hashes) == 81
    repeats = side < max(GRIDS)
    assert len(keys) == distinct == 1 + len({min(rate, side) for rate in RATES}) ** 2 + 16 - repeats


def constant(side: int, then: str) -> Graph:
    """A map of `side` × `side` equal positions, looked at, and its mean."""
    x = layers.GlobalAveragePooling2D(keepdims=True)(nets.image(14, 14))
    x = layers.Resize((side, side), stride=1)(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x) if then == "3×3" else layers.Conv2D(2, 1)(x)
    return nets.finish(layers.GlobalAveragePooling2D(keepdims=True)(x))


def test_a_constant_map_has_a_size_only_for_what_looks_past_its_border() -> None:
    assert equivalence_key(constant(7, "3×3")) != equivalence_key(constant(14, "3×3"))
    assert equivalence_key(constant(7, "1×1")) != equivalence_key(constant(14, "3×3"))
    assert canonical_hash(constant(7, "1×1")) != canonical_hash(constant(14, "1×1"))


def test_a_constant_map_is_constant_no_more_behind_a_window() -> None:
    """The border's zeros have made it uneven: a pooling of it is not the pooling of anything smaller."""

    def network(pool: int) -> Graph:
        x = layers.GlobalAveragePooling2D(keepdims=True)(nets.image(14, 14))
        x = layers.DepthwiseConv2D(3, padding="same")(layers.Resize((14, 14), stride=1)(x))
        return nets.finish(layers.Resize((14, 14), stride=1)(layers.AveragePooling2D(pool, 1)(x)))

    assert equivalence_key(network(14)) != equivalence_key(network(7))
