"""Boundaries against their definition: a mask's pixels that are near a pixel outside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.scoring.metrics import per_class, score
from archspec.scoring.metrics._boundary import boundary_width, near_edge
from tests.scoring.maps import IGNORED, Array, counts, pairs, patches, same


def eroded(mask: Array, times: int) -> Array:
    """What is left of a mask when every pixel with a neighbour (of eight) outside it is taken away, `times` times."""
    for _ in range(times):
        framed = np.pad(mask, 1)
        rows, columns = mask.shape
        shifts = [framed[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
        mask = np.logical_and.reduce(shifts)
    return mask


@settings(max_examples=40)
@given(pairs(), st.integers(1, 9))
def test_near_edge_is_the_mask_without_the_eroded_mask(pair: tuple[Array, Array], width: int) -> None:
    labels = pair[0]
    found = near_edge(labels, width)
    for label in (*range(5),):
        mask = labels == label
        assert np.array_equal(found & mask, mask & ~eroded(mask, width))


@settings(max_examples=40)
@given(pairs())
def test_boundary_iou_is_its_definition(pair: tuple[Array, Array]) -> None:
    truth, predicted = pair
    width = max(1, round(0.02 * np.hypot(*truth.shape)))
    predicted_where_asked = np.where(truth == IGNORED, IGNORED, predicted)
    found = per_class(counts(pair, boundaries=True))["boundary_iou"]
    for label in range(5):
        edges = [mask & ~eroded(mask, width) for mask in (truth == label, predicted_where_asked == label)]
        union = np.count_nonzero(edges[0] | edges[1])
        wanted = np.count_nonzero(edges[0] & edges[1]) / union if union else float("nan")
        assert same(float(found[label]), wanted)


def test_pixels_of_all_images_are_summed_before_they_are_divided() -> None:
    """A perfect image and one that is all wrong: both boundaries of the second are in the union."""
    truth = np.zeros((10, 10), np.uint8)
    found = counts((truth, truth), (truth, truth + 1), boundaries=True)
    assert per_class(found)["boundary_iou"][:2].tolist() == [36 / 72, 0.0]
    assert same(score("boundary_iou", found), 0.25)


def test_inside_of_a_large_mask_does_not_matter() -> None:
    """A hole in the middle changes IoU by its area only, but boundary IoU by its edge."""
    truth = np.zeros((200, 200), np.uint8)
    predicted = truth.copy()
    predicted[90:110, 90:110] = 1
    found = counts((truth, predicted), boundaries=True)
    width = 6  # 0.02 · 282.8 = 5.7
    frame = 200**2 - (200 - 2 * width) ** 2
    around_hole = (20 + 2 * width) ** 2 - 20**2
    assert same(float(per_class(found)["boundary_iou"][0]), frame / (frame + around_hole))
    assert same(float(per_class(found)["miou"][0]), (200**2 - 20**2) / 200**2)


@pytest.mark.parametrize(
    ("size", "width"), [((360, 480), 12), ((1024, 2048), 46), ((5, 5), 1), ((1, 1), 1), ((480, 360), 12)]
)
def test_width_is_two_per_cent_of_the_diagonal(size: tuple[int, int], width: int) -> None:
    assert boundary_width(size) == width


def test_scores_say_boundary_only_when_it_is_counted() -> None:
    labels = patches(np.random.default_rng(0), (8, 8), [0, 1])
    assert score("boundary_iou", counts((labels, labels))) is None
    assert score("boundary_iou", counts((labels, labels), boundaries=True)) == 1.0
