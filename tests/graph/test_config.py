"""Configs that layers share: checked once, told apart by type, bounded in what they remember."""

from __future__ import annotations

import pickle

import pytest

from archspec.cost.layers import counts_of
from archspec.errors import Problem
from archspec.graph import layers
from archspec.graph.layer import MOST_KNOWN, Config
from tests.graph import nets


def test_layers_of_equal_arguments_share_a_config() -> None:
    one, other = layers.Conv2D(8, 3, name="one"), layers.Conv2D(8, [3, 3], name="other")
    assert one.config is other.config
    assert (one.name, other.name) == ("one", "other")
    assert layers.Conv2D(8, 3, padding="same").config is not one.config


def test_a_shared_config_cannot_be_changed() -> None:
    config = layers.BatchNormalization(momentum=0.9).config
    with pytest.raises(TypeError, match="momentum"):
        config["momentum"] = 0.5
    assert config.changed(momentum=0.5) == {**config, "momentum": 0.5}
    assert layers.BatchNormalization(momentum=0.9).config["momentum"] == 0.9
    assert pickle.loads(pickle.dumps(config)) == config


def test_what_equals_is_not_always_the_same() -> None:
    """1 == True == 1.0 in Python; not in a spec."""
    assert layers.Conv2D(1, 1, use_bias=True).config["filters"] is not layers.Conv2D(True, 1).config["filters"]
    assert type(layers.DepthwiseConv2D(3, depth_multiplier=1).config["depth_multiplier"]) is int


def test_a_refused_config_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(Problem, match="at once"):
            layers.Conv2D(8, 3, strides=2, dilation_rate=2)
        with pytest.raises(Problem, match="unknown initializer"):
            layers.DepthwiseConv2D(3, depthwise_initializer="nonsense")
        with pytest.raises(Problem, match="null or 6"):
            layers.ReLU(max_value=5.0)


def test_a_config_forgets_before_it_grows() -> None:
    config = Config({"filters": 8})
    for key in range(3 * MOST_KNOWN):
        config.remember(key, key)
    assert 0 < len(config.known) <= MOST_KNOWN
    assert config.known[3 * MOST_KNOWN - 1] == 3 * MOST_KNOWN - 1


def test_counts_follow_the_shape_that_is_read() -> None:
    """One config on maps of different size and channels: nothing known of one is told of the other."""
    for height, width, channels in ((8, 9, 4), (8, 9, 6), (5, 9, 4), (8, 9, 4)):
        x = layers.Conv2D(7, 3, padding="same", name="conv")(nets.image(height, width, channels))
        assert counts_of(x.node)[:3] == (9 * channels * 7 + 7, 9 * channels * 7 + 7, height * width * 7 * 9 * channels)
