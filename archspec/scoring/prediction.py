"""Predict images that have no labels: the class of each pixel as a PNG, and as an overlay on the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets import (
    IMAGE_KINDS,
    STACK_SUFFIXES,
    Classes,
    dataset_class,
    displayed,
    files_below,
    files_in,
    names,
    open_dataset,
    read_stack,
    stack_channels,
    topmost,
    with_further_files,
)
from archspec.errors import Fault, Place, Problem, UserError, user_error
from archspec.files import exists, is_folder
from archspec.record import write_bytes
from archspec.scoring.images import distinct_colours, indexed_png, mask_pngs, overlay_png
from archspec.scoring.inference import Viewing, label_count, label_map, makes_masks, mask_map
from archspec.scoring.segmenters import NamedSegmenter

MOST_NAMED, MOST_CHANNELS = 3, 1024
NO_CLASS = 255


@dataclass(frozen=True, slots=True)
class Predicted:
    """One picture: where its files are, and the share of each class that is there, the largest first."""

    image: Path
    labels: Path
    overlay: Path
    shares: tuple[tuple[str, float], ...]


def images_in(sources: Sequence[Path]) -> list[Path]:
    """The files named, and the images directly inside each folder named. Raises `UserError` with every fault."""
    found: list[Path] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            inside = files_in(source, STACK_SUFFIXES) if is_folder(source) else [source]
        except UserError as error:
            faults += error.faults
            continue
        if not inside:
            faults.append(_no_image(source))
        elif not exists(source):
            faults.append(Fault("no such file", "Name an image", place=Place(str(source))))
        found += inside
    faults += _alike(found)
    if faults:
        raise UserError(faults)
    return found


def channels_of(pictures: Sequence[Path]) -> tuple[int, ...]:
    """How many channels the first picture can be read as, with its further files. Raises `UserError`."""
    own, whole = stack_channels(pictures[:1]), stack_channels(with_further_files(pictures[0], MOST_CHANNELS))
    return (*own, *(one for one in whole if one not in own))


def describe_left_out(sources: Sequence[Path], output: Path) -> tuple[str, ...]:
    """A line for each folder with images in its subfolders, which are not predicted; `output` is not counted."""
    lines, results = [], output.resolve()
    for source in sources:
        deeper = _deeper(source) if is_folder(source) else []
        count = sum(results not in path.resolve().parents for path in deeper)
        if count:
            lines.append(
                f"{source}: {count} image(s) in folders inside it are left out; name those folders to predict them"
            )
    return tuple(lines)


def check_results(pictures: Sequence[Path], folder: Path) -> None:
    """Raise `UserError` where what is predicted of one picture would be written over another."""
    there = {str(picture.resolve()): picture for picture in pictures}
    written = (file for picture in pictures for file in result_files(picture, folder))
    over = [there[str(file.resolve())] for file in written if str(file.resolve()) in there]
    if over:
        raise UserError(
            [Fault("would be written over", "Name another folder with --output", place=Place(str(one))) for one in over]
        )


def result_files(picture: Path, folder: Path) -> tuple[Path, Path]:
    """Where the labels of a picture go, and the same laid over it."""
    return folder / f"{picture.stem}_labels.png", folder / f"{picture.stem}_overlay.png"


def predict_image(named: NamedSegmenter, picture: Path, viewing: Viewing, folder: Path, data: str | None) -> Predicted:
    """Write `<stem>_labels.png`, with the class of each pixel and a palette, and `<stem>_overlay.png`.

    A network of masks gives masks of 0 and 255: `<stem>_labels.png` of the foreground, or `<stem>_<class>.png` of each
    of several classes. Raises `UserError` for a picture that cannot be read or shown.
    """
    image = read_stack(with_further_files(picture, named.form.channels), named.form)
    masks: Array | None = None
    try:
        if makes_masks(named.segmenter):
            masks = mask_map(named.segmenter, image, viewing)
        single = masks is not None and masks.shape[2] == 1
        labels = label_map(named.segmenter, image, viewing) if masks is None else topmost(masks)
    except Problem as problem:
        raise UserError(problem.at(Place(str(picture)))) from problem
    if masks is not None and single:
        labels = masks[..., 0]
    known = labels[labels < NO_CLASS] if masks is not None else labels
    classes = classes_of(named, data, int(known.max(initial=0)))
    files = result_files(picture, folder)
    if masks is None:
        write_bytes(files[0], indexed_png(labels, classes.colours))
    else:
        names = ("labels",) if single else classes.names
        for name, content in mask_pngs(masks, names).items():
            write_bytes(folder / f"{picture.stem}_{name}.png", content)
        files = (files[0] if single else folder / f"{picture.stem}_*.png", files[1])
    write_bytes(files[1], overlay_png(displayed(image), [("", labels)], classes.names, classes.colours))
    return Predicted(picture, *files, _shares(labels, classes.names))


def _shares(labels: Array, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    counts = np.bincount(labels[labels < len(names)].ravel(), minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    return tuple((names[label], float(counts[label] / labels.size)) for label in order if counts[label])


def _no_image(folder: Path) -> Fault:
    """The fault of a folder without images: they may lie in subfolders, or be of another kind."""
    inside = sorted({str(path.parent) for path in _deeper(folder)})
    if inside:
        fact = f"no image in this folder itself, only in folders inside it ({', '.join(inside[:MOST_NAMED])}"
        fact += ", …)" if len(inside) > MOST_NAMED else ")"
        return Fault(fact, "Name those folders", place=Place(str(folder)))
    return Fault(f"no {IMAGE_KINDS} image in this folder", "Name images", place=Place(str(folder)))


def _deeper(folder: Path) -> list[Path]:
    return [path for path in files_below(folder, STACK_SUFFIXES) if path.parent != folder]


def _alike(pictures: Sequence[Path]) -> list[Fault]:
    """A fault for each picture whose results would have the file name of another's."""
    first: dict[str, Path] = {}
    faults = []
    for picture in pictures:
        other = first.setdefault(picture.stem, picture)
        if other is not picture:
            fact = f"is called like {other}, so their results would be one file"
            faults.append(Fault(fact, "Predict them one by one, into other folders", place=Place(str(picture))))
    return faults


def classes_of_data(data: str) -> Classes:
    """The classes of `NAME` or `NAME:FOLDER`. Raises `UserError`, also where only the folder knows them."""
    name, colon, _ = data.partition(":")
    if colon or name not in names():
        return open_dataset(data).classes
    found = getattr(dataset_class(name), "classes", None)
    return found if isinstance(found, Classes) else open_dataset(data).classes


def classes_of(named: NamedSegmenter, data: str | None, largest: int) -> Classes:
    """The classes of `data` where that is given, else of the data it was trained on, else numbered names.

    `largest` is the largest label that was predicted.

    Raises `UserError` when the network has another number of classes than `data`.
    """
    if data is not None:
        found = classes_of_data(data)
        count = label_count(named.segmenter)
        if (count or len(found)) != len(found) or largest >= len(found):
            fact = f"{named.name} has {count or 'more'} classes, and {data} has {len(found)}"
            raise user_error(fact, "Name the data set it was trained on", path="--data")
        return found
    if named.data.partition(":")[0] in names():
        known = getattr(dataset_class(named.data.partition(":")[0]), "classes", None)
        if isinstance(known, Classes) and known.names == named.labels:
            return known
    count = max(label_count(named.segmenter) or 0, len(named.labels), largest + 1)
    binary = makes_masks(named.segmenter) and named.segmenter.classes == 1
    names_given = ("background", *named.labels) if binary and len(named.labels) == 1 else named.labels
    known_names = names_given or tuple(f"class {number}" for number in range(count))
    return Classes(
        (*known_names, *(f"class {number}" for number in range(len(known_names), count))), distinct_colours(count)
    )
