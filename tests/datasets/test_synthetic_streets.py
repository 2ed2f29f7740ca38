"""Generated streets: the same each time, all classes, and no class that colour alone would tell."""

from __future__ import annotations

import numpy as np

from archspec.datasets import Dataset, open_dataset
from archspec.datasets._street_scene import scene
from tests.datasets.pictures import Array

SCENES = 24


def streets() -> Dataset:
    return open_dataset("synthetic_streets")


def some(split: str) -> list[tuple[Array, Array]]:
    dataset = streets()
    return [(dataset.read_image(one), dataset.read_label(one)) for one in dataset.examples(split)[:SCENES]]


def test_no_folder_is_needed_and_each_scene_is_the_same_again() -> None:
    dataset = streets()
    assert (len(dataset.examples("train")), len(dataset.examples("val"))) == (400, 100)
    example = dataset.examples("val")[7]
    first = [pixels.copy() for pixels in (dataset.read_image(example), dataset.read_label(example))]
    again = scene(1, 7)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], scene(0, 7)[0])  # the splits share no scene


def test_every_class_is_there_and_none_is_everything() -> None:
    counts = sum(np.bincount(label.ravel(), minlength=9) for _, label in some("train"))
    shares = counts / counts.sum()
    assert len(shares) == 9 and shares.min() > 0.002 and shares.max() < 0.5


def test_labels_have_no_ignored_pixel_and_things_stand_on_the_ground() -> None:
    dataset = streets()
    names = dataset.classes.names
    for _, label in some("val"):
        assert label.max() < 9
        rows = {name: np.nonzero(label == names.index(name))[0] for name in ("sky", "road", "car")}
        assert rows["sky"].mean() < rows["road"].mean()
        assert rows["car"].size == 0 or rows["car"].mean() > rows["sky"].mean()


def test_colour_alone_tells_little() -> None:
    """The best that a table from colour (16 levels a channel) to class can do, learnt on the scenes it is scored on."""
    tables = np.zeros((4096, 9), np.int64)
    pairs = [((image.astype(int) // 16) @ [256, 16, 1], label) for image, label in some("train")]
    for colour, label in pairs:
        np.add.at(tables, (colour.ravel(), label.ravel()), 1)
    best = tables.argmax(1)
    matrix = np.zeros((9, 9), np.int64)
    for colour, label in pairs:
        matrix += np.bincount(9 * label.ravel().astype(int) + best[colour].ravel(), minlength=81).reshape(9, 9)
    hit = np.diag(matrix)
    iou = hit / (matrix.sum(0) + matrix.sum(1) - hit)
    assert iou.mean() < 0.4
