"""What was found out about a network: its picture, its table, its JSON; and what its classes are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Fault, Place, UserError, nearest, user_error
from archspec.explain.methods import reads_layer
from archspec.record import write_bytes
from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from archspec.datasets import Dataset
    from archspec.explain import Asked, ClassMap, Explained, FoundNetwork, LogitsModel
    from archspec.explain.explanation import Inside
    from archspec.explain.grid import Colour

SCORES = {
    "predicted": "mean of the class's logits over the pixels predicted as it",
    "map": "mean of the class's logits over every pixel",
}
OF_GRADIENTS = 99  # percentile with the brightest colour
COLUMNS = (
    Column("image", "image"),
    Column("class", "class"),
    Column("score", "score", kind="number", digits=2),
    Column("predicted_area", "predicted", "% of image", "number", 1, detail=True),
    Column("share_in_predicted", "in predicted", "% of map", "number", 1),
    Column("hit_predicted", "peak in predicted"),
    Column("labelled_area", "labelled", "% of image", "number", 1, detail=True),
    Column("share_in_labelled", "in labelled", "% of map", "number", 1),
    Column("hit_labelled", "peak in labelled"),
    Column("note", "note", wraps=True),
)


@dataclass(frozen=True)
class Names:
    """What each class is called, and the colour it is drawn in."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    @classmethod
    def of(
        cls,
        network: LogitsModel | FoundNetwork,
        dataset: Dataset | None,
        given: tuple[str, ...] | None = None,
        file: str = "",
    ) -> Names | None:
        """Those `given`, from a `file`, else of the data set, the run, or else numbers; None where neither tells how
        many there are.

        Raises `UserError` unless they are as many as the network's classes, and the data set's are the run's.
        """
        from archspec.explain.grid import palette

        count, where = network.classes, network.name
        names = network.class_names or tuple(map(str, range(count or 0)))
        if dataset is not None:
            if network.class_names and dataset.classes.names != network.class_names:
                fact = f"other classes than the run was trained on ({', '.join(network.class_names)})"
                raise user_error(fact, "Give the data set of the run", place=Place(dataset.name))
            names, where = dataset.classes.names, dataset.name
        if given is not None:
            names, where = given, file
        if not names:
            return None
        if count not in (None, len(names)):
            fact = f"{len(names)} classes, and the network has {count}"
            raise user_error(fact, "Give the data set, or the names, that the network was trained for",
                             place=Place(where))  # fmt: skip
        return cls(names, palette(len(names)) if dataset is None else dataset.classes.colours)

    def numbers(self, wanted: str | None) -> tuple[int, ...]:
        """`road,car` or `3,8` as numbers, each once; none for None. Raises `UserError`."""
        found: dict[int, None] = {}
        faults = []
        for word in (word.strip() for word in (wanted or "").split(",") if word.strip()):
            if word in self.names:
                found[self.names.index(word)] = None
            elif word.isdecimal() and int(word) < len(self.names):
                found[int(word)] = None
            else:
                fact = f"the network has no class '{word}'"
                faults.append(Fault(fact, nearest(word, self.names), place=Place("--classes")))
        if faults:
            raise UserError(faults)
        if wanted is not None and not found:
            raise user_error("names no class", "Such as road,car", place=Place("--classes"))
        return tuple(found)


def names_of(
    opened: LogitsModel, dataset: Dataset | None, given: tuple[str, ...] | None = None, file: str = ""
) -> Names:
    """The names of an opened network's classes. Raises `UserError`."""
    found = Names.of(opened, dataset, given, file)
    if found is None:
        raise user_error("has no classes", place=Place(opened.name))
    return found


@dataclass(frozen=True)
class Answer:
    """Everything that was found out, and where the picture goes."""

    source: str
    opened: LogitsModel
    asked: Asked
    names: Names
    rows: tuple[Explained, ...]
    picture: Path

    def write_picture(self) -> None:
        """The grid. Raises `UserError` when it cannot be written."""
        from archspec.explain.grid import Caption, draw_grid

        title = f"{self.asked.method}: {self.opened.name}, {self._layer or 'the image itself'}"
        notes = (f"score: {self._score}", *self._missing())
        bright = 100 if self._layer else OF_GRADIENTS
        caption = Caption(title, notes, self.names.names, self.names.colours, bright)
        write_bytes(self.picture, draw_grid(self.rows, caption, self.asked.region))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        asked = self.asked
        return {
            "network": self.opened.name,
            "source": self.source,
            "weights": self.opened.weights_said,
            "method": asked.method,
            "layer": self._layer,
            "score": self._score,
            "region": None if asked.region is None else list(asked.region),
            "input_size": list(self.opened.size) if self.opened.size else None,
            "picture": str(self.picture),
            "notes": [*self.opened.notes, *self._missing()],
            "images": [self._image_json(row) for row in self.rows],
            "classes": [self._class_json(index) for index in range(len(asked.classes))],
        }

    @property
    def _layer(self) -> str | None:
        return self.asked.layer if reads_layer(self.asked.method) else None

    @property
    def _score(self) -> str:
        region = self.asked.region
        where = "" if region is None else f", of the region {','.join(map(str, region))}"
        return SCORES[self.asked.score_of] + where

    def _missing(self) -> list[str]:
        """Classes that no image has a map of."""
        missing = [self.names.names[number] for index, number in enumerate(self.asked.classes)
                   if all(row.maps[index].values is None for row in self.rows)]  # fmt: skip
        return [f"no map in any image: {', '.join(missing)}"] if missing else []

    def _image_json(self, row: Explained) -> dict[str, Any]:
        return {
            "name": row.picture.name,
            "size": list(row.picture.size),
            "classes": [
                {
                    "class": self.names.names[one.number],
                    "number": one.number,
                    "score": one.score,
                    "predicted": _inside_json(one.predicted),
                    "labelled": None if one.labelled is None else _inside_json(one.labelled),
                    "note": one.note,
                }
                for one in row.maps
            ],
        }

    def _class_json(self, index: int) -> dict[str, Any]:
        number = self.asked.classes[index]
        maps = [row.maps[index] for row in self.rows]
        return {
            "class": self.names.names[number],
            "number": number,
            "images_with_a_map": sum(one.values is not None for one in maps),
            "predicted": _mean_json([one.predicted for one in maps]),
            "labelled": _mean_json([one.labelled for one in maps if one.labelled is not None]),
        }

    def table(self, *, for_people: bool) -> Table:
        """One row for each class of an image; for people without columns of labels and notes where there are none."""
        rows = [self._row(row.picture.name, one) for row in self.rows for one in row.maps]
        notes = (
            f"{self.asked.method} at {self._layer or 'the image'}; score: {self._score}",
            f"weights: {self.opened.weights_said}",
            *self.opened.notes,
            *self._missing(),
            f"picture: {self.picture}",
        )
        table = Table("", COLUMNS, tuple(rows), notes)
        return _without_empty(table) if for_people else table

    def _row(self, image: str, one: ClassMap) -> tuple[str | float | None, ...]:
        predicted, labelled = _cells(one.predicted), _cells(one.labelled)
        return (image, self.names.names[one.number], one.score, *predicted, *labelled, one.note)


def _without_empty(table: Table) -> Table:
    kept = [index for index in range(len(table.columns)) if any(row[index] not in (None, "") for row in table.rows)]
    columns = tuple(table.columns[index] for index in kept)
    return Table(table.title, columns, tuple(tuple(row[index] for index in kept) for row in table.rows), table.notes)


def _cells(where: Inside | None) -> tuple[float | None, float | None, str | None]:
    if where is None:
        return None, None, None
    share = None if where.attribution_share is None else 100 * where.attribution_share
    return 100 * where.area_share, share, None if where.hit is None else ("yes" if where.hit else "no")


def _inside_json(where: Inside) -> dict[str, Any]:
    return {
        "pixels": where.pixels,
        "area_share": where.area_share,
        "attribution_share": where.attribution_share,
        "hit": where.hit,
    }


def _mean_json(found: list[Inside]) -> dict[str, Any] | None:
    """The means over the images that have a map and such a region; None where there is none."""
    found = [one for one in found if one.attribution_share is not None]
    if not found:
        return None
    return {
        "images": len(found),
        "area_share": sum(one.area_share for one in found) / len(found),
        "attribution_share": sum(one.attribution_share or 0 for one in found) / len(found),
        "hits": sum(bool(one.hit) for one in found),
    }
