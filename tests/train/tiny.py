"""A network and a data set small enough to be trained in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from archspec.datasets import Classes, Dataset, Example
from archspec.errors import Fault
from archspec.spec import Spec, parse
from archspec.train import Recipe, parse_recipe

Array = np.ndarray[Any, Any]
SIZE = (24, 32)
NETWORK = """
name: tiny
input: {size: [24, 32], preprocess: unit}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 6, kernel: 3, stride: 2}
  id: stem
- depthwise_bn: {stride: 2}
  id: low
- conv_bn: {filters: 8, kernel: 1, stride: 2}
head: {basic: {filters: 8, dropout: 0.25}}
decoder: bilinear
"""
RECIPE = """
augmentation: {crop: [16, 24], scale_from: 0.75, scale_to: 1.25}
batch_size: 2
steps: 6
optimizer: adamw
weight_decay: {decoupled: 0.004}
learning_rate: 0.01
schedule: poly
checkpoint_every: 2
"""


class Blocks(Dataset):
    """Images of noise with rectangles of each class's colour; `classes` of them, the first is the ground."""

    name = "blocks"
    needs_folder = False

    def __init__(self, classes: int = 3, counts: dict[str, int] | None = None, size: tuple[int, int] = SIZE) -> None:
        super().__init__(None)
        self.classes = Classes(
            tuple(f"class{number}" for number in range(classes)),
            tuple((60 * number, 255 - 60 * number, 30) for number in range(classes)),
        )
        self.counts = counts or {"train": 7, "val": 3}
        self.size = size

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.counts)

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        names = [f"{split}{number}" for number in range(self.counts[split])]
        return [Example(name, Path(f"{name}.png"), Path(f"{name}_label.png")) for name in names], []

    def fingerprint(self, split: str) -> str:
        return f"{len(self.classes)} classes, {self.counts[split]} of {self.size}"

    def file_faults(self, example: Example) -> list[Fault]:
        return []

    def read_label(self, example: Example) -> Array:
        generator = np.random.default_rng(list(example.name.encode()))
        label = np.zeros(self.size, np.uint8)
        for number in range(1, len(self.classes)):
            top, left = generator.integers(0, self.size[0] - 8), generator.integers(0, self.size[1] - 8)
            label[top : top + 8, left : left + 8] = number
        label[:2] = 255
        return label

    def read_image(self, example: Example) -> Array:
        label = self.read_label(example)
        colours = np.array(self.classes.colours, np.int64)[np.where(label == 255, 0, label)]
        noise = np.random.default_rng([1, *example.name.encode()]).integers(-30, 30, (*self.size, 3))
        return np.clip(colours + noise, 0, 255).astype(np.uint8)


def spec(*lines: str) -> Spec:
    """The tiny network; `lines` are overrides."""
    return parse(NETWORK, overrides=lines)


def recipe(more: str = "", name: str = "test", *overrides: str) -> Recipe:
    """The tiny recipe; `more` is YAML of further keys, `overrides` as in --set-recipe."""
    return parse_recipe(RECIPE + more, name, overrides=overrides)
