"""Classes of images that have no labels: names with shares, as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.datasets import read_stack
from archspec.errors import Place, Problem, UserError, user_error
from archspec.record import make_folder, write_text
from archspec.reporters import Column, Table, render
from archspec.scoring.classifiers import TOP, NamedClassifier
from archspec.scoring.prediction import classes_of_data

CSV, JSON = "classes.csv", "classes.json"
DIGITS = 4
BATCH = 16


@dataclass(frozen=True, slots=True)
class PredictedClasses:
    """One image: its classes of the highest shares, the highest first, each `(label, name, share)`."""

    image: Path
    classes: tuple[tuple[int, str, float], ...]


def predict_classes(
    named: NamedClassifier,
    pictures: Sequence[Path],
    data: str | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[PredictedClasses]:
    """The five classes of each picture that have the highest shares. `data` names a data set for their names.

    Raises `UserError` for a picture that cannot be read, and for data of another number of classes.
    """
    names = _names(named, data)
    found = []
    for start in range(0, len(pictures), BATCH):
        some = pictures[start : start + BATCH]
        try:
            shares = named.probabilities([read_stack((picture,), named.form) for picture in some])
        except Problem as problem:
            raise UserError(problem.at(Place(named.name))) from problem
        order = np.argsort(-shares, axis=1, kind="stable")[:, :TOP]
        for picture, row, places in zip(some, shares, order.tolist(), strict=True):
            highest = tuple((place, names[place], float(row[place])) for place in places)
            found.append(PredictedClasses(picture, highest))
        progress(start + len(some), len(pictures))
    return found


def _names(named: NamedClassifier, data: str | None) -> tuple[str, ...]:
    if data is None:
        return named.class_names()
    names = classes_of_data(data).names
    if len(names) != named.classifier.classes:
        fact = f"{named.name} has {named.classifier.classes} classes, and {data} has {len(names)}"
        raise user_error(fact, "Name the data set it was trained on", path="--data")
    return names


def classes_table(found: Sequence[PredictedClasses], notes: tuple[str, ...] = ()) -> Table:
    """A row for each class of each image."""
    columns = (
        Column("image", "image"),
        Column("rank", "rank", kind="integer"),
        Column("label", "label", kind="integer", detail=1),
        Column("class", "class", wraps=True),
        Column("score", "score", kind="number", digits=DIGITS),
    )
    rows = tuple(
        (str(one.image), rank, label, name, share)
        for one in found
        for rank, (label, name, share) in enumerate(one.classes, 1)
    )
    return Table("", columns, rows, notes)


def write_classes(folder: Path, found: Sequence[PredictedClasses]) -> tuple[Path, Path]:
    """`classes.csv`, a row for each class of each image, and `classes.json`, an object for each image; their paths."""
    folder = make_folder(folder)
    objects = [
        {
            "image": str(one.image),
            "classes": [{"label": label, "class": name, "score": share} for label, name, share in one.classes],
        }
        for one in found
    ]
    files = folder / CSV, folder / JSON
    write_text(files[0], render(classes_table(found), "csv"))
    write_text(files[1], json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return files
