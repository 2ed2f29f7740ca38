"""How a data set is shown: a contact sheet of images with their labels laid over, and tables of what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Array
from archspec.catalog import members, summary
from archspec.datasets._check import Checked, cautions, read_pair
from archspec.datasets._contract import Classes, Dataset, Example, class_pixels, dataset_class, topmost
from archspec.datasets._image_form import RGB, displayed
from archspec.graph.task import CLASSIFICATION, describe_task
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from PIL import Image


TILE_WIDTH, GAP, LINE, BOX = 320, 8, 18, 12  # pixels
LABEL_SHARE = 0.55  # of the colours laid over an image
PAPER, INK, FRAME = (255, 255, 255), (20, 20, 20), (120, 120, 120)
IGNORED = (255, 255, 255)
LEGEND_WIDTH = 150
MOST_SIZES = 3  # named in a note of a table


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
    table = np.full((max(256, len(classes)), 3), IGNORED, np.float32)
    table[: len(classes)] = classes.colours
    mixed: Array = image * (1 - LABEL_SHARE) + table[label] * LABEL_SHARE
    return np.rint(mixed).astype(np.uint8)


def _tile(dataset: Dataset, example: Example) -> Tile:
    from PIL import Image

    if example.label is None:
        image = displayed(dataset.read_image(example))
        pixels, labels = np.concatenate([image, np.full_like(image, 255)], 1), frozenset[int]()
    else:
        image, label = read_pair(dataset, example)
        image = displayed(image)
        pixels = np.concatenate([image, overlay(image, topmost(label), dataset.classes)], 1)
        there = np.flatnonzero(class_pixels(label)) if dataset.multi_label else np.unique(label)
        labels = frozenset(there.tolist())
    height, width = image.shape[:2]
    size = (2 * TILE_WIDTH, max(1, round(height * TILE_WIDTH / width)))
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    return Tile(f"{example.name}   {width} x {height}", picture, labels)


def _legend(labels: list[int], classes: Classes) -> list[tuple[str, tuple[int, int, int]]]:
    """Name and colour of each label."""
    known = range(len(classes))
    named = [(f"{label} {classes.names[label]}", classes.colours[label]) for label in labels if label in known]
    return named + [("ignored", IGNORED)] * any(label not in known for label in labels)


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


def kinds_table() -> Table:
    """Every kind, how to refer to one, how many classes it has, and what it is."""
    rows: list[tuple[Cell, ...]] = []
    for name, path in members("datasets").items():
        kind = dataset_class(name)
        classes = getattr(kind, "classes", None)  # those of a folder of one's own are in the folder
        reference = f"{name}:DIR" if kind.needs_folder else name
        rows.append((name, reference, len(classes) if classes else None, summary(path)))
    columns = (
        Column("name", "name"),
        Column("reference", "write"),
        Column("classes", "classes", kind="integer"),
        Column("summary", "what it is", wraps=True),
    )
    return Table("", columns, tuple(rows))


def checked_table(dataset: Dataset, reference: str, checked: Sequence[Checked]) -> Table:
    """Each class of each split: its pixels, its share of the labelled ones, and how many images show it.

    Where a label is of the whole image, its images alone. Notes say what looks wrong about the labels.
    """
    whole = dataset.task == CLASSIFICATION
    columns = (
        Column("split", "split"),
        Column("label", "label", kind="integer"),
        Column("class", "class"),
        *(() if whole else (Column("pixels", "pixels", kind="integer"),)),
        Column("percent", "of all" if whole else "of labelled", "%", kind="number", digits=2),
        Column("images", "images", kind="integer"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in checked:
        known = sum(one.pixels)
        for label, name in enumerate(dataset.classes.names if one.labelled else ()):
            pixels = one.pixels[label]
            share = 100 * pixels / known if known else None
            counted = (share, one.images[label]) if whole else (pixels, share, one.images[label])
            rows.append((one.split, label, name, *counted))
    labelled = {one.split: one.label_counts for one in checked if one.pixels and one.labelled}
    looks_wrong = tuple(f"caution: {line}" for line in cautions(dataset, labelled))
    kind = (f"a label is {describe_task(dataset.task)}",) if whole else ()
    return Table(reference, columns, tuple(rows), (*(_note(dataset, one) for one in checked), *kind, *looks_wrong))


def _note(dataset: Dataset, one: Checked) -> str:
    """`train: 367 images, 480 × 360; 3.95 % of the pixels ignored; fingerprint …`."""
    sizes = [f"{width} × {height}" for height, width in one.sizes[:MOST_SIZES]]
    more = f" and {len(one.sizes) - MOST_SIZES} other sizes" if len(one.sizes) > MOST_SIZES else ""
    parts = [f"{one.split}: {one.examples} images, {', '.join(sizes)}{more}"]
    if dataset.form.channels != RGB:
        parts.append(f"{dataset.form.channels} channel{'' if dataset.form.channels == 1 else 's'}")
    pixels = sum(one.pixels) + one.ignored
    if not one.labelled:
        parts.append("labels not public")
    elif pixels and dataset.task != CLASSIFICATION:
        parts.append(f"{100 * one.ignored / pixels:.2f} % of the pixels ignored")
    if one.faults:
        parts.append(f"{len(one.faults)} fault{'s' if len(one.faults) > 1 else ''}")
    else:
        parts.append(f"fingerprint {dataset.fingerprint(one.split)}")
    return "; ".join(parts)


def packed_table(reference: str, folder: Path, written: Mapping[str, Sequence[Path]]) -> Table:
    """The files that were written."""
    columns = (Column("split", "split"), Column("file", "file"), Column("bytes", "bytes", kind="integer"))
    rows = tuple((split, str(file), file.stat().st_size) for split, files in written.items() for file in files)
    return Table(reference, columns, rows, (f"read them as tfrecord:{folder}",))
