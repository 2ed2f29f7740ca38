"""Labels of several classes at a pixel: a mask file for each class, or one array for all of them.

`masks/<split>/<class>/NAME.png` is 0 where the class is not and 1 or 255 where it is; a class without a file for an
image is nowhere in it. `masks/<split>/NAME.npy` holds all of them, `(H, W, classes)`, in the order of the classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Example, Size
from archspec.datasets._files import by_relative_stem, files_below, folders_in, paired
from archspec.datasets._image_stack import ARRAY_SUFFIX, read_array, stack_size
from archspec.datasets._images import LABEL_SUFFIXES, label_image_size, read_indices
from archspec.errors import Fault, Place, nearest, user_error

HOLDS = (1, 255)
Named = list[tuple[str, Path]]


def paired_masks(
    images: Named, image_folder: Path, masks: Path, classes: tuple[str, ...]
) -> tuple[list[Example], list[Fault]]:
    """Images with the files of their masks; images without any, masks without an image and folders of no class are
    faults."""
    files: dict[str, list[Path]] = {}
    faults = []
    for folder in folders_in(masks):
        if folder.name in classes:
            for name, path in by_relative_stem(files_below(folder, LABEL_SUFFIXES), folder):
                files.setdefault(name, []).append(path)
        elif files_below(folder, LABEL_SUFFIXES):
            fact = f"a folder of masks, and there is no class '{folder.name}'"
            faults.append(Fault(fact, nearest(folder.name, classes), place=Place(str(folder))))
    for name, path in by_relative_stem(files_below(masks, (ARRAY_SUFFIX,)), masks):
        files.setdefault(name, []).insert(0, path)
    first = [(name, paths[0]) for name, paths in files.items()]
    wanted = f"{masks.parent.name}/{masks.name}/CLASS/{{}}.png"
    examples, unpaired = paired(images, first, wanted, (image_folder, masks))
    return [replace(one, more_labels=tuple(files[one.name][1:])) for one in examples], [*faults, *unpaired]


def read_masks(files: Iterable[Path], masks: Path, classes: tuple[str, ...]) -> Array:
    """The masks of an example `(H, W, classes)`, uint8 of 0 and 1. Raises `UserError` with the file's name."""
    found: Array | None = None
    for file in files:
        if file.suffix.lower() == ARRAY_SUFFIX:
            values = read_array(file)
            values = values[..., None] if values.ndim == 2 else values
            if values.shape[2] != len(classes):
                fact = f"{values.shape[2]} masks, and there are {len(classes)} classes"
                raise user_error(fact, "Save (H, W, classes), in the order of the classes", place=Place(str(file)))
            return _held(values, file)
        mask = _held(read_indices(file), file)
        if found is None:
            found = np.zeros((*mask.shape, len(classes)), np.uint8)
        if found.shape[:2] != mask.shape:
            sizes = [f"{one[1]} × {one[0]}" for one in (mask.shape, found.shape)]
            fact = f"{sizes[0]} pixels, and the masks of other classes have {sizes[1]}"
            raise user_error(fact, "They must be of one size", place=Place(str(file)))
        found[..., classes.index(file.relative_to(masks).parts[0])] |= mask
    if found is None:
        raise user_error("no mask", "Add one", place=Place(str(masks)))
    return found


def mask_size(file: Path) -> Size:
    """The size of a mask, from its header. Raises `UserError`."""
    return stack_size(file) if file.suffix.lower() == ARRAY_SUFFIX else label_image_size(file)


def _held(values: Array, file: Path) -> Array:
    """Where a mask holds, uint8 of 0 and 1."""
    held = np.isin(values, HOLDS)
    if not np.all(held | (values == 0)):
        others = np.unique(values[~held & (values != 0)])[:4].tolist()
        fact = f"a mask with the numbers {', '.join(map(str, others))}"
        raise user_error(fact, "Write 0 where the class is not, and 1 or 255 where it is", place=Place(str(file)))
    return held.astype(np.uint8)
