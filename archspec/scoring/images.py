"""Label maps as images: PNGs with a palette, overlays with a legend, and the folders they are written to."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Array
from archspec.datasets import Dataset, Example, displayed, topmost
from archspec.errors import Place, user_error
from archspec.record import make_folder, write_bytes

if TYPE_CHECKING:
    from PIL import Image

    from archspec.scoring.segmenter_scores import ImageResult


Colour = tuple[int, int, int]
OPACITY = 0.55
ROW, MARGIN, SWATCH = 18, 6, 12  # of the legend, in pixels


def distinct_colours(count: int) -> tuple[Colour, ...]:
    """A colour for each class of a data set that has none: Pascal VOC's, made of the bits of the class's number."""
    colours = []
    for number in range(count):
        channels = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                channels[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit)
        colours.append((channels[0], channels[1], channels[2]))
    return tuple(colours)


def indexed_png(labels: Array, colours: Sequence[Colour]) -> bytes:
    """A PNG whose pixels are the labels `(H, W)`, uint8, and whose palette shows them in colour."""
    from PIL import Image

    picture = Image.fromarray(labels.astype(np.uint8))  # putpalette makes grey values the numbers of a palette
    entries = [*colours, *[(0, 0, 0)] * (256 - len(colours))]  # a small palette would be packed into fewer bits
    picture.putpalette([value for colour in entries for value in colour])
    return png_bytes(picture)


def mask_pngs(masks: Array, names: Sequence[str]) -> dict[str, bytes]:
    """A PNG of 0 and 255 of each class of masks `(H, W, classes)`, by its name as a part of a file's."""
    from PIL import Image

    each = zip(names, np.moveaxis(masks, -1, 0), strict=True)
    return {re.sub(r"[^\w.-]+", "_", name): png_bytes(Image.fromarray(mask * np.uint8(255))) for name, mask in each}


def overlay_png(
    image: Array, maps: Sequence[tuple[str, Array]], names: Sequence[str], colours: Sequence[Colour]
) -> bytes:
    """The image under each label map, side by side under their titles, and a legend of the classes that are there.

    `maps` are `(title, labels)`; labels without a class stay as the image is.
    """
    from PIL import Image

    panels = [(title, overlaid(image, labels, colours)) for title, labels in maps]
    present = [label for label in range(len(names)) if any((labels == label).any() for _, labels in maps)]
    legend = _legend([names[label] for label in present], [colours[label] for label in present])
    height, width = image.shape[:2]
    head = ROW if any(title for title, _ in panels) else 0
    size = (len(panels) * (width + MARGIN) + legend.width, max(height + head, legend.height))
    sheet = Image.new("RGB", size, "white")
    for number, (title, panel) in enumerate(panels):
        left = number * (width + MARGIN)
        _write(sheet, (left + 2, 1), title)
        sheet.paste(Image.fromarray(panel), (left, head))
    sheet.paste(legend, (len(panels) * (width + MARGIN), 0))
    return png_bytes(sheet)


def overlaid(image: Array, labels: Array, colours: Sequence[Colour]) -> Array:
    """The image `(H, W, 3)`, uint8, with each pixel tinted in the colour of its class."""
    table = np.zeros((256, 3), np.float32)
    table[: len(colours)] = colours
    known = (labels < len(colours))[..., None]
    mixed = image * (1 - OPACITY) + table[labels] * OPACITY
    tinted: Array = np.where(known, np.rint(mixed).astype(np.uint8), image)
    return tinted


def _legend(names: Sequence[str], colours: Sequence[Colour]) -> Image.Image:
    from PIL import Image, ImageDraw

    longest = max((_text_width(name) for name in names), default=0)
    legend = Image.new("RGB", (SWATCH + 3 * MARGIN + longest, ROW * len(names) + MARGIN), "white")
    drawing = ImageDraw.Draw(legend)
    for number, (name, colour) in enumerate(zip(names, colours, strict=True)):
        top = MARGIN // 2 + number * ROW
        drawing.rectangle((MARGIN, top + 3, MARGIN + SWATCH, top + 3 + SWATCH), fill=colour, outline="black")
        _write(legend, (2 * MARGIN + SWATCH, top + 1), name)
    return legend


def _write(picture: Image.Image, at: tuple[int, int], text: str) -> None:
    from PIL import ImageDraw, ImageFont

    ImageDraw.Draw(picture).text(at, text, fill="black", font=ImageFont.load_default(13))


def _text_width(text: str) -> int:
    from PIL import ImageFont

    return int(np.ceil(ImageFont.load_default(13).getlength(text)))


def png_bytes(picture: Image.Image) -> bytes:
    """A picture as the content of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True)
class PredictionFolder:
    """Writes every prediction in the format of the data set's organisers, in a file named after the image."""

    folders: dict[str, Path]
    dataset: Dataset

    def check(self, split: str) -> None:
        """Raise `UserError` where a prediction would be written over a file of the data set."""
        _check_apart(self.dataset, split, self._file, self.folders)

    def _file(self, name: str, example: Example) -> Path:
        return self.folders[name] / self.dataset.prediction_path(example)

    def __call__(self, result: ImageResult) -> None:
        """Write the prediction of one image."""
        file = self._file(result.named.name, result.example)
        make_folder(file.parent)
        if result.predicted.ndim > 2:
            for name, content in mask_pngs(result.predicted, self.dataset.classes.names).items():
                write_bytes(file.with_name(f"{file.stem}_{name}.png"), content)
            return
        write_bytes(file, png_bytes(self.dataset.encode_prediction(result.predicted)))


@dataclass(frozen=True)
class OverlayFolder:
    """Writes `count` images, evenly chosen over the split, with their truth and their prediction laid over them."""

    folders: dict[str, Path]
    dataset: Dataset
    count: int

    def check(self, split: str) -> None:
        """Raise `UserError` where a picture would be written over a file of the data set."""
        _check_apart(self.dataset, split, self._file, self.folders)

    def _file(self, name: str, example: Example) -> Path:
        return self.folders[name] / f"{example.name.replace('/', '_')}.png"

    def __call__(self, result: ImageResult) -> None:
        """Write the overlay of one image, if it is among those chosen."""
        if result.number not in chosen(self.count, result.total):
            return
        maps = [("truth", topmost(self.dataset.read_label(result.example))), ("prediction", topmost(result.predicted))]
        classes = self.dataset.classes
        file = self._file(result.named.name, result.example)
        write_bytes(file, overlay_png(displayed(result.image), maps, classes.names, classes.colours))


def _check_apart(dataset: Dataset, split: str, file_of: Callable[[str, Example], Path], names: Iterable[str]) -> None:
    examples = dataset.examples(split)
    theirs = {str(path.resolve()) for one in examples for path in (one.image, one.label) if path is not None}
    for name in names:
        for example in examples:
            file = file_of(name, example)
            if str(file.resolve()) in theirs:
                fact = "belongs to the data set, and would be written over"
                raise user_error(fact, "Name another folder", place=Place(str(file)))


def chosen(count: int, total: int) -> set[int]:
    """`count` numbers below `total`, evenly laid, first and last among them."""
    if count >= total:
        return set(range(total))
    return {round(number * (total - 1) / max(1, count - 1)) for number in range(count)}
