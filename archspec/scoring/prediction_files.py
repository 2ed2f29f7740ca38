"""Predictions as files: which one belongs to which image, read with everything that can be wrong with one."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from archspec.arrays import Array
from archspec.datasets import LABEL_SUFFIXES, is_hidden, read_indices
from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import is_folder
from archspec.scoring.ground_truth import Item, Reference, Size

MOST_FAULTS = 20


def find_predictions(folder: Path, items: Iterable[Item], reference: Reference) -> Mapping[str, Path]:
    """The prediction of each item by its name: the one file, in whatever folder below, that is called after it.

    Raises `UserError` with every item that has none or several.
    """
    files = _Files(folder)
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for item in items:
        matching = files.beginning(item.prediction) if reference.name_begins else files.at(item.prediction)
        if len(matching) == 1:
            found[item.name] = matching[0]
        else:
            faults.append(_not_one(item, matching, folder))
    if faults:
        raise some_of(faults)
    return found


def read_prediction(file: Path, reference: Reference, size: Size) -> Array:
    """The labels in a prediction `(H, W)`. Raises `UserError` unless it is of that size and holds labels that exist."""
    labels = read_indices(file)
    if labels.dtype == np.bool_:  # a PNG of one bit a pixel
        labels = labels.astype(np.uint8)
    if labels.shape != size:
        fact = f"{labels.shape[0]} x {labels.shape[1]} pixels, and the truth has {size[0]} x {size[1]}"
        raise user_error(fact, "Save predictions at the size of the truth", place=Place(str(file)))
    lowest, highest = int(labels.min(initial=0)), int(labels.max(initial=0))
    if lowest < 0 or highest >= len(reference.labels):
        value = lowest if lowest < 0 else highest
        fact = f"value {value}, which is no label of {reference.name}"
        raise user_error(fact, f"Labels are 0 to {len(reference.labels) - 1}", place=Place(str(file)))
    return labels


def some_of(faults: list[Fault]) -> UserError:
    """All faults, or the first of very many and how many there are."""
    if len(faults) <= MOST_FAULTS:
        return UserError(faults)
    more = Fault(f"and {len(faults) - MOST_FAULTS} more of {len(faults)} in all")
    return UserError([*faults[:MOST_FAULTS], more])


class _Files:
    """Every PNG, BMP and TIFF file below a folder, by its name without the ending; hidden ones are left out."""

    def __init__(self, folder: Path) -> None:
        if not is_folder(folder):
            raise user_error("no such folder", "Name a folder of prediction PNGs", place=Place(str(folder)))
        found = []
        for root, folders, names in os.walk(folder, onerror=_cannot_read):
            folders[:] = [name for name in folders if not is_hidden(name)]
            paths = (Path(root, name) for name in names if not is_hidden(name))
            found += [(path.stem, path) for path in paths if path.suffix.lower() in LABEL_SUFFIXES]
        self._files = sorted(found)
        self._names = [name for name, _ in self._files]

    def beginning(self, name: str) -> list[Path]:
        """Up to two files whose names begin so."""
        first = bisect_left(self._names, name)
        return [path for other, path in self._files[first : first + 2] if other.startswith(name)]

    def at(self, wanted: str) -> list[Path]:
        """Up to two files of just this name (`x.png`, of any ending that is read); a name with folders in it is looked
        for in folders of these names."""
        whole = PurePosixPath(wanted).with_suffix("")
        first, last = bisect_left(self._names, whole.name), bisect_right(self._names, whole.name)
        paths = [path for _, path in self._files[first:last]]
        return [path for path in paths if f"/{path.with_suffix('').as_posix()}".endswith(f"/{whole}")][:2]


def _cannot_read(error: OSError) -> None:
    raise user_error(f"cannot be read ({error.strerror})", "Check its permissions", place=Place(str(error.filename)))


def _not_one(item: Item, matching: list[Path], folder: Path) -> Fault:
    if not matching:
        name = f"{item.prediction.removesuffix('.png')}.png"
        return Fault(f"no prediction for it in {folder}", f"Save one as {name}", place=Place(str(item.file)))
    fact = f"several predictions for it ({matching[0]}, {matching[1]})"
    return Fault(fact, "Leave one", place=Place(str(item.file)))
