"""Training batches: a function of seed and step, whatever happened before; and nothing that keeps a process alive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from archspec.datasets import Augmentation, Dataset, open_dataset, training_batches
from archspec.datasets import _batches as pipeline
from archspec.datasets._batches import Batches
from tests.cli.runner import environment
from tests.datasets.pictures import Array, labels, photo, save

PAPER = Augmentation(crop=(16, 20), brightness=0.1)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Seven pictures of several sizes: 7 and a batch of 4 have no common factor."""
    for number in range(7):
        size = (20 + number, 24)
        save(tmp_path / "train" / f"{number}.png", photo(number, size))
        save(tmp_path / "trainannot" / f"{number}.png", labels(number, size, tuple(range(12))))
    return open_dataset(f"camvid:{tmp_path}")


def batches(dataset: Dataset, **changed: object) -> list[tuple[Array, Array]]:
    options = {"augmentation": PAPER, "batch_size": 4, "seed": 3, "steps": 12} | changed
    found = training_batches(dataset, "train", **options)  # type: ignore[arg-type]
    return [(images.numpy(), labels.numpy()) for images, labels in found]


def same(one: list[tuple[Array, Array]], other: list[tuple[Array, Array]]) -> bool:
    """Bit for bit."""
    pairs = zip(one, other, strict=True)
    return all(a.tobytes() == c.tobytes() and b.tobytes() == d.tobytes() for (a, b), (c, d) in pairs)


@pytest.mark.parametrize("first_step", [1, 5, 11])
def test_a_run_that_goes_on_gets_what_an_uninterrupted_one_had(dataset: Dataset, first_step: int) -> None:
    whole = batches(dataset)
    assert len(whole) == 12
    assert same(batches(type(dataset)(dataset.root), first_step=first_step), whole[first_step:])


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_caching_changes_nothing(dataset: Dataset, cache: str) -> None:
    assert same(batches(dataset, cache=cache), batches(dataset))


def test_a_dataset_that_is_read_twice_gives_the_same(dataset: Dataset) -> None:
    found = training_batches(dataset, "train", augmentation=PAPER, batch_size=4, seed=3, steps=5)
    first, second = ([(images.numpy(), labels.numpy()) for images, labels in found] for _ in range(2))
    assert same(first, second)


def test_the_seed_and_the_step_matter(dataset: Dataset) -> None:
    whole = batches(dataset)
    assert not same(batches(dataset, seed=4), whole)
    assert len({images.tobytes() for images, _ in whole}) == 12


def test_more_steps_do_not_change_the_first(dataset: Dataset) -> None:
    assert same(batches(dataset, steps=20)[:12], batches(dataset))


def test_each_epoch_has_every_example_once_in_an_order_of_its_own(dataset: Dataset) -> None:
    """By tags that survive: each picture is one flat colour."""
    for number, example in enumerate(dataset.examples("train")):
        save(example.image, np.full((20, 24, 3), 10 * number + 5, np.uint8))
        save(example.label or Path(), np.zeros((20, 24), np.uint8))
    plain = Augmentation(fixed_size=(4, 4))
    found = batches(dataset, augmentation=plain, steps=14)  # 56 samples: 8 epochs
    tags = [int(image[0, 0, 0]) for images, _ in found for image in images]
    epochs = [tags[first : first + 7] for first in range(0, 56, 7)]
    assert all(sorted(epoch) == [5, 15, 25, 35, 45, 55, 65] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 8


def test_one_example_is_augmented_anew_each_epoch(dataset: Dataset) -> None:
    made = Batches(dataset, "train", Augmentation(crop=(16, 20)), 7, seed=0)
    first, second = made.batch(0)[0], made.batch(1)[0]
    orders = [[made.index(number) for number in range(start, start + 7)] for start in (0, 7)]
    again = [np.array_equal(first[orders[0].index(one)], second[orders[1].index(one)]) for one in range(7)]
    assert not any(again)


def test_shapes_are_static_and_types_as_promised(dataset: Dataset) -> None:
    found = training_batches(dataset, "train", augmentation=PAPER, batch_size=4, seed=3, steps=2)
    images, truth = found.element_spec
    assert (images.shape, images.dtype) == ((4, 16, 20, 3), tf.float32)
    assert (truth.shape, truth.dtype) == ((4, 16, 20), tf.uint8)
    assert found.cardinality() == 2


def test_images_are_read_once_where_they_fit(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    real = type(dataset).read_image
    monkeypatch.setattr(type(dataset), "read_image", lambda self, one: (reads.append(one.name), real(self, one))[1])
    batches(dataset)
    assert len(reads) <= 7 + 2 * 4  # two threads may read one picture at the same time
    reads.clear()
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT_BYTES", 4 * 7 * 23 * 24 - 1)  # a byte less than the pictures take
    batches(dataset)
    assert len(reads) == 48
    reads.clear()
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT_BYTES", 4 * 7 * 23 * 24)
    batches(dataset)
    assert len(reads) <= 15


def test_nothing_at_the_end_of_a_run(dataset: Dataset) -> None:
    assert batches(dataset, steps=3, first_step=3) == []


ENDING = """
import sys
from archspec.datasets import Augmentation, open_dataset, training_batches
found = training_batches(open_dataset("synthetic_streets"), "train", augmentation=Augmentation(crop=(64, 64)),
                         batch_size=8, seed=0, steps=1000)
iterator = iter(found)
next(iterator)
print("read", flush=True)
{end}
"""


@pytest.mark.slow  # it starts TensorFlow in a process of its own
@pytest.mark.parametrize("end", ["", "raise KeyboardInterrupt", "sys.exit(3)"])
def test_a_process_ends_though_batches_are_in_the_making(end: str) -> None:
    """TensorFlow's own threads that wait for the interpreter would keep it for ever."""
    process = subprocess.run([sys.executable, "-c", ENDING.format(end=end)], env=environment(), timeout=60,
                             capture_output=True, text=True)  # fmt: skip
    assert process.stdout == "read\n"
