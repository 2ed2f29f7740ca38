"""Our networks in Keras give what the published graphs give, with the same weights, at odd sizes too."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.graph.weights import initialise
from archspec.lower import to_keras
from archspec.lower.framework import keras
from tests.graph import nets
from tests.networks.rtseg_original import logits

# Sizes that the published code takes: it needs ⌈side / 8⌉ positions at stride 8.
CASES = [
    *[(name, (64, 96)) for name in ("shuffleseg_unet", "shuffleseg_dilation_8s", "dilation_8s_mobilenet")],
    *[(name, (63, 95)) for name in ("shuffleseg_skipnet", "shuffleseg_unet", "shuffleseg_dilation_4s")],
    ("skipnet_mobilenet", (61, 99)),
    ("unet_mobilenet", (65, 97)),
    ("dilation_4s_mobilenet", (60, 92)),
]


@pytest.fixture(autouse=True)
def _forget_models() -> None:
    keras.backend.clear_session()


@pytest.mark.parametrize(("name", "size"), CASES)
def test_logits_are_the_originals(name: str, size: tuple[int, int]) -> None:
    graph = nets.of_bundled(name, f"input.size=[{size[0]},{size[1]}]", "output=logits")
    weights = initialise(graph, statistics="random")
    pixels = np.random.default_rng(0).integers(0, 256, (2, *size, 3)).astype(np.float32)
    expected = logits(name, weights, pixels)
    found = to_keras(graph, weights)(pixels).numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert expected.std(axis=(1, 2)).min() > 1e-3 * np.abs(expected).max()  # the image comes through
