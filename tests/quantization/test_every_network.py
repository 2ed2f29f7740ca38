"""The bar of training through int8: what is trained is what the file computes, for every bundled network."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.arrays import Array
from archspec.catalog import Catalog
from archspec.export import export, run
from archspec.export.calibration import synthetic_images
from archspec.graph import without_labelling
from archspec.lower import tf
from archspec.network import Network
from archspec.quantization import FakeQuantised

SIZE, IMAGES, CLASSES = (64, 64), 2, 5
MOST_STEPS, LEAST_LABELS = 2, 0.995


def weights_of(network: Network) -> dict[str, Array]:
    """Fresh kernels, and batch norms that do something."""
    draw = np.random.default_rng(1)
    spread = {
        "moving_mean": lambda shape: draw.normal(0, 0.1, shape),
        "moving_variance": lambda shape: draw.uniform(0.5, 2, shape),
        "gamma": lambda shape: draw.uniform(0.7, 1.4, shape),
        "beta": lambda shape: draw.normal(0, 0.2, shape),
    }
    found = {}
    for key, array in network.fresh_weights(3).items():
        made = spread.get(key.rpartition("/")[2])
        found[key] = array if made is None else made(array.shape).astype(np.float32)
    return found


@pytest.mark.parametrize("name", sorted(Catalog().specs()))
def test_scores_are_those_of_the_int8_file(name: str) -> None:
    """At most two quantisation steps apart; labels are counted where the file's best two scores differ by more than
    the steps allowed, since a tie says nothing."""
    network = Network.load(name, {"input.size": list(SIZE), "classes": CLASSES})
    graph, weights = without_labelling(network.graph), weights_of(network)
    program, images = FakeQuantised(graph), list(synthetic_images(SIZE, 3, IMAGES))
    ranges = program.observed([tf.constant(image) for image in images], weights)
    data = export(graph, {**weights, **ranges}, precision="int8").data
    file = np.concatenate([np.asarray(scores) for scores in run(data, images)])
    trained = np.concatenate([program(tf.constant(image), weights, ranges)[0].numpy() for image in images])
    file = file.reshape(trained.shape)
    values = np.unique(file)
    step = np.diff(values).min() if len(values) > 1 else 1.0
    assert np.abs(file - trained).max() <= (MOST_STEPS + 0.01) * step
    best = np.sort(file, -1)
    clear = best[..., -1] - best[..., -2] > MOST_STEPS * step
    if clear.any():
        assert (file.argmax(-1) == trained.argmax(-1))[clear].mean() >= LEAST_LABELS
