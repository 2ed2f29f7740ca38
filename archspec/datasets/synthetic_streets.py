"""Generated street scenes, 9 classes, that need no download: every command can be tried on them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from archspec.arrays import Array
from archspec.datasets._contract import Classes, Dataset, Example, Size
from archspec.datasets._street_scene import CLASSES, SIZE, scene
from archspec.errors import Fault

SPLITS = {"train": 400, "val": 100}
_REMEMBERED = 8  # an image and its label are asked for one after the other


class SyntheticStreets(Dataset):
    """`train` and `val`, each scene a function of its split and number (and of NumPy's and Pillow's versions)."""

    name = "synthetic_streets"
    needs_folder = False
    classes = Classes(tuple(CLASSES), tuple(CLASSES.values()))

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(root)
        self._lock = Lock()
        self._remembered: OrderedDict[Path, tuple[Array, Array]] = OrderedDict()

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(SPLITS)

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """All scenes of a split. Their paths are names only: no such file exists."""
        names = [f"{split}_{number:04d}" for number in range(SPLITS[split])]
        return [Example(name, Path(f"{name}.png"), Path(f"{name}_label.png")) for name in names], []

    def read_image(self, example: Example) -> Array:
        """The scene as a camera sees it."""
        return self._scene(example)[0]

    def read_label(self, example: Example) -> Array:
        """What each pixel of the scene is of."""
        return self._scene(example)[1]

    def image_size(self, example: Example) -> Size:
        return SIZE

    def label_size(self, example: Example) -> Size:
        return SIZE

    def fingerprint(self, split: str) -> str:
        """The names of the scenes and the pixels of the first: they change with the generator."""
        examples = self.examples(split)
        found = hashlib.sha256(repr((self.name, split, [example.name for example in examples])).encode())
        for pixels in self._scene(examples[0]):
            found.update(pixels.tobytes())
        return found.hexdigest()[:16]

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
