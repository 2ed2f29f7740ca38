"""A contact sheet: some images of a split, each beside itself with its label laid over it, and the classes' colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Array
from archspec.datasets._check import read_pair
from archspec.datasets._contract import IGNORE, Classes, Dataset, Example

if TYPE_CHECKING:
    from PIL import Image


TILE_WIDTH, GAP, LINE, BOX = 320, 8, 18, 12  # pixels
LABEL_SHARE = 0.55  # of the colours laid over an image
PAPER, INK, FRAME = (255, 255, 255), (20, 20, 20), (120, 120, 120)
IGNORED = (255, 255, 255)
LEGEND_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Tile:
    """One example: what is above its picture, the picture, and the labels that are in it."""

    title: str
    picture: Image.Image
    labels: frozenset[int]


def contact_sheet(dataset: Dataset, split: str, count: int = 8, columns: int = 2) -> Image.Image:
    """Up to `count` examples of a split, evenly spread over it, with a legend of the classes in them.

    Raises `UserError` for an example that cannot be read.
    """
    examples = dataset.examples(split)
    count = max(1, min(count, len(examples)))
    chosen = [examples[number * len(examples) // count] for number in range(count)]
    tiles = [_tile(dataset, example) for example in chosen]
    present = sorted(frozenset().union(*(tile.labels for tile in tiles)))
    return _sheet(tiles, max(1, min(columns, count)), _legend(present, dataset.classes))


def overlay(image: Array, label: Array, classes: Classes) -> Array:
    """The image `(H, W, 3)` with the colours of its classes over it; what is ignored is whitened."""
    table = np.full((256, 3), IGNORED, np.float32)
    table[: len(classes)] = classes.colours
    mixed: Array = image * (1 - LABEL_SHARE) + table[label] * LABEL_SHARE
    return np.rint(mixed).astype(np.uint8)


def _tile(dataset: Dataset, example: Example) -> Tile:
    from PIL import Image

    if example.label is None:
        image = dataset.read_image(example)
        pixels, labels = np.concatenate([image, np.full_like(image, 255)], 1), frozenset[int]()
    else:
        image, label = read_pair(dataset, example)
        pixels = np.concatenate([image, overlay(image, label, dataset.classes)], 1)
        labels = frozenset(np.unique(label).tolist())
    height, width = image.shape[:2]
    size = (2 * TILE_WIDTH, max(1, round(height * TILE_WIDTH / width)))
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    return Tile(f"{example.name}   {width} x {height}", picture, labels)


def _legend(labels: list[int], classes: Classes) -> list[tuple[str, tuple[int, int, int]]]:
    """Name and colour of each label."""
    named = [(f"{label} {classes.names[label]}", classes.colours[label]) for label in labels if label != IGNORE]
    return named + [("ignored", IGNORED)] * (IGNORE in labels)


def _sheet(tiles: list[Tile], columns: int, legend: list[tuple[str, tuple[int, int, int]]]) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    width = columns * (2 * TILE_WIDTH + GAP) + GAP
    a_line = max(1, (width - GAP) // LEGEND_WIDTH)
    rows = [tiles[first : first + columns] for first in range(0, len(tiles), columns)]
    heights = [LINE + max(tile.picture.height for tile in row) + GAP for row in rows]
    height = GAP + sum(heights) + LINE * -(-len(legend) // a_line) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    top = GAP
    for row, taken in zip(rows, heights, strict=True):
        for place, tile in enumerate(row):
            left = GAP + place * (2 * TILE_WIDTH + GAP)
            pen.text((left, top), tile.title, INK, font)
            sheet.paste(tile.picture, (left, top + LINE))
        top += taken
    for place, (name, colour) in enumerate(legend):
        left, line = GAP + place % a_line * LEGEND_WIDTH, top + place // a_line * LINE
        pen.rectangle((left, line, left + BOX, line + BOX), colour, FRAME)
        pen.text((left + BOX + GAP // 2, line - 1), name, INK, font)
    return sheet
