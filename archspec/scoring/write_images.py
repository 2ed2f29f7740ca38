"""Folders that predictions and overlays are written to, image by image, while a split is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from archspec.datasets import Dataset
from archspec.datasets._contract import Example
from archspec.errors import Place, user_error
from archspec.record import write_bytes
from archspec.record.destination import make_folder
from archspec.scoring.overlay import overlay_png, png_bytes
from archspec.scoring.score_networks import Look


@dataclass(frozen=True)
class PredictionFolder:
    """Every prediction in the organisers' format: label numbers, in a file called after the image."""

    folders: dict[str, Path]
    dataset: Dataset

    def check(self, split: str) -> None:
        """Raise `UserError` where a prediction would be written over a file of the data set."""
        _check_apart(self.dataset, split, self._file, self.folders)

    def _file(self, name: str, example: Example) -> Path:
        return self.folders[name] / self.dataset.prediction_path(example)

    def __call__(self, look: Look) -> None:
        """Write one."""
        file = self._file(look.contestant.name, look.example)
        make_folder(file.parent)
        write_bytes(file, png_bytes(self.dataset.encode_prediction(look.predicted)))


@dataclass(frozen=True)
class OverlayFolder:
    """`count` images, evenly chosen over the split, under their truth and their prediction."""

    folders: dict[str, Path]
    dataset: Dataset
    count: int

    def check(self, split: str) -> None:
        """Raise `UserError` where a picture would be written over a file of the data set."""
        _check_apart(self.dataset, split, self._file, self.folders)

    def _file(self, name: str, example: Example) -> Path:
        return self.folders[name] / f"{example.name.replace('/', '_')}.png"

    def __call__(self, look: Look) -> None:
        """Write one, if it is chosen."""
        if look.number not in chosen(self.count, look.total):
            return
        maps = [("truth", self.dataset.read_label(look.example)), ("prediction", look.predicted)]
        classes = self.dataset.classes
        file = self._file(look.contestant.name, look.example)
        write_bytes(file, overlay_png(look.image, maps, classes.names, classes.colours))


def _check_apart(dataset: Dataset, split: str, file_of: Callable[[str, Example], Path], names: Iterable[str]) -> None:
    examples = dataset.examples(split)
    theirs = {str(path.resolve()) for one in examples for path in (one.image, one.label) if path is not None}
    for name in names:
        for example in examples:
            file = file_of(name, example)
            if str(file.resolve()) in theirs:
                fact = "belongs to the data set, and would be written over"
                raise user_error(fact, "Name another folder", place=Place(str(file)))


def chosen(count: int, total: int) -> set[int]:
    """`count` numbers below `total`, evenly laid, first and last among them."""
    if count >= total:
        return set(range(total))
    return {round(number * (total - 1) / max(1, count - 1)) for number in range(count)}


def together(*sinks: Callable[[Look], None] | None) -> Callable[[Look], None] | None:
    """All of them, those that are wanted, as one; None when none is."""
    wanted = [sink for sink in sinks if sink is not None]
    if not wanted:
        return None

    def each(look: Look) -> None:
        for sink in wanted:
            sink(look)

    return each
