"""The picture: one row for each image, with input, label, prediction and one map for each class; legend below."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Array
from archspec.explain.pictures import Region, resized_labels

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

    from archspec.explain.explanation import ClassMap, Explained


Colour = tuple[int, int, int]

# Inferno of matplotlib (CC0) at ten places: even steps of it are even steps to the eye, also of the colour-blind.
INFERNO = ("000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4")


def heat(values: Array) -> Array:
    """Numbers `(H, W)` in 0..1 as colours `(H, W, 3)`, uint8: black, red, yellow."""
    anchors = np.array([list(bytes.fromhex(colour)) for colour in INFERNO], float)
    places = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(values, places, anchors[:, part]) for part in range(3)], -1).round().astype(np.uint8)


def palette(count: int) -> tuple[Colour, ...]:
    """A colour for each class, of networks whose data set is not known: Pascal VOC's, which are all different."""
    return tuple(_voc_colour(number) for number in range(count))


def _voc_colour(number: int) -> Colour:
    """Its bits in turn to red, green and blue, the first ones to the highest places."""
    colour = [0, 0, 0]
    for place in range(7, -1, -1):
        for part in range(3):
            colour[part] |= (number >> part & 1) << place
        number >>= 3
    return colour[0], colour[1], colour[2]


def painted(labels: Array, colours: tuple[Colour, ...]) -> Array:
    """Classes `(H, W)` in their colours `(H, W, 3)`; what is no class (the ignored) in black."""
    table = np.zeros((256 if len(colours) < 256 else len(colours) + 1, 3), np.uint8)
    table[: len(colours)] = colours
    return table[labels]


def blended(image: Array, colours: Array, share: float) -> Array:
    """`share` of the colours over the image, both `(H, W, 3)` uint8."""
    return (image * (1 - share) + colours * share).round().astype(np.uint8)


def grey(image: Array) -> Array:
    """The brightness of an image `(H, W, 3)`, still of three channels (ITU-R BT.601)."""
    return np.repeat((image @ (0.299, 0.587, 0.114)).round().astype(np.uint8)[..., None], 3, axis=-1)


CELL = 256  # pixels wide; as high as the image is
GAP = 8
LINE = 18  # of text
TEXT_SIZE = 13
BAR = (200, 12)
PAPER, INK, FAINT, EMPTY, EDGE, FRAME = (255,) * 3, (20,) * 3, (110,) * 3, (214,) * 3, (255,) * 3, (0, 229, 255)
MAP_SHARE, LABEL_SHARE = 0.65, 0.7  # how much of the colours covers the image


@dataclass(frozen=True)
class Caption:
    """What is written around the cells: a title, notes below, and the classes' names and colours.

    A map's colours go from 0 to the percentile `bright` of it: single pixels of a gradient outshine all others.
    """

    title: str
    notes: tuple[str, ...]
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    bright: int = 100


def draw_grid(rows: Sequence[Explained], caption: Caption, region: Region | None = None) -> bytes:
    """A PNG. Where there are labels they stand between input and prediction."""
    with_labels = any(row.label is not None for row in rows)
    pictures = [_cells(row, caption, with_labels, region) for row in rows]
    headings = ["input", *(["label"] if with_labels else []), "prediction"]
    headings += [caption.names[one.number] for one in rows[0].maps]
    sheet = _Sheet(len(headings), [cells[0][0].size[1] for cells in pictures], caption, _present(rows))
    sheet.title(headings)
    for cells in pictures:
        sheet.row(cells)
    sheet.footer()
    return sheet.png()


def _cells(row: Explained, caption: Caption, with_labels: bool, region: Region | None) -> list[tuple[Image.Image, str]]:
    """Each cell with what is written below it."""
    from PIL import Image

    height, width = row.picture.size
    size = (max(1, round(CELL * height / width)), CELL)
    photo = np.asarray(Image.fromarray(row.picture.image).resize(size[::-1], Image.Resampling.LANCZOS))
    cells = [(photo, row.picture.name)]
    if with_labels:
        cells.append((_labels_cell(photo, row.label, caption.colours), ""))
    cells.append((_labels_cell(photo, row.prediction, caption.colours), ""))
    prediction = resized_labels(row.prediction, size)
    cells += [(_map_cell(photo, one, prediction == one.number, caption.bright), _describe(one)) for one in row.maps]
    images = [(Image.fromarray(cell), text) for cell, text in cells]
    if region is not None:
        for image, _ in images:
            _frame(image, region, width)
    return images


def map_cells(row: Explained, width: int, bright: int = 100) -> list[tuple[ClassMap, Array, str]]:
    """Each class's map over the grey image, `width` pixels wide or the image's own if less, and words about it."""

    full_height, full_width = row.picture.size
    width = min(width, full_width)
    size = (max(1, round(width * full_height / full_width)), width)
    photo = np.asarray(Image.fromarray(row.picture.image).resize(size[::-1], Image.Resampling.LANCZOS))
    prediction = resized_labels(row.prediction, size)
    return [(one, _map_cell(photo, one, prediction == one.number, bright), _describe(one)) for one in row.maps]


def _labels_cell(photo: Array, labels: Array | None, colours: tuple[Colour, ...]) -> Array:
    if labels is None:
        return np.full_like(photo, EMPTY)
    there = resized_labels(labels, (photo.shape[0], photo.shape[1]))
    return blended(grey(photo), painted(there, colours), LABEL_SHARE)


def _map_cell(photo: Array, one: ClassMap, predicted: Array, bright: int) -> Array:
    """The map over the grey image, from 0 to a percentile of its own; a white line around what is predicted."""
    from PIL import Image

    if one.values is None:
        return blended(grey(photo), np.full_like(photo, EMPTY), 0.85)
    values = one.values / one.values.max()
    stretched = np.asarray(Image.fromarray(values).resize(photo.shape[1::-1], Image.Resampling.BILINEAR))
    limit = np.percentile(stretched, bright) or stretched.max()  # a map may be zero but for a few pixels
    cell = blended(grey(photo), heat(stretched / limit), MAP_SHARE)
    cell[_edge(predicted)] = EDGE
    return cell


def _edge(region: Array) -> Array:
    """The pixels of a region with a neighbour that is not in it; the border of the picture is no edge."""
    padded = np.pad(region, 1, mode="edge")
    around = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: Array = region & ~around
    return edge


def _describe(one: ClassMap) -> str:
    if one.note:
        return one.note
    parts = [("predicted", one.predicted), ("label", one.labelled)]
    return ", ".join(
        f"{100 * where.attribution_share:.0f} % in {what}"
        for what, where in parts
        if where is not None and where.attribution_share is not None
    )


def _frame(image: Image.Image, region: Region, width: int) -> None:
    from PIL import ImageDraw

    left, top, right, bottom = (round(one * CELL / width) for one in region)
    ImageDraw.Draw(image).rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=FRAME, width=2)


def _present(rows: Sequence[Explained]) -> list[int]:
    """The classes that are predicted or labelled anywhere."""
    maps = [labels for row in rows for labels in (row.prediction, row.label) if labels is not None]
    return sorted({int(number) for labels in maps for number in np.unique(labels)})


class _Sheet:
    """Paper that is filled from top to bottom."""

    def __init__(self, columns: int, heights: list[int], caption: Caption, present: list[int]) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self._font = ImageFont.load_default(TEXT_SIZE)
        self._caption = caption
        self._width = GAP + columns * (CELL + GAP)
        self._legend = self._legend_lines([number for number in present if number < len(caption.names)])
        lines = 2 + len(heights) + len(self._legend) + len(caption.notes)
        height = GAP + lines * LINE + sum(heights) + (len(heights) + 1) * GAP + LINE + GAP
        self._image = Image.new("RGB", (self._width, height), PAPER)
        self._draw: ImageDraw.ImageDraw = ImageDraw.Draw(self._image)
        self._y = GAP

    def title(self, headings: list[str]) -> None:
        """What this is, and a heading over each column."""
        self._text(GAP, self._caption.title, self._width - 2 * GAP, INK)
        self._y += LINE
        for column, heading in enumerate(headings):
            self._text(GAP + column * (CELL + GAP), heading, CELL, INK)
        self._y += LINE

    def row(self, cells: list[tuple[Image.Image, str]]) -> None:
        for column, (cell, _) in enumerate(cells):
            self._image.paste(cell, (GAP + column * (CELL + GAP), self._y))
        self._y += cells[0][0].size[1]
        for column, (_, text) in enumerate(cells):
            self._text(GAP + column * (CELL + GAP), text, CELL, FAINT)
        self._y += LINE + GAP

    def footer(self) -> None:
        """The colour bar, the legend of classes, and the notes."""
        from PIL import Image

        ramp = heat(np.tile(np.linspace(0, 1, BAR[0]), (BAR[1], 1)))
        bright = self._caption.bright
        top = "largest value" if bright == 100 else f"{bright}th percentile"
        self._text(GAP, "0", LINE, INK)
        self._image.paste(Image.fromarray(ramp), (GAP + LINE, self._y + 2))
        self._text(GAP + LINE + BAR[0] + GAP, f"{top} of each map; white line: predicted as the class",
                   self._width - BAR[0] - 3 * LINE, INK)  # fmt: skip
        self._y += LINE + GAP
        for line in self._legend:
            for x, number in line:
                swatch = (x, self._y + 2, x + BAR[1], self._y + 2 + BAR[1])
                self._draw.rectangle(swatch, fill=self._caption.colours[number], outline=FAINT)
                self._text(x + LINE, self._caption.names[number], self._width, INK)
            self._y += LINE
        for note in self._caption.notes:
            self._text(GAP, note, self._width - 2 * GAP, FAINT)
            self._y += LINE

    def png(self) -> bytes:
        stream = io.BytesIO()
        self._image.save(stream, "PNG")
        return stream.getvalue()

    def _legend_lines(self, numbers: list[int]) -> list[list[tuple[int, int]]]:
        """Where each class stands: lines of (x, class)."""
        lines: list[list[tuple[int, int]]] = [[]]
        x = GAP
        for number in numbers:
            wide = LINE + round(self._font.getlength(self._caption.names[number])) + 2 * GAP
            if x + wide > self._width and lines[-1]:
                lines.append([])
                x = GAP
            lines[-1].append((x, number))
            x += wide
        return lines

    def _text(self, x: int, text: str, room: int, colour: tuple[int, ...]) -> None:
        """One line, cut off with an ellipsis where there is no room."""
        if self._font.getlength(text) > room:
            while text and self._font.getlength(f"{text}…") > room:
                text = text[:-1]
            text = f"{text}…"
        self._draw.text((x, self._y), text, fill=colour, font=self._font)
