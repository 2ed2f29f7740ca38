"""Generated street scenes, 9 classes, that need no download: every command can be tried on them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from archspec.datasets._contract import Classes, Dataset, Example
from archspec.datasets._street_scene import CLASSES, SIZE, VERSION, scene
from archspec.errors import nearest, user_error

Array = np.ndarray[Any, Any]

SPLITS = {"train": 400, "val": 100}
_REMEMBERED = 8  # an image and its label are asked for one after the other


class SyntheticStreets(Dataset):
    """`train` and `val`, each scene a function of its split and number, the same on every machine."""

    name = "synthetic_streets"
    needs_folder = False
    classes = Classes(tuple(CLASSES), tuple(CLASSES.values()))

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(root)
        self._lock = Lock()
        self._remembered: OrderedDict[Path, tuple[Array, Array]] = OrderedDict()

    @property
    def splits(self) -> tuple[str, ...]:
        """`train` and `val`."""
        return tuple(SPLITS)

    def examples(self, split: str) -> tuple[Example, ...]:
        """All scenes of a split. Their paths are names only: no such file exists."""
        if split not in SPLITS:
            raise user_error(f"{self.name} has no split '{split}'", nearest(split, SPLITS))
        names = [f"{split}_{number:04d}" for number in range(SPLITS[split])]
        return tuple(Example(name, Path(f"{name}.png"), Path(f"{name}_label.png")) for name in names)

    def read_image(self, example: Example) -> Array:
        """The scene as a camera sees it."""
        return self._scene(example)[0]

    def read_label(self, example: Example) -> Array:
        """What each pixel of the scene is of."""
        return self._scene(example)[1]

    def image_size(self, example: Example) -> tuple[int, int]:
        """All are of one size."""
        return SIZE

    def fingerprint(self, split: str) -> str:
        """The version of the generator and the names of the scenes."""
        names = [example.name for example in self.examples(split)]
        return hashlib.sha256(repr((self.name, VERSION, SIZE, names)).encode()).hexdigest()[:16]

    def _scene(self, example: Example) -> tuple[Array, Array]:
        with self._lock:
            found = self._remembered.pop(example.image, None)
        if found is None:
            split, number = example.name.split("_")
            found = scene(tuple(SPLITS).index(split), int(number))
        with self._lock:
            self._remembered[example.image] = found
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found
