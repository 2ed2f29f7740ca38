"""Calibration for int8: representative images (a folder's, or generated ones), and each tensor's range on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from archspec.arrays import PLAIN_CALIBRATION, Array, Calibration, RangeChoice
from archspec.datasets import (
    IMAGE_KINDS,
    STACK_SUFFIXES,
    ImageForm,
    files_below,
    read_stack,
    resized_pixels,
    with_further_files,
)
from archspec.errors import Place, Problem, user_error
from archspec.export.bias_correction import kernel_means, kernel_readers, source_of
from archspec.export.flatbuffer import encode
from archspec.export.interpreter import open_here
from archspec.export.model import Model
from archspec.export.ranges import Histogram, Range
from archspec.files import is_file, is_folder

View = Callable[[], Array]


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of a model's tensors, by their numbers: the range of each computed one; where it was asked for,
    what the taps of each kernel read on average (archspec/export/bias_correction.py)."""

    ranges: dict[int, Range]
    kernel_means: dict[int, Array] = field(default_factory=dict)


def calibrate(model: Model, images: Iterable[Array], how: Calibration = PLAIN_CALIBRATION) -> Observed:
    """Run a float32 model on images `(1, H, W, C)` in 0..255, and find the ranges of what it computes.

    Raises `Problem` for no image at all, and for one of another shape than the model's.
    """
    watched = [index for operation in model.operations for index in operation.outputs]
    watched = [index for index in watched if model.tensors[index].dtype == "float32"]
    seen = _Extremes(len(watched)) if how.ranges == "minmax" else _Counts(len(watched), how.ranges)
    means = _Means(model, watched) if how.bias_correction else None
    count = 0
    for image, outputs in _runs(model, watched, images):
        seen.add(outputs)
        if means is not None:
            means.add(image, outputs)
        count += 1
    if not count:
        raise Problem("calibration needs at least one image", "Give some, like those the network will see")
    ranges = dict(zip(watched, seen.ranges, strict=True))
    return Observed(ranges, {} if means is None else kernel_means(model, means.found))


def _runs(model: Model, watched: Sequence[int], images: Iterable[Array]) -> Iterator[tuple[Array, list[View]]]:
    """Each image, and views of the watched tensors on it. None may be held when the next image comes."""
    names = tuple(f"tensor_{index}" for index in watched)
    bare = replace(model, outputs=tuple(watched), output_names=names)  # as outputs, the runtime keeps them all
    interpreter = open_here(encode(bare))
    outputs = [interpreter.tensor(detail["index"]) for detail in interpreter.get_output_details()]
    entrance = interpreter.get_input_details()[0]
    for image in images:
        checked = _checked(image, tuple(entrance["shape"].tolist()))
        interpreter.set_tensor(entrance["index"], checked)
        interpreter.invoke()
        yield checked, outputs


class _Extremes:
    """The smallest and largest number of each tensor."""

    def __init__(self, count: int) -> None:
        self._lowest, self._highest = np.full(count, np.inf), np.full(count, -np.inf)

    def add(self, outputs: Sequence[View]) -> None:
        self._lowest = np.minimum(self._lowest, [output().min() for output in outputs])
        self._highest = np.maximum(self._highest, [output().max() for output in outputs])

    @property
    def ranges(self) -> list[Range]:
        return list(zip(self._lowest.tolist(), self._highest.tolist(), strict=True))


class _Counts:
    """A histogram of each tensor."""

    def __init__(self, count: int, choice: RangeChoice) -> None:
        self._histograms, self._choice = [Histogram() for _ in range(count)], choice

    def add(self, outputs: Sequence[View]) -> None:
        for histogram, output in zip(self._histograms, outputs, strict=True):
            histogram.add(output())

    @property
    def ranges(self) -> list[Range]:
        return [one.range_by(self._choice) for one in self._histograms]


class _Means:
    """The mean over the images of each tensor that a kernel reads."""

    def __init__(self, model: Model, watched: Sequence[int]) -> None:
        self._input = model.inputs[0]
        places = {index: position for position, index in enumerate(watched)}
        read = {source_of(operation) for operation in kernel_readers(model).values()}
        self._places = {index: places[index] for index in read if index in places}
        self._sums: dict[int, Array] = {}
        self._count = 0

    def add(self, image: Array, outputs: Sequence[View]) -> None:
        self._count += 1
        self._sums[self._input] = self._sums.get(self._input, 0.0) + image.astype(np.float64)
        for index, place in self._places.items():
            self._sums[index] = self._sums.get(index, 0.0) + outputs[place]().astype(np.float64)

    @property
    def found(self) -> dict[int, Array]:
        return {index: total / self._count for index, total in self._sums.items()}


def _checked(image: Array, shape: tuple[int, ...]) -> Array:
    image = np.asarray(image, np.float32)
    if image.shape == shape[1:]:
        image = image[None]
    if image.shape != shape:
        raise Problem(f"a representative image of shape {list(image.shape)}, the network takes {list(shape)}")
    return image


MOST_IMAGES = 100
SYNTHETIC_IMAGES = 16
SYNTHETIC_NOTE = (
    f"calibrated on {SYNTHETIC_IMAGES} synthetic images (seeded gradients and smooth noise), not on real ones"
)


def synthetic_images(size: tuple[int, int], channels: int, count: int = SYNTHETIC_IMAGES) -> Iterator[Array]:
    """Seeded images `(1, H, W, C)`, float32 of whole numbers in 0..255: gradients and smooth noise."""
    generator = np.random.default_rng(0)
    for _ in range(count):
        image = _gradient(size, channels, generator)
        for cells in (2, 5, 11, 23, 47):
            image = image + _smooth_noise(size, channels, cells, generator)
        low, high = image.min(), image.max()
        dark, bright = generator.uniform(0, 60), generator.uniform(195, 255)
        yield np.rint(dark + (image - low) / (high - low) * (bright - dark)).astype(np.float32)[None]


def folder_images(
    folder: Path, size: tuple[int, int], channels: int, deep_range: tuple[float, float] | None = None
) -> Iterator[Array]:
    """Up to 100 of the images in a folder and below, evenly chosen by name, resized: `(1, H, W, C)` float32, 0..255.

    They are read as a network of these channels and this range of more than 8 bits reads them. Raises `UserError` for a
    folder without images; for a file that is not one, or has other channels, while they are read.
    """
    if not is_folder(folder):
        raise user_error("no such folder", f"Name a folder of images ({IMAGE_KINDS})", place=Place(str(folder)))
    files = [path for path in files_below(folder, STACK_SUFFIXES) if is_file(path)]
    if not files:
        raise user_error(f"no {IMAGE_KINDS} image in this folder", "Name a folder of images", place=Place(str(folder)))
    chosen = files[:: -(-len(files) // MOST_IMAGES)]
    form = ImageForm(channels, deep_range)
    return (_read(path, size, form) for path in chosen)


def _read(path: Path, size: tuple[int, int], form: ImageForm) -> Array:
    pixels = read_stack(with_further_files(path, form.channels), form)
    return resized_pixels(pixels, size)[None].astype(np.float32)


def _gradient(size: tuple[int, int], channels: int, generator: np.random.Generator) -> Array:
    rows, columns = np.linspace(0, 1, size[0])[:, None, None], np.linspace(0, 1, size[1])[None, :, None]
    slopes = generator.normal(size=(2, channels))
    gradient: Array = rows * slopes[0] + columns * slopes[1]
    return gradient


def _smooth_noise(size: tuple[int, int], channels: int, cells: int, generator: np.random.Generator) -> Array:
    """Noise on a grid of `cells`, bilinearly enlarged; the finer, the weaker."""
    grid = generator.normal(size=(cells + 1, cells + 1, channels)) / cells**0.5
    return _stretch(_stretch(grid, size[0], 0), size[1], 1)


def _stretch(grid: Array, length: int, axis: int) -> Array:
    where = np.linspace(0, grid.shape[axis] - 1, length)
    before = np.minimum(where.astype(int), grid.shape[axis] - 2)
    shape = [1, 1, 1]
    shape[axis] = length
    share = (where - before).reshape(shape)
    stretched: Array = np.take(grid, before, axis) * (1 - share) + np.take(grid, before + 1, axis) * share
    return stretched
