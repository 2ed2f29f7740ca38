"""Calibration for int8: representative images (a folder's, or generated ones), and each tensor's range on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from archspec.arrays import Array
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
from archspec.export.flatbuffer import encode
from archspec.export.model import Model
from archspec.files import is_file, is_folder

Range = tuple[float, float]


def calibrate(model: Model, images: Iterable[Array]) -> dict[int, Range]:
    """`(lowest, highest)` of each computed tensor of a float32 model, by its number; images `(1, H, W, C)`, 0..255.

    Raises `Problem` for no image at all, and for one of another shape than the model's.
    """
    from ai_edge_litert.interpreter import Interpreter

    watched = [index for operation in model.operations for index in operation.outputs]
    watched = [index for index in watched if model.tensors[index].dtype == "float32"]
    names = tuple(f"tensor_{index}" for index in watched)
    bare = replace(model, outputs=tuple(watched), output_names=names)  # as outputs, the runtime keeps them all
    interpreter = Interpreter(model_content=encode(bare), num_threads=1)
    interpreter.allocate_tensors()
    outputs = [interpreter.tensor(detail["index"]) for detail in interpreter.get_output_details()]
    lowest = np.full(len(watched), np.inf)
    highest = np.full(len(watched), -np.inf)
    count = 0
    entrance = interpreter.get_input_details()[0]
    for image in images:
        interpreter.set_tensor(entrance["index"], _checked(image, tuple(entrance["shape"].tolist())))
        interpreter.invoke()
        lowest = np.minimum(lowest, [output().min() for output in outputs])
        highest = np.maximum(highest, [output().max() for output in outputs])
        count += 1
    if not count:
        raise Problem("calibration needs at least one image", "Give some, like those the network will see")
    ranges = zip(lowest.tolist(), highest.tolist(), strict=True)
    return dict(zip(watched, ranges, strict=True))


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
