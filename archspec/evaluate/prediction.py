"""Pictures that nobody has labelled: the label of each pixel as a PNG, and the same laid over the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.datasets._images import IMAGE_SUFFIXES, read_rgb
from archspec.errors import Fault, Place, Problem, UserError
from archspec.evaluate.class_names import classes_of
from archspec.evaluate.contestants import Contestant
from archspec.evaluate.inference import Viewing, label_map
from archspec.evaluate.pictures import indexed_png, overlay_png
from archspec.evaluate.resampling import Array
from archspec.files import exists, is_folder
from archspec.record import write_bytes


@dataclass(frozen=True, slots=True)
class Predicted:
    """One picture: where its files are, and the share of each class that is there, the largest first."""

    image: Path
    labels: Path
    overlay: Path
    shares: tuple[tuple[str, float], ...]


def pictures_in(sources: Sequence[Path]) -> list[Path]:
    """Files as they are, and of a folder its PNG and JPEG files. Raises `UserError` with every fault."""
    found: list[Path] = []
    faults: list[Fault] = []
    for source in sources:
        inside = sorted(path for path in source.glob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
        if is_folder(source) and not inside:
            faults.append(Fault("no PNG or JPEG image in this folder", "Name images", place=Place(str(source))))
        elif not exists(source):
            faults.append(Fault("no such file", "Name an image", place=Place(str(source))))
        found += inside if is_folder(source) else [source]
    faults += _alike(found)
    if faults:
        raise UserError(faults)
    return found


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


def predict_picture(
    contestant: Contestant, picture: Path, viewing: Viewing, folder: Path, data: str | None
) -> Predicted:
    """Write `<stem>_labels.png`, with the class of each pixel and a palette, and `<stem>_overlay.png`.

    Raises `UserError` for a picture that cannot be read or shown.
    """
    image = read_rgb(picture)
    try:
        labels = label_map(contestant.network, image, viewing)
    except Problem as problem:
        raise UserError(problem.at(Place(str(picture)))) from problem
    classes = classes_of(contestant, data, int(labels.max(initial=0)))
    files = result_files(picture, folder)
    write_bytes(files[0], indexed_png(labels, classes.colours))
    write_bytes(files[1], overlay_png(image, [("", labels)], classes.names, classes.colours))
    return Predicted(picture, *files, _shares(labels, classes.names))


def _shares(labels: Array, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    counts = np.bincount(labels.ravel(), minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    return tuple((names[label], float(counts[label] / labels.size)) for label in order if counts[label])


def _alike(pictures: Sequence[Path]) -> list[Fault]:
    """Pictures whose results would be one file."""
    first: dict[str, Path] = {}
    faults = []
    for picture in pictures:
        other = first.setdefault(picture.stem, picture)
        if other is not picture:
            fact = f"is called like {other}, so their results would be one file"
            faults.append(Fault(fact, "Predict them one by one, into other folders", place=Place(str(picture))))
    return faults
