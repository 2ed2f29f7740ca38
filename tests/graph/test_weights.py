"""Weights without TensorFlow: names, shapes, the distributions that the initialisers promise, repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.errors import Problem
from archspec.graph import layers
from archspec.graph.weights import check_weights, initialise, weight_specs
from tests.graph import nets


def test_keys_are_node_and_array() -> None:
    x = layers.Conv2D(4, 3, use_bias=True, name="a/conv")(nets.image())
    graph = nets.finish(
        layers.BatchNormalization(name="a/bn")(layers.DepthwiseConv2D(3, use_bias=False, name="a/dw")(x))
    )
    weights = initialise(graph)
    assert {key: array.shape for key, array in weights.items()} == {
        "a.conv/kernel": (3, 3, 3, 4),
        "a.conv/bias": (4,),
        "a.dw/kernel": (3, 3, 4, 1),
        "a.bn/gamma": (4,),
        "a.bn/beta": (4,),
        "a.bn/moving_mean": (4,),
        "a.bn/moving_variance": (4,),
    }
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    assert [key for key, _, spec in weight_specs(graph) if not spec.trainable] == [
        "a.bn/moving_mean",
        "a.bn/moving_variance",
    ]


def test_fresh_batch_norm_changes_nothing() -> None:
    graph = nets.finish(layers.BatchNormalization(name="bn")(nets.image()))
    weights = initialise(graph)
    assert {key: set(array.tolist()) for key, array in weights.items()} == {
        "bn/gamma": {1.0}, "bn/beta": {0.0}, "bn/moving_mean": {0.0}, "bn/moving_variance": {1.0},
    }  # fmt: skip


def test_random_statistics_leave_no_channel_alone() -> None:
    graph = nets.finish(layers.BatchNormalization(name="bn")(nets.image(4, 4, 64)))
    for key, array in initialise(graph, statistics="random").items():
        neutral = 1.0 if key.endswith(("gamma", "variance")) else 0.0
        assert (array != neutral).all()
        assert len(np.unique(array)) == 64
    assert initialise(graph, statistics="random")["bn/moving_variance"].min() > 0.1


@pytest.mark.parametrize(
    ("initializer", "deviation", "largest"),
    [
        # a kernel (3, 3, 64, 128): fans of 576 and 1152
        ("glorot_uniform", (6 / 1728) ** 0.5 / 3**0.5, (6 / 1728) ** 0.5),
        ("he_normal", (2 / 576) ** 0.5, 2 * (2 / 576) ** 0.5 / 0.87962566),
        ("truncated_normal(0.09)", 0.09 * 0.87962566, 0.18),
    ],
)
def test_initialisers(initializer: str, deviation: float, largest: float) -> None:
    x = nets.image(4, 4, 64)
    kernel = initialise(nets.finish(layers.Conv2D(128, 3, kernel_initializer=initializer, name="c")(x)))["c/kernel"]
    assert abs(kernel.mean()) < 0.02 * deviation
    assert kernel.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(kernel).max() <= largest * 1.0001
    assert np.abs(kernel).max() > 0.95 * largest


def test_an_unknown_initialiser_is_refused() -> None:
    with pytest.raises(Problem, match="unknown initializer 'magic'"):
        initialise(nets.finish(layers.Conv2D(1, 1, kernel_initializer="magic")(nets.image())))


def test_the_same_seed_and_name_give_the_same_numbers() -> None:
    def kernels(*names: str, seed: int = 0) -> dict[str, list[float]]:
        x = nets.image()
        for name in names:
            x = layers.Conv2D(3, 1, name=name)(x)
        return {
            key: array.ravel().tolist() for key, array in initialise(nets.finish(x), seed).items() if "kernel" in key
        }

    two, three = kernels("a", "b"), kernels("a", "new", "b")
    assert two == {key: three[key] for key in two}
    assert two["a/kernel"] != two["b/kernel"]
    assert kernels("a", seed=1)["a/kernel"] != two["a/kernel"]


def test_weights_that_do_not_fit_are_refused() -> None:
    graph = nets.finish(layers.Conv2D(4, 1, name="c")(nets.image()))
    good = initialise(graph)
    check_weights(graph, good)
    with pytest.raises(Problem, match=r"1 missing \['c/bias'\], 1 unknown \['d/bias'\]"):
        check_weights(graph, {"c/kernel": good["c/kernel"], "d/bias": good["c/bias"]})
    with pytest.raises(Problem, match=r"'c/bias' has shape \[5\], the graph needs \[4\]"):
        check_weights(graph, {**good, "c/bias": np.zeros(5)})
