"""Images and labels of a data set scaled down, in CamVid's folders: made once, then read like any data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.datasets import IGNORE, Dataset, open_dataset
from archspec.datasets.camvid import VOID
from archspec.errors import user_error
from archspec.record import temporary_folder

if TYPE_CHECKING:
    from archspec.arrays import Array

SPLITS = ("train", "val")


def small_images(reference: str, folder: Path, size: tuple[int, int]) -> str:
    """The reference of `camvid:DIR` with images `size` (height, width), which lie in `folder`; they are made where they
    are not there yet. Images are averaged over areas, labels are those of the nearest pixel. Raises `UserError`."""
    source = open_dataset(reference)
    if source.name != "camvid":
        raise user_error(f"'{source.name}' is no CamVid", "Give --data camvid:DIR")
    height, width = size
    made = folder / f"camvid_{height}x{width}"
    if not made.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(made) as unfinished:
            for split in SPLITS:
                _write_split(source, split, unfinished, size)
            unfinished.rename(made)
    return f"camvid:{made}"


def _write_split(source: Dataset, split: str, folder: Path, size: tuple[int, int]) -> None:
    from PIL import Image

    images, labels = folder / split, folder / f"{split}annot"
    images.mkdir(parents=True)
    labels.mkdir()
    for example in source.examples(split):
        image, label = source.read_image(example), source.read_label(example)
        label = label.copy()
        label[label == IGNORE] = VOID
        _resized(image, size, Image.Resampling.BOX).save(images / f"{example.name}.png")
        _resized(label, size, Image.Resampling.NEAREST).save(labels / f"{example.name}.png")


def _resized(pixels: Array, size: tuple[int, int], how: int) -> object:
    from PIL import Image

    height, width = size
    return Image.fromarray(pixels).resize((width, height), how)
