"""Crops around pixels of chosen classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.datasets import Augmentation, Classes, Example
from archspec.datasets._batches import Batches
from archspec.datasets._contract import Dataset
from archspec.errors import Fault, Problem, UserError

SIZE = (40, 60)
COMMON, RARE = 0, 1


class Speck(Dataset):
    """Twenty images of which only the numbers 7 and 11 hold 10 × 10 pixels of the class `rare`, red in the image."""

    name = "speck"
    needs_folder = False
    classes = Classes(("common", "rare"), ((0, 0, 0), (255, 0, 0)))
    splits = ("train",)
    having: tuple[int, ...] = (7, 11)

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        return [Example(f"{number:02}", Path(f"{number}"), Path(f"{number}")) for number in range(20)], []

    def read_label(self, example: Example) -> Any:
        label = np.full(SIZE, COMMON, np.uint8)
        if int(example.name) in self.having:
            label[25:35, 5:15] = RARE
        return label

    def read_image(self, example: Example) -> Any:
        image = np.zeros((*SIZE, 3), np.uint8)
        image[..., 1] = int(example.name)
        image[self.read_label(example) == RARE, 0] = 255
        return image


class Plain(Speck):
    """None of the images holds it."""

    having = ()


def batches(
    share: float, classes: tuple[str, ...] = ("rare",), dataset: type[Dataset] = Speck, cache: Any = "auto"
) -> Batches:
    augmentation = Augmentation(
        (16, 16), scale_from=0.5, scale_to=1.5, focus_share=share, focus_classes=classes if share else ()
    )
    return Batches(dataset(None), "train", augmentation, 8, 3, cache)


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_a_share_of_one_always_shows_the_class(cache: Any) -> None:
    made = batches(1.0, cache=cache)
    for step in range(12):
        images, labels = made.batch(step)
        assert ((labels == RARE).sum(axis=(1, 2)) > 0).all()
        assert set(images[..., 1].max(axis=(1, 2)).round().astype(int)) <= {7, 11, 127, 128}  # 127.5 is the padding
        red = images[..., 0]
        assert (red[labels == RARE] > 60).all()  # the image's window is the label's; a corner keeps a quarter of 255


def test_half_of_the_crops_lie_around_it() -> None:
    shown = np.concatenate([(batches(0.5).batch(step)[1] == RARE).any(axis=(1, 2)) for step in range(60)])
    without = np.concatenate([(batches(0.0).batch(step)[1] == RARE).any(axis=(1, 2)) for step in range(60)])
    assert 0.42 < shown.mean() < 0.62
    assert without.mean() < 0.1


def test_the_pixel_is_not_always_in_the_middle() -> None:
    made = batches(1.0)
    middles = [np.argwhere(label == RARE).mean(axis=0) for step in range(20) for label in made.batch(step)[1]]
    assert (np.std(middles, axis=0) > 2).all()


def test_other_crops_stay_as_they_were() -> None:
    with_focus, without = batches(0.5), batches(0.0)
    alike = [
        np.array_equal(one, other)
        for step in range(20)
        for one, other in zip(with_focus.batch(step)[1], without.batch(step)[1], strict=True)
    ]
    images = [
        np.array_equal(one, other)
        for step in range(20)
        for one, other in zip(with_focus.batch(step)[0], without.batch(step)[0], strict=True)
    ]
    assert 0.4 < np.mean(images) < 0.65
    assert np.mean(alike) >= np.mean(images)


def test_the_same_batches_from_any_step_on() -> None:
    first, second = batches(0.5), batches(0.5)
    for step in range(5):
        first.batch(step)
    assert all(np.array_equal(one, other) for one, other in zip(first.batch(5), second.batch(5), strict=True))


def test_a_class_that_no_image_has_leaves_the_order() -> None:
    images, labels = batches(1.0, dataset=Plain).batch(0)
    wanted = batches(0.0, dataset=Plain).batch(0)
    assert np.array_equal(images, wanted[0])
    assert np.array_equal(labels, wanted[1])


def test_an_unknown_class_is_refused_at_once() -> None:
    with pytest.raises(UserError) as error:
        batches(0.5, ("rar",))
    assert str(error.value) == "speck: focus_classes: speck has no class 'rar'. Did you mean 'rare'?"


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"crop": (8, 8), "focus_share": 1.5, "focus_classes": ("a",)}, "a focus share of 1.5"),
        ({"crop": (8, 8), "focus_share": 0.5}, "a focus has a share and classes"),
        ({"crop": (8, 8), "focus_classes": ("a",)}, "a focus has a share and classes"),
        (
            {"fixed_size": (8, 8), "focus_share": 0.5, "focus_classes": ("a",)},
            "a focus places crops, and there are none with a fixed size",
        ),
    ],
)
def test_impossible_focus(settings: dict[str, Any], fact: str) -> None:
    with pytest.raises(Problem) as error:
        Augmentation(**settings)
    assert error.value.fact == fact
