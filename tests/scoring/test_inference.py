"""An image and a network of another size: whole, resized, padded, in windows; scales, mirrored; all by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.errors import Problem
from archspec.graph.padding import padded
from archspec.scoring.inference import Viewing, label_map, nearest, probability_map, resized_scores, softmax, starts
from tests.scoring.segmenters import Array, Made, brightness

HALVES = np.zeros((6, 8, 3), np.uint8)
HALVES[:, 4:] = 255
RIGHT_IS_BRIGHT = (np.arange(8) >= 4).astype(np.uint8)[None].repeat(6, 0)


def constant(classes: int, winner: int) -> Made:
    return Made(lambda image: np.eye(classes, dtype=np.float32)[np.full(image.shape[:2], winner)], classes)


def test_a_network_of_any_size_sees_the_image_as_it_is() -> None:
    network = Made(brightness, 2)
    assert np.array_equal(label_map(network, HALVES, Viewing()), RIGHT_IS_BRIGHT)
    assert network.shown == [(6, 8)]


@pytest.mark.parametrize("fit", [None, "resize", "window", "pad"])
def test_a_network_of_another_size(fit: str | None) -> None:
    size = (12, 16) if fit == "pad" else (4, 4) if fit == "window" else (12, 4)
    network = Made(brightness, 2, size=size)
    assert np.array_equal(label_map(network, HALVES, Viewing(fit)), RIGHT_IS_BRIGHT)
    assert set(network.shown) == {size}


def test_whole_refuses_another_size() -> None:
    with pytest.raises(Problem, match="the image has 6 x 8 pixels, the network takes 4 x 4"):
        label_map(Made(brightness, 2, size=(4, 4)), HALVES, Viewing("whole"))


def test_padding_needs_room() -> None:
    with pytest.raises(Problem, match="6 x 8 does not fit into a network of 6 x 7"):
        label_map(Made(brightness, 2, size=(6, 7)), HALVES, Viewing("pad"))


def test_padding_is_grey_at_the_end() -> None:
    found = padded(HALVES, (7, 10))
    assert np.array_equal(found[:6, :8], HALVES)
    assert set(np.unique(found[6:])) == set(np.unique(found[:, 8:])) == {128}


@given(st.integers(1, 300), st.integers(1, 100), st.floats(0, 0.9))
def test_windows_cover_all_and_overlap_enough(length: int, window: int, overlap: float) -> None:
    found = list(starts(max(length, window), window, overlap))
    assert (found[0], found[-1]) == (0, max(length, window) - window)
    steps = np.diff(found)
    assert (steps > 0).all()
    assert (steps <= max(1, int(window * (1 - overlap)))).all()
    if len(found) > 1:  # and there are as few as can be
        assert (len(found) - 2) * max(1, int(window * (1 - overlap))) < found[-1]


def test_where_windows_overlap_their_probabilities_are_averaged() -> None:
    """Two windows of 4 over 6 columns: the first says class 0 with 0.9, the second class 1 with 0.7."""
    answers = iter([[0.9, 0.1], [0.3, 0.7]])

    def each(image: Array) -> Array:
        return np.broadcast_to(np.array(next(answers), np.float32), (*image.shape[:2], 2))

    network = Made(each, 2, size=(4, 4), gives="probabilities")
    found = probability_map(network, np.zeros((4, 6, 3), np.uint8), Viewing("window", overlap=0.5))
    assert np.allclose(found[0, :, 0], [0.9, 0.9, 0.6, 0.6, 0.3, 0.3])


def test_an_image_smaller_than_the_window_is_padded() -> None:
    network = Made(brightness, 2, size=(10, 10))
    assert np.array_equal(label_map(network, HALVES, Viewing("window")), RIGHT_IS_BRIGHT)
    assert network.shown == [(10, 10)]


def test_mirrored_is_mirrored_back() -> None:
    """A network that says class 1 in the left column only: with its mirror image, half on either side."""
    network = Made(lambda image: np.eye(2)[(np.arange(image.shape[1]) == 0).astype(int)][None].repeat(2, 0), 2,
                   gives="probabilities")  # fmt: skip
    found = probability_map(network, np.zeros((2, 5, 3), np.uint8), Viewing(flip=True))
    assert np.allclose(found[0, :, 1], [0.5, 0, 0, 0, 0.5])
    assert len(network.shown) == 2


def test_scales_are_sizes_of_the_image_and_probabilities_are_averaged() -> None:
    """At half the size it says (0.8, 0.2), at its own (0.4, 0.6): together (0.6, 0.4)."""

    def by_size(image: Array) -> Array:
        answer = [0.8, 0.2] if image.shape[0] == 3 else [0.4, 0.6]
        return np.broadcast_to(np.log(np.array(answer, np.float32)), (*image.shape[:2], 2))

    network = Made(by_size, 2)
    found = probability_map(network, HALVES, Viewing(scales=(0.5, 1.0)))
    assert network.shown == [(3, 4), (6, 8)]
    assert np.allclose(found, [0.6, 0.4], atol=1e-6)
    assert label_map(network, HALVES, Viewing(scales=(0.5, 1.0))).max() == 0
    assert label_map(network, HALVES, Viewing()).min() == 1


def test_scales_with_a_network_of_one_size_need_windows() -> None:
    with pytest.raises(Problem, match="cannot be shown an image at several scales"):
        label_map(Made(brightness, 2, size=(4, 4)), HALVES, Viewing(scales=(1.0, 2.0)))
    windows = label_map(Made(brightness, 2, size=(4, 4)), HALVES, Viewing("window", scales=(1.0, 2.0)))
    assert np.array_equal(windows, RIGHT_IS_BRIGHT)


def test_a_coarse_output_is_brought_to_the_size_of_the_image() -> None:
    network = Made(lambda image: brightness(image)[::2, ::2], 2)
    assert np.array_equal(label_map(network, HALVES, Viewing()), RIGHT_IS_BRIGHT)


def test_labels_cannot_be_averaged_but_resized() -> None:
    network = Made(lambda image: (image[..., 0] > 127).astype(np.int64), None, gives="labels", size=(12, 16))
    for fit in (None, "resize", "pad"):
        assert np.array_equal(label_map(network, HALVES, Viewing(fit)), RIGHT_IS_BRIGHT)
    for viewing in (Viewing(flip=True), Viewing(scales=(0.5,)), Viewing("window")):
        with pytest.raises(Problem, match="labels cannot be averaged"):
            label_map(network, HALVES, viewing)
    with pytest.raises(Problem, match="the network takes 12 x 16"):
        label_map(network, HALVES, Viewing("whole"))


def test_logits_are_resized_not_probabilities() -> None:
    """Between a pixel that is class 0 by a little and one that is class 1 by a lot, the border lies near the first."""
    logits = np.array([[[0.0, -1.0], [0.0, 4.1]]], np.float32)
    image = np.zeros((1, 11, 3), np.uint8)  # corners aligned: logits of class 1 less class 0 are -1, -0.49, 0.02, …
    network = Made(lambda seen: logits, 2)
    assert label_map(network, image, Viewing()).tolist() == [[0, 0, *[1] * 9]]
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wanted = (shares[0, 0] + (shares[0, 1] - shares[0, 0]) * np.linspace(0, 1, 11)[:, None]).argmax(-1)
    assert wanted.tolist() == [*[0] * 4, *[1] * 7]
    found = label_map(network, image, Viewing(resized="probabilities", align_corners=True))
    assert found[0].tolist() == wanted.tolist()
    centres = label_map(network, image, Viewing(align_corners=False))
    assert centres[0].tolist() == [*[0] * 4, *[1] * 7]  # pixel 3 lies at 0.14 of the way, pixel 4 at 0.32


def test_a_network_that_gives_probabilities_has_the_labels_of_its_logits() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (5, 7, 4)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    image = np.zeros((17, 40, 3), np.uint8)
    found = label_map(Made(lambda seen: shares, 4, gives="probabilities"), image, Viewing())
    assert np.array_equal(found, label_map(Made(lambda seen: logits, 4), image, Viewing()))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.integers(1, 20))
def test_scores_are_resized_as_tensorflow_does(height: int, width: int, new_height: int, new_width: int) -> None:
    tf = pytest.importorskip("tensorflow")
    scores = np.random.default_rng(height * 97 + width).normal(size=(height, width, 3)).astype(np.float32)
    size = (new_height, new_width)
    wanted = tf.image.resize(scores, size, method="bilinear").numpy()
    assert np.allclose(resized_scores(scores, size, align_corners=False), wanted, atol=1e-5)
    wanted = tf.compat.v1.image.resize(scores[None], size, align_corners=True).numpy()[0]
    assert np.allclose(resized_scores(scores, size, align_corners=True), wanted, atol=1e-5)
    labels = scores.argmax(-1).astype(np.int32)
    wanted_labels = tf.image.resize(labels[..., None], (new_height, new_width), method="nearest").numpy()[..., 0]
    found = nearest(labels, (new_height, new_width))
    assert found.shape == wanted_labels.shape
    if (new_height % height, new_width % width) == (0, 0):  # else TensorFlow takes another corner
        assert np.array_equal(found, wanted_labels)


def test_softmax() -> None:
    found = softmax(np.array([[1000.0, 1000.0], [0.0, np.log(3.0)]], np.float32))
    assert np.allclose(found, [[0.5, 0.5], [0.25, 0.75]])


def test_viewings_in_words() -> None:
    said = "window, overlap 0.5, scales 0.75, 1, mirrored too; logits resized"
    assert Viewing("window", 0.5, (0.75, 1.0), True).describe() == said
