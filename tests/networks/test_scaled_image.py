"""`input.scale`: the network sees a smaller image, resized inside the graph; scores keep the image's size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.export.interpreter import run
from archspec.graph.weights import initialise
from archspec.network import Network, import_weights
from archspec.spec import dump, dump_expanded, parse
from archspec.weights import save_weights

Array = np.ndarray[Any, Any]
TINY = """
input: {size: [%d, %d], scale: %s}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 8, kernel: 3, stride: 8}
output: logits
"""


def tiny(height: int, width: int, scale: str = "1", *changes: str) -> Network:
    return Network(parse(TINY % (height, width, scale), overrides=changes))


def resized(image: Array, height: int, width: int) -> Array:
    """Bilinear, pixels' centres kept: output pixel i looks at (i + 0.5) · from / to - 0.5, clipped."""
    for axis, size in ((0, height), (1, width)):
        length = image.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        high, share = np.minimum(low + 1, length - 1), at - low
        shape = [-1 if one == axis else 1 for one in range(3)]
        share = share.reshape(shape)
        image = np.take(image, low, axis) * (1 - share) + np.take(image, high, axis) * share
    return image


@pytest.mark.parametrize(("size", "scale", "seen"), [((32, 48), "0.5", (16, 24)), ((33, 47), "0.6667", (22, 31))])
def test_it_is_the_small_network_on_a_resized_image(size: tuple[int, int], scale: str, seen: tuple[int, int]) -> None:
    """The whole image through the scaled network equals NumPy's resized image through the small one, in TFLite."""
    whole, small = tiny(*size, scale), tiny(*seen)
    weights = initialise(small.graph, 1, "random")
    image = np.random.default_rng(0).uniform(0, 255, (*size, 3))
    scores = run(whole.to_tflite(weights=weights).data, [image[None].astype(np.float32)])[0]
    expected = run(small.to_tflite(weights=weights).data, [resized(image, *seen)[None].astype(np.float32)])[0]
    assert scores.shape == expected.shape
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


def test_scores_have_the_size_of_the_image_and_crops_the_same_scale() -> None:
    network = Network.load("camvid_shufflenetv2_05", {"input.scale": 0.6667})
    assert network.graph.outputs[0].shape == (360, 480)
    assert network.graph.taps["preprocess"].size == (240, 320)
    crop = network.changed({"input.size": [216, 288]})
    assert crop.graph.taps["preprocess"].size == (144, 192)
    assert crop.graph.outputs[0].shape == (216, 288)


def test_its_cost_is_that_of_the_small_network() -> None:
    """Multiply-adds as of an image of that size; the classifier works on its maps too."""
    scaled, small = (Network.load("shufflenetv2_basic", one) for one in ({"input.scale": 0.5}, {"input.size": 112}))
    assert scaled.cost.macs == small.cost.macs
    assert scaled.cost.params == small.cost.params


def test_it_is_written_and_read_again() -> None:
    network = tiny(32, 48, "0.5")
    assert parse(dump(network.spec)) == network.spec
    assert Network(parse(dump_expanded(network.expanded))).hash == network.hash
    assert tiny(32, 48).spec == tiny(32, 48, "1.0").spec
    assert "scale" not in tiny(32, 48).spec.values["input"]


@pytest.mark.parametrize(
    ("size", "scale", "said"),
    [
        ((8, 8), "0.5", "an image of 8 × 8 at scale 0.5 is smaller than the output_stride 8"),
        ((32, 32), "0", "input.scale: "),
        ((32, 32), "1.5", "input.scale: "),
        ((32, 32), "half", "input.scale: must be a number ('half')"),
    ],
)
def test_scales_that_cannot_be(size: tuple[int, int], scale: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        _ = tiny(*size, scale).expanded
    assert said in str(error.value)


def test_weights_fit_at_any_scale(tmp_path: Path) -> None:
    """What is done to the image before the first convolution is still known: scale and order of its channels."""
    trained = tiny(32, 48, "1", "input.preprocess=unit")
    weights = initialise(trained.graph, 2, "random")
    save_weights(tmp_path / "w.npz", weights, trained.graph)
    same = import_weights(tmp_path / "w.npz", "archspec_npz", tiny(32, 48, "0.5", "input.preprocess=unit").graph)
    assert all((same.arrays[key] == weights[key]).all() for key in weights)
    with pytest.raises(UserError, match=r"input.preprocess is not what the weights were trained with"):
        import_weights(tmp_path / "w.npz", "archspec_npz", tiny(32, 48, "0.5").graph)
