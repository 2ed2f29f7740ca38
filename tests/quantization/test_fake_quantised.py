"""Fake quantisation against the runtime: the same steps as the int8 file's, and gradients as the formula says."""

import numpy as np
import pytest

from archspec.export import default_images, export, run
from archspec.graph import without_labelling
from archspec.graph.weights import initialise
from tests.graph import nets

SIZE = (64, 96)
HELD = ("camvid_mobilenetv2", "mobilenetv2_basic", "shufflenetv2_dpc", "shuffleseg_skipnet")
MOST_STEPS, LEAST_AGREEMENT = 2, 0.995


@pytest.mark.slow
@pytest.mark.parametrize("name", HELD)
def test_logits_are_those_of_the_file(name):
    """Ties count as they fall: the label is the first of the largest logits, of both."""
    from archspec.lower import tf
    from archspec.quantization import FakeQuantised

    graph = without_labelling(nets.of_bundled(name, f"input.size={list(SIZE)}"))
    weights = initialise(graph, 3, "random")
    network = FakeQuantised(graph)
    images = default_images((1, *SIZE, 3))
    ranges = network.observed([tf.constant(image) for image in images], weights)
    found = np.stack(run(export(graph, {**weights, **ranges}, precision="int8").data, images))
    traced = tf.function(lambda image, held, wide: network(image, held, wide)[0], autograph=False)
    held, wide = ({key: tf.constant(one) for key, one in arrays.items()} for arrays in (weights, ranges))
    mine = np.stack([traced(tf.constant(image), held, wide).numpy() for image in images])
    step = np.diff(np.unique(found)).min()
    assert len(np.unique(found)) > 20
    assert np.abs(found - mine).max() <= (MOST_STEPS + 0.1) * step
    assert np.mean(found.argmax(-1) == mine.argmax(-1)) >= LEAST_AGREEMENT


def test_gradient_passes_inside_and_is_the_bounds_outside():
    """d/dx is 1 inside and 0 outside; d/dhigh is 1 above, d/dlow 1 below; inside (rounded - exact) / 255."""
    from archspec.lower import tf
    from archspec.quantization._fake_quantisation import quantised, range_scale

    low, high = -1.0, 1.55  # a step of 0.01, zero on it
    numbers = np.array([-3.0, -0.5031, 0.0042, 1.2577, 7.0], np.float32)
    for index, number in enumerate(numbers):
        x, ends = tf.Variable([number]), tf.Variable([low, high])
        with tf.GradientTape() as tape:
            scale = range_scale(ends[0], ends[1])
            real = tf.reduce_sum(quantised(x / scale.step, scale) * scale.step)
        of_x, of_ends = tape.gradient(real, [x, ends])
        of_ends = tf.convert_to_tensor(of_ends).numpy()
        inside = 0 < index < 4
        assert of_x.numpy()[0] == pytest.approx(1.0 if inside else 0.0, abs=1e-6)
        if inside:
            rest = (round(number / 0.01) - number / 0.01) / 255
            assert of_ends == pytest.approx([-rest, rest], abs=2e-5)
        else:
            assert of_ends == pytest.approx([1.0, 0.0] if index == 0 else [0.0, 1.0], abs=1e-4)


def test_several_images_are_each_by_itself():
    from archspec.lower import tf
    from archspec.quantization import FakeQuantised

    graph = without_labelling(nets.of_bundled("shufflenetv2_basic", "input.size=[32,48]"))
    weights = initialise(graph, 1, "random")
    network = FakeQuantised(graph)
    images = [tf.constant(image) for image in default_images((1, 32, 48, 3))]
    ranges = network.observed(images, weights)
    together = network(tf.concat(images, 0), weights, ranges)[0].numpy()
    assert np.array_equal(together[1:2], network(images[1], weights, ranges)[0].numpy())
