"""What the classes of a network are called and drawn in: as its data set says, else as it says itself."""

from __future__ import annotations

from archspec.datasets import Classes, open_dataset
from archspec.datasets._contract import dataset_class, names
from archspec.errors import user_error
from archspec.scoring.overlay import distinct_colours
from archspec.scoring.segmenters import Contestant


def classes_of_data(reference: str) -> Classes:
    """The classes of `NAME` or `NAME:FOLDER`. Raises `UserError`, also where only the folder knows them."""
    name, colon, _ = reference.partition(":")
    if colon or name not in names():
        return open_dataset(reference).classes
    found = getattr(dataset_class(name), "classes", None)
    return found if isinstance(found, Classes) else open_dataset(reference).classes


def classes_of(contestant: Contestant, data: str | None, largest: int) -> Classes:
    """Of `data` where that is given, else of the data it was trained on, else numbered; `largest` is what it gave.

    Raises `UserError` when the network has another number of classes than `data`.
    """
    if data is not None:
        found = classes_of_data(data)
        count = contestant.network.classes
        if (count or len(found)) != len(found) or largest >= len(found):
            fact = f"{contestant.name} has {count or 'more'} classes, and {data} has {len(found)}"
            raise user_error(fact, "Name the data set it was trained on", path="--data")
        return found
    if contestant.data.partition(":")[0] in names():
        known = getattr(dataset_class(contestant.data.partition(":")[0]), "classes", None)
        if isinstance(known, Classes) and known.names == contestant.labels:
            return known
    count = max(contestant.network.classes or 0, len(contestant.labels), largest + 1)
    said = contestant.labels or tuple(f"class {number}" for number in range(count))
    return Classes((*said, *(f"class {number}" for number in range(len(said), count))), distinct_colours(count))
