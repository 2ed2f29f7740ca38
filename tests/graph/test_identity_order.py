"""Order that has no meaning does not show in the hash; who reads what does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.graph import Graph, Tensor, layers
from archspec.graph.identity import canonical_hash, equivalence_key
from tests.graph import nets

Branch = dict[str, Any]
RATES = (1, 3, 6, 9, 12, 15, 18, 21)


@st.composite
def cells(draw: st.DrawFn) -> tuple[list[Branch], list[Branch]]:
    """A dense prediction cell, and the same with its branches in another order, their inputs renumbered."""
    count = draw(st.integers(2, 5))
    cell: list[Branch] = []
    for index in range(count):
        rate = [draw(st.sampled_from(RATES)), draw(st.sampled_from(RATES))]
        source = draw(st.integers(-1, index - 1))
        one_by_one = draw(st.booleans()) and draw(st.booleans())
        cell.append(
            {"op": "conv", "kernel": 1, "input": source}
            if one_by_one
            else {"op": "conv", "kernel": 3, "rate": rate, "input": source}
        )
    placed: list[int] = []
    while len(placed) < count:  # any order in which a branch stands after its input
        ready = [index for index in range(count) if index not in placed and cell[index]["input"] in (-1, *placed)]
        placed.append(draw(st.sampled_from(ready)))
    moved = [
        {**cell[old], "input": -1 if cell[old]["input"] < 0 else placed.index(cell[old]["input"])} for old in placed
    ]
    return cell, moved


def with_cell(cell: list[Branch]) -> Graph:
    text = "output_stride: 8\nbackbone: [conv_bn: {filters: 4, stride: 8}]\n"
    return nets.of_text(text + f"head: {{dpc: {{filters: 4, branches: {json.dumps(cell)}}}}}\n")


@given(cells())
def test_the_order_of_branches_has_no_meaning(pair: tuple[list[Branch], list[Branch]]) -> None:
    cell, moved = pair
    assert canonical_hash(with_cell(cell)) == canonical_hash(with_cell(moved))
    assert equivalence_key(with_cell(cell)) == equivalence_key(with_cell(moved))


@given(cells(), st.data())
def test_another_branch_is_another_cell(pair: tuple[list[Branch], list[Branch]], data: st.DataObject) -> None:
    cell, _ = pair
    index = data.draw(st.integers(0, len(cell) - 1))
    changed = [dict(branch) for branch in cell]
    changed[index] = {"op": "conv", "kernel": 3, "rate": [2, 5], "input": cell[index]["input"]}
    assert canonical_hash(with_cell(changed)) != canonical_hash(with_cell(cell))


def test_the_order_of_summands_has_no_meaning() -> None:
    def network(order: list[int]) -> Graph:
        x = nets.image()
        parts = [layers.Conv2D(4, size)(layers.ZeroPadding2D(size // 2)(x)) for size in (1, 3, 5)]
        return nets.finish(layers.Add()([parts[index] for index in order]))

    assert len({canonical_hash(network(order)) for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0])}) == 1


Reader = Callable[[Tensor], Tensor]
READERS: list[tuple[str, Reader, bool]] = [
    ("convolution", layers.Conv2D(3, 1), True),
    ("depthwise, then convolution", lambda x: layers.Conv2D(3, 1)(layers.DepthwiseConv2D(3)(x)), True),
    ("pooling, then convolution", lambda x: layers.Conv2D(3, 1)(layers.Dropout(0.1)(layers.MaxPooling2D(2)(x))), True),
    ("grouped convolution", layers.Conv2D(4, 1, groups=2), False),
    ("shuffle", lambda x: layers.Conv2D(3, 1)(layers.ChannelShuffle(2)(x)), False),
    ("split", lambda x: layers.Conv2D(3, 1)(layers.ChannelSplit(2)(x)[0]), False),
    ("sum", lambda x: layers.Conv2D(3, 1)(layers.Add()([x, layers.Conv2D(8, 1)(x)])), False),
    ("nothing: the output itself", lambda x: x, False),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "free"), [one[1:] for one in READERS], ids=[one[0] for one in READERS])
def test_the_order_of_a_concatenation_is_free_only_before_convolutions(reader: Reader, free: bool) -> None:
    def network(swap: bool) -> Graph:
        x = nets.image()
        parts = [layers.Conv2D(4, 1)(x), layers.DepthwiseConv2D(1, use_bias=False)(layers.Conv2D(4, 1)(x))]
        return nets.finish(reader(layers.Concatenate()(parts[::-1] if swap else parts)))

    assert (canonical_hash(network(False)) == canonical_hash(network(True))) == free


def test_the_order_of_a_concatenation_that_is_also_an_output_counts() -> None:
    def network(swap: bool) -> Graph:
        x = nets.image()
        parts = [layers.Conv2D(4, 1)(x), layers.Conv2D(4, 3)(layers.ZeroPadding2D()(x))]
        joined = layers.Concatenate()(parts[::-1] if swap else parts)
        return nets.finish(joined, layers.Conv2D(3, 1)(joined))

    assert canonical_hash(network(False)) != canonical_hash(network(True))


# --- twins ------------------------------------------------------------------------------------------------------------


def test_two_equal_branches_are_not_one_branch_used_twice() -> None:
    def network(shared: bool) -> Graph:
        x = nets.image()
        one = layers.Conv2D(4, 3)(x)
        return nets.finish(layers.Add()([one, one if shared else layers.Conv2D(4, 3)(x)]))

    assert canonical_hash(network(True)) != canonical_hash(network(False))


def test_who_reads_which_of_two_equal_branches_counts() -> None:
    """Two equal branches and three readers: two of them share a branch. Which two is another network."""

    def network(sharing: tuple[int, int, int]) -> Graph:
        x = nets.image()
        twins = [layers.Conv2D(4, 3, padding="same")(x) for _ in range(2)]
        readers = [
            layers.Conv2D(4, size, padding="same")(twins[which]) for size, which in zip((1, 3, 5), sharing, strict=True)
        ]
        return nets.finish(layers.Concatenate()(readers))

    different = [(0, 0, 1), (0, 1, 0), (0, 1, 1)]
    assert len({canonical_hash(network(sharing)) for sharing in different}) == 3
    assert canonical_hash(network((0, 0, 1))) == canonical_hash(network((1, 1, 0)))
