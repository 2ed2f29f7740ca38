"""Attention's layers in the canonical hash and the equivalence key, and behind channels in another order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from archspec.graph import Graph, Tensor, canonical_hash, equivalence_key, in_float32, layers
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.interpreter import run

Block = Callable[[Tensor], Tensor]


def graph_of(block: Block, channels: int = 8) -> Graph:
    x = layers.Conv2D(channels, 1, name="first")(nets.image(4, 6, 3))
    return nets.finish(block(x))


def test_a_shape_worked_out_is_a_shape_written() -> None:
    left_open = graph_of(layers.Reshape((-1, 8)))
    assert canonical_hash(left_open) == canonical_hash(graph_of(layers.Reshape((24, 8))))
    assert canonical_hash(left_open) != canonical_hash(graph_of(layers.Reshape((12, 16))))


@pytest.mark.parametrize("joint", [layers.Average, layers.Maximum, layers.Minimum])
def test_order_has_no_meaning_for_means_and_extremes(joint: Callable[[], layers.Average]) -> None:
    def pair(x: Tensor) -> list[Tensor]:
        return [layers.Conv2D(8, 3, padding="same")(x), layers.Conv2D(8, 1)(x)]

    assert canonical_hash(graph_of(lambda x: joint()(pair(x)))) == canonical_hash(
        graph_of(lambda x: joint()(pair(x)[::-1]))
    )


def test_order_has_a_meaning_for_quotients_differences_and_matrices() -> None:
    for joint in (layers.Subtract, layers.Divide, lambda: layers.MatMul(transpose_b=True)):
        there = graph_of(lambda x, joint=joint: joint()([x, layers.ReLU()(x)]))  # type: ignore[misc]
        back = graph_of(lambda x, joint=joint: joint()([layers.ReLU()(x), x]))  # type: ignore[misc]
        assert canonical_hash(there) != canonical_hash(back)


def test_arguments_tell_layers_apart_and_initial_values_do_not() -> None:
    several: list[Block] = [
        layers.Softmax(), layers.Softmax(axis=1), layers.LayerNormalization(), layers.LayerNormalization((1, 2)),
        layers.Activation("gelu"), layers.Activation("gelu_tanh"), layers.Mean(1), layers.Mean(2), layers.Sum(1),
        layers.PositionEmbedding((4, 1)), layers.PositionEmbedding((1, 4)), layers.AdaptiveAveragePooling2D(2),
        layers.AdaptiveAveragePooling2D(3), layers.Permute((2, 1, 3)), layers.Permute((1, 3, 2)),
    ]  # fmt: skip
    for key in (canonical_hash, equivalence_key):
        assert len({key(graph_of(block)) for block in several}) == len(several)
    small, large = layers.LayerScale(1e-6), layers.LayerScale(1.0)
    assert canonical_hash(graph_of(small)) == canonical_hash(graph_of(large))


def test_a_concatenation_that_dense_layers_read_may_be_listed_in_any_order() -> None:
    def joined(reverse: bool, reader: Callable[[], layers.Dense]) -> Graph:
        def block(x: Tensor) -> Tensor:
            parts = [layers.Conv2D(3, 3, padding="same")(x), layers.Conv2D(5, 1)(x)]
            return reader()(layers.Concatenate()(parts[::-1] if reverse else parts))

        return graph_of(block)

    def dense() -> layers.Dense:
        return layers.Dense(4)

    assert canonical_hash(joined(False, dense)) == canonical_hash(joined(True, dense))
    normalised = layers.LayerNormalization
    assert canonical_hash(joined(False, normalised)) != canonical_hash(joined(True, normalised))  # type: ignore[arg-type]


def test_a_map_of_one_position_is_not_a_large_one_to_what_sees_it_whole() -> None:
    """A product of matrices, or a softmax over rows, tells how many positions a flat map has."""

    def block(size: tuple[int, int]) -> Block:
        def enlarged(x: Tensor) -> Tensor:
            flat = layers.Resize(size, stride=1)(layers.GlobalAveragePooling2D()(x))
            return layers.Softmax(axis=1)(flat)

        return enlarged

    assert equivalence_key(graph_of(block((4, 6)))) != equivalence_key(graph_of(block((8, 6))))


FOLLOWED: dict[str, Block] = {
    "dense": layers.Dense(5, name="l"),
    "layer norm": layers.LayerNormalization(name="l"),
    "group norm": layers.GroupNormalization(2, name="l"),
    "layer scale": layers.LayerScale(name="l"),
    "position": layers.PositionEmbedding((3, 1), name="l"),
    "gelu": layers.Activation("silu", name="l"),
    "tokens": layers.Reshape((24, 8), name="l"),
    "turned": layers.Permute((2, 1, 3), name="l"),
    "channels first": layers.Permute((3, 1, 2), name="l"),
    "mean of channels": layers.Mean(-1, name="l"),
    "mean of rows": layers.Mean(1, name="l"),
    "pooled": layers.AdaptiveAveragePooling2D((3, 4), name="l"),
    "softmax": layers.Softmax(name="l"),
    "slice": layers.StridedSlice((0, 1, 2), (4, 6, 7), name="l"),
    "space to depth": layers.SpaceToDepth(2, name="l"),
    "depth to space": layers.DepthToSpace(2, name="l"),
    "product": lambda x: layers.MatMul(transpose_b=True, name="l")([x, x]),
    "split": lambda x: layers.Divide(0.5, name="l")(layers.ChannelSplit(2, name="s")(layers.ReLU(name="r")(x))),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_channels_in_another_order_give_what_they_give_in_their_own(name: str) -> None:
    """The program that follows a shuffle against the one that writes it down, in NumPy."""

    def block(x: Tensor) -> Tensor:
        return FOLLOWED[name](layers.ChannelShuffle(4, name="shuffle")(x))

    graph = graph_of(block)
    weights = initialise(graph, 1, "random")
    image = np.random.default_rng(0).normal(size=(4, 6, 3))
    found, expected = (run(build_program(graph, shuffle), weights, image)[0] for shuffle in ("follow", "transpose"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_layers_called_inside_stay_float32_and_others_do_not() -> None:
    def block(x: Tensor) -> Tensor:
        with in_float32(x):
            y = layers.MatMul(transpose_b=True, name="inside")([x, x])
        return layers.ReLU(name="after")(y)

    graph = graph_of(block)
    kept = {one.code: one.keeps_float for one in build_program(graph).operations}
    assert kept == {"CONV_2D": False, "BATCH_MATMUL": True, "RELU": False}
    assert canonical_hash(graph) == canonical_hash(
        graph_of(lambda x: layers.ReLU()(layers.MatMul(transpose_b=True)([x, x])))
    )
