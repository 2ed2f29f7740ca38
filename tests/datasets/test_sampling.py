"""One training sample: the geometry of TensorFlow's own resizing, image and label aligned, draws without a state."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from archspec.datasets import Augmentation
from archspec.datasets._augmentation import (
    DRAWS,
    Axis,
    colours,
    draw,
    interpolate,
    permutation,
    sample,
    uniform,
    window,
)
from archspec.errors import Problem
from tests.datasets.pictures import Array, photo

STILL = dict.fromkeys(DRAWS, 0.999)  # no flip, the largest scale, the last place


def drawn(**changed: float) -> dict[str, float]:
    return STILL | changed


# --- geometry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(37, 53), (24, 24), (100, 31)])
@pytest.mark.parametrize("scale", [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0])
def test_a_crop_is_cut_out_of_tensorflows_resized_image(scale: float, size: tuple[int, int]) -> None:
    """Resize the whole image, then cut, with tf.image: what the textbook does, and twice the work."""
    image = photo(3, size)
    label = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    wanted = Augmentation(crop=(20, 22), scale_from=scale, scale_to=scale)
    draws = drawn(row=0.4, column=0.7)
    pixels, classes = sample(image, label, wanted, draws)

    scaled = (int(size[0] * scale), int(size[1] * scale))
    resized = tf.image.resize(image, scaled, "bilinear", antialias=False).numpy()
    nearest = tf.image.resize(label[:, :, None], scaled, "nearest").numpy()[:, :, 0]
    top, left = int(0.4 * (max(0, scaled[0] - 20) + 1)), int(0.7 * (max(0, scaled[1] - 22) + 1))
    part = (slice(top, top + 20), slice(left, left + 22))
    height, width = resized[part].shape[:2]
    np.testing.assert_allclose(pixels[:height, :width], resized[part], atol=2e-3)
    assert np.array_equal(classes[:height, :width], nearest[part])
    assert np.all(pixels[height:] == 127.5) and np.all(pixels[:, width:] == 127.5)
    assert np.all(classes[height:] == 255) and np.all(classes[:, width:] == 255)


@pytest.mark.parametrize("wanted", [(16, 16), (50, 70), (37, 53), (11, 90)])
def test_a_fixed_size_is_tensorflows_resized_image(wanted: tuple[int, int]) -> None:
    image, label = photo(4, (37, 53)), photo(5, (37, 53))[:, :, 0]
    pixels, classes = sample(image, label, Augmentation(fixed_size=wanted), STILL)
    expected = tf.image.resize(image, wanted, "bilinear", antialias=False).numpy()
    np.testing.assert_allclose(pixels, expected, atol=2e-3)
    assert np.array_equal(classes, tf.image.resize(label[:, :, None], wanted, "nearest").numpy()[:, :, 0])


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("flip", [0.0, 0.9])
def test_image_and_label_stay_aligned(scale: float, flip: float) -> None:
    """An image that shows its own label: after any window and flip they say the same, up to half a pixel's slope."""
    rows, columns = np.mgrid[0:48, 0:64]
    label = (rows + columns).astype(np.uint8)
    image = np.repeat(label[:, :, None], 3, 2)
    wanted = Augmentation(crop=(30, 30), scale_from=scale, scale_to=scale)
    for place in np.linspace(0, 0.99, 7):
        pixels, classes = sample(image, label, wanted, drawn(row=place, column=1 - place - 0.005, flip=flip))
        inside = classes != 255
        difference = np.abs(pixels[..., 0] - classes)[inside]
        assert difference.max() <= 1.0  # half a pixel across and half a pixel down
        # halved, every centre lies between two pixels, and TensorFlow's nearest is always the second
        assert difference.mean() <= (1.0 if scale == 0.5 else 0.5)
        assert np.all(pixels[~inside] == 127.5)


def test_a_label_is_never_mixed() -> None:
    label = np.where(np.random.default_rng(0).random((40, 40)) < 0.5, 3, 200).astype(np.uint8)
    for number, draws in enumerate(draw(0, np.arange(60))):
        _, classes = sample(photo(number, (40, 40)), label, Augmentation(crop=(24, 31)), draws)
        assert set(np.unique(classes)) <= {3, 200, 255}


def test_the_flip() -> None:
    image, label = photo(1, (20, 20)), photo(2, (20, 20))[:, :, 0]
    one = Augmentation(crop=(20, 20), scale_from=1, scale_to=1)
    pixels, classes = sample(image, label, one, drawn(flip=0.49))
    assert np.array_equal(pixels, image[:, ::-1]) and np.array_equal(classes, label[:, ::-1])
    pixels, classes = sample(image, label, one, drawn(flip=0.5))
    assert np.array_equal(pixels, image) and np.array_equal(classes, label)


def test_padding_of_ones_own() -> None:
    wanted = Augmentation(crop=(10, 10), scale_from=1, scale_to=1, image_pad=3.0, label_pad=9, flip_probability=0)
    pixels, classes = sample(photo(0, (6, 10)), np.zeros((6, 10), np.uint8), wanted, STILL)
    assert np.all(pixels[6:] == 3.0) and np.all(classes[6:] == 9) and np.all(classes[:6] == 0)


def test_only_the_window_is_touched() -> None:
    """A window in a corner of an image whose other pixels cannot be read."""

    class Corner(np.ndarray):  # type: ignore[type-arg]
        def take(self, indices: Array, axis: int) -> Array:  # type: ignore[override]
            assert indices.max() < 13
            return np.asarray(self).take(indices, axis)

    image = photo(0, (100, 120)).view(Corner)
    found = interpolate(image[:, :13], Axis(100, 200, 0, 20), Axis(13, 26, 0, 20))
    assert found.shape == (20, 20, 3)


# --- draws ------------------------------------------------------------------------------------------------------------


def test_the_papers_scales_are_equally_likely() -> None:
    paper = Augmentation(crop=(8, 8))
    draws = draw(7, np.arange(21_000))
    scaled = [window((100, 100), paper, one)[0].scaled for one in draws]
    values, counts = np.unique(scaled, return_counts=True)
    assert values.tolist() == [50, 75, 100, 125, 150, 175, 200]
    # 3000 each; the standard deviation of a count is 51
    assert np.abs(counts - 3000).max() < 4 * 51


def test_a_step_of_zero_draws_any_scale() -> None:
    free = Augmentation(crop=(8, 8), scale_from=0.5, scale_to=1.5, scale_step=0)
    scaled = np.array([window((1000, 1000), free, one)[0].scaled for one in draw(7, np.arange(4000))])
    assert 500 <= scaled.min() < 505 and 1495 < scaled.max() <= 1500
    assert len(set(scaled.tolist())) > 900


def test_every_place_of_a_crop_is_reached_equally() -> None:
    one = Augmentation(crop=(8, 8), scale_from=1, scale_to=1)
    offsets = [tuple(axis.offset for axis in window((10, 9), one, draws)) for draws in draw(3, np.arange(12_000))]
    values, counts = np.unique(offsets, axis=0, return_counts=True)
    assert values.tolist() == [[row, column] for row in range(3) for column in range(2)]
    assert np.abs(counts - 2000).max() < 4 * 41


def test_draws_are_even_and_independent() -> None:
    """Of each other, of the next sample's and of another seed's: correlations of 20,000 are within 4 / sqrt(20000)."""
    numbers = np.arange(20_000)
    first = np.array([list(one.values()) for one in draw(1, numbers)])
    other = np.array([list(one.values()) for one in draw(2, numbers)])
    assert np.abs(first.mean(0) - 0.5).max() < 4 * 0.2887 / 141
    assert np.abs(first.std(0) - 0.2887).max() < 0.006
    together = np.concatenate([first[:-1], first[1:], other[:-1]], 1)
    correlations = np.corrcoef(together, rowvar=False) - np.eye(together.shape[1])
    assert np.abs(correlations).max() < 4 / 141


def test_draws_are_a_function_of_the_number_alone() -> None:
    together = draw(5, np.arange(100))
    assert together[77] == draw(5, np.array([77]))[0]
    assert together[77] != draw(6, np.array([77]))[0]


def test_draws_are_splitmix64() -> None:
    """Worked out again in whole numbers of Python: another result would change every run that is resumed."""

    def mix(value: int) -> int:
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
        return value ^ value >> 31

    for seed, number, purpose in ((5, 77, 16), (2**63 + 11, 10**9, 22), (0, 0, 0)):
        start = mix((mix(seed) + purpose * 0x9E3779B97F4A7C15) % 2**64)
        hashed = mix(mix((start + number * 0x9E3779B97F4A7C15) % 2**64))
        assert uniform(seed, np.array([number]), purpose)[0] == (hashed >> 11) / 2**53
    # the first output of the published generator (seed 0), which is its finaliser of the golden ratio
    assert mix(0) == 0xE220A8397B1DCDAF


def test_permutations() -> None:
    orders = [permutation(1, epoch, 50) for epoch in range(40)]
    assert all(sorted(order.tolist()) == list(range(50)) for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 40
    assert not np.array_equal(permutation(2, 0, 50), orders[0])
    # each example comes first about equally often over 2000 epochs of 10
    first = np.bincount([permutation(1, epoch, 10)[0] for epoch in range(2000)], minlength=10)
    assert np.abs(first - 200).max() < 4 * 13.4


def test_negative_and_huge_seeds() -> None:
    assert draw(-1, np.arange(3)) != draw(2**70, np.arange(3))


# --- colours ----------------------------------------------------------------------------------------------------------


def test_colours_are_left_alone_unless_asked_for() -> None:
    image = photo(0, (5, 5)).astype(np.float32)
    assert colours(image, Augmentation(crop=(5, 5)), STILL) is image


def test_brightness_contrast_and_saturation() -> None:
    image = np.array([[[100, 100, 100], [140, 120, 60]]], np.float32)
    top = np.nextafter(1, 0)
    brighter = colours(image, Augmentation(crop=(1, 2), brightness=0.2), drawn(brightness=top))
    np.testing.assert_allclose(brighter, image + 51, atol=1e-3)
    mean = image.mean()
    flatter = colours(image, Augmentation(crop=(1, 2), contrast=0.5), drawn(contrast=0.0))
    np.testing.assert_allclose(flatter, mean + (image - mean) / 2, atol=1e-3)
    grey = colours(image, Augmentation(crop=(1, 2), saturation=1.0), drawn(saturation=0.0))
    expected = 0.299 * 140 + 0.587 * 120 + 0.114 * 60
    np.testing.assert_allclose(grey[0, 1], [expected] * 3, atol=1e-3)
    np.testing.assert_allclose(grey[0, 0], [100] * 3, atol=1e-3)
    bright = colours(image + 100, Augmentation(crop=(1, 2), brightness=1.0), drawn(brightness=top))
    assert bright.max() == 255


def test_padding_keeps_its_value_under_other_colours() -> None:
    wanted = Augmentation(crop=(10, 10), scale_from=1, scale_to=1, brightness=0.5, contrast=0.5, saturation=0.5)
    for draws in draw(0, np.arange(20)):
        pixels, classes = sample(photo(0, (6, 7)), np.zeros((6, 7), np.uint8), wanted, draws)
        assert np.all(pixels[classes == 255] == 127.5)


# --- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"crop": (5, 5), "fixed_size": (5, 5)},
        {"crop": (0, 5)},
        {"crop": (5, 5), "scale_from": 0},
        {"crop": (5, 5), "scale_from": 2, "scale_to": 1},
        {"crop": (5, 5), "scale_step": -1},
        {"crop": (5, 5), "flip_probability": 1.5},
        {"crop": (5, 5), "brightness": -0.1},
        {"crop": (5, 5), "contrast": 1.1},
    ],
)
def test_values_that_make_no_sense(changed: dict[str, object]) -> None:
    with pytest.raises(Problem):
        Augmentation(**changed)  # type: ignore[arg-type]
