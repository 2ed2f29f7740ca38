"""Small trees in the layout of Cityscapes, with everything that its scores treat in a way of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.scoring.maps import patches

Array = np.ndarray[Any, Any]

LABELS = 34
IGNORED = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30)
WITH_INSTANCES = (24, 25, 26, 27, 28, 29, 30, 31, 32, 33)
CLASSES = tuple(label for label in range(LABELS) if label not in IGNORED)


@dataclass(frozen=True)
class Tree:
    """The root of the data set, and the folder of predictions."""

    root: Path
    predictions: Path

    def pairs(self, split: str = "val") -> list[tuple[Path, Path]]:
        """Truth and prediction of every image."""
        found = []
        for truth in sorted((self.root / "gtFine" / split).glob("*/*_labelIds.png")):
            (prediction,) = self.predictions.rglob(truth.name.removesuffix("_gtFine_labelIds.png") + "*.png")
            found.append((truth, prediction))
        return found


def write_tree(folder: Path, images: list[tuple[Array, Array, Array]], *, dtype: type = np.uint8) -> Tree:
    """Images of truth, instance numbers and prediction."""
    tree = Tree(folder / "data", folder / "predictions")
    for number, (truth, instances, predicted) in enumerate(images):
        city = ("aachen", "bad_homburg" if number % 4 == 3 else "bochum")[number % 2].replace("_", "-")
        name = f"{city}_{number:06d}_000019"
        save(tree.root / "gtFine" / "val" / city / f"{name}_gtFine_labelIds.png", truth.astype(np.uint8))
        save(tree.root / "gtFine" / "val" / city / f"{name}_gtFine_instanceIds.png", instances.astype(np.uint16))
        below = tree.predictions / ("" if number % 3 else "deeper/still")
        save(below / f"{name}{('', '_pred', '_gtFine_labelIds')[number % 3]}.png", predicted.astype(dtype))
    return tree


def save(file: Path, values: Array) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)


def random_images(seed: int) -> list[tuple[Array, Array, Array]]:
    """One to five images. Some classes are absent; groups; instances of ignored labels; ignored labels predicted."""
    generator = np.random.default_rng(seed)
    used = [int(label) for label in generator.choice(LABELS, generator.integers(2, 20), replace=False)]
    said = [int(label) for label in generator.choice(LABELS, generator.integers(2, 20), replace=False)]
    return [random_image(generator, used, said) for _ in range(generator.integers(1, 6))]


def random_image(generator: np.random.Generator, used: list[int], said: list[int]) -> tuple[Array, Array, Array]:
    size = (int(generator.integers(1, 60)), int(generator.integers(1, 60)))
    truth = patches(generator, size, used)
    instances = truth.astype(np.uint16)  # a label alone: a group, or a label without instances
    for number in range(int(generator.integers(0, 9))):
        label = int(generator.choice(WITH_INSTANCES))
        top, left = generator.integers(0, size[0]), generator.integers(0, size[1])
        here = (slice(top, top + generator.integers(1, 20)), slice(left, left + generator.integers(1, 20)))
        instances[here] = label * 1000 + (0 if generator.random() < 0.2 else number)
        if generator.random() < 0.8:  # the two files need not agree, and are scored each by itself
            truth[here] = label
    predicted = patches(generator, size, said)
    agrees = generator.random(size) < 0.6 if generator.random() < 0.5 else patches(generator, size, [0, 1]) == 1
    return truth, instances, np.where(agrees, truth, predicted)
