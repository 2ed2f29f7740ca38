"""ImageNet (ILSVRC 2012) as it is unpacked: a folder for each synset, names and validation labels in lists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from archspec.datasets._class_folders import ClassDataset, class_folders, classes_named, examples_of
from archspec.datasets._contract import Example
from archspec.datasets._files import files_in, folders_in, is_folder
from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import is_file, read_text

PLACES = ("", "Data/CLS-LOC", "ILSVRC/Data/CLS-LOC")  # of the folders train and val below the one that is named
NAMES = ("LOC_synset_mapping.txt", "synset_words.txt")  # lines `n01440764 tench, Tinca tinca`
SYNSETS_OF_VAL = "imagenet_2012_validation_synset_labels.txt"  # a synset a line, in the order of the file names
SOLUTION = "LOC_val_solution.csv"  # lines `ILSVRC2012_val_00000001,n01751748 111 108 230 366`
NUMBERS_OF_VAL = "val.txt"  # lines `ILSVRC2012_val_00000001.JPEG 65`: 0 is the first synset by name
ORGANISERS = "ILSVRC2012_validation_ground_truth.txt"  # numbers in an order that only meta.mat knows
_SYNSET = re.compile(r"n\d{8}")


class ImageNet(ClassDataset):
    """`train/<synset>/NAME.JPEG`, and `val/<synset>/NAME.JPEG` or `val/NAME.JPEG` with a list of their synsets.

    The list of `val` is `imagenet_2012_validation_synset_labels.txt`, `LOC_val_solution.csv` or `val.txt` beside the
    folders; names of classes are from `LOC_synset_mapping.txt` or `synset_words.txt`, else synsets. Classes are in the
    order of their synsets, as all published weights have them. Kaggle's `ILSVRC/Data/CLS-LOC` is looked into.
    """

    name = "imagenet"

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self._data = next((self.root / place for place in PLACES if is_folder(self.root / place / "train")), self.root)
        listed = self._listed_names()
        folders = [folder for split in ("train", "val") if is_folder(self._data / split)
                   for folder in folders_in(self._data / split)]  # fmt: skip
        self._synsets = sorted({folder.name for folder in folders} or listed)
        names = [listed.get(synset, synset) for synset in self._synsets]
        twice = Counter(names)  # two synsets are called crane
        own = [f"{name} ({one})" if twice[name] > 1 else name for name, one in zip(names, self._synsets, strict=True)]
        self.classes = classes_named(own)
        self._numbers = {synset: number for number, synset in enumerate(self._synsets)}

    @property
    def splits(self) -> tuple[str, ...]:
        """`train` and `val`, where they are there."""
        return tuple(split for split in ("train", "val") if is_folder(self._data / split))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Images in folders of synsets; of `val` also those of the list."""
        folder = self._data / split
        if split == "val" and not folders_in(folder):
            return self._listed_val(files_in(folder))
        folders, loose = class_folders(folder)
        return [example for one in folders for example in examples_of(one, one.name)], loose

    def class_of(self, example: Example) -> int:
        return self._numbers[example.name.partition("/")[0]]

    def _listed_names(self) -> dict[str, str]:
        """The first name of each synset. Raises `UserError` for lines that are none."""
        file = next((self.root / name for name in NAMES if is_file(self.root / name)), None)
        found: dict[str, str] = {}
        for number, line in enumerate(_lines(file) if file else (), 1):
            synset, _, words = line.partition(" ")
            if not _SYNSET.fullmatch(synset) or not words.strip():
                fact = f"not a synset and its names ('{line[:40]}')"
                raise user_error(fact, "Lines are `n01440764 tench, Tinca tinca`", place=Place(str(file), number, 1))
            found[synset] = words.split(",")[0].strip()
        return found

    def _listed_val(self, images: list[Path]) -> tuple[list[Example], list[Fault]]:
        synset_of = self._synset_of(images)
        found, faults = [], []
        for path in images:
            synset = synset_of.get(path.stem)
            if synset in self._numbers:
                found.append(Example(f"{synset}/{path.stem}", path, path))
            else:
                fact = "no synset in the list" if synset is None else f"of the synset {synset}, which train has not"
                faults.append(Fault(fact, "Add it, or take the image out", place=Place(str(path))))
        return found, faults

    def _synset_of(self, images: list[Path]) -> dict[str, str]:
        """The synset of each image of `val` by its stem, from the first list that is there. Raises `UserError`."""
        if is_file(file := self.root / SYNSETS_OF_VAL):
            synsets = _lines(file)
            if len(synsets) != len(images):
                fact = f"{len(synsets):,} lines, and val has {len(images):,} images"
                raise user_error(
                    fact, "It needs one line for each, in the order of their names", place=Place(str(file))
                )
            return {path.stem: synset for path, synset in zip(images, synsets, strict=True)}
        if is_file(file := self.root / SOLUTION):
            rows = [line.split(",", 1) for line in _lines(file)[1:]]
            return {row[0]: row[1].split()[0] for row in rows if len(row) == 2 and row[1].strip()}
        if is_file(file := self.root / NUMBERS_OF_VAL):
            pairs = [line.split() for line in _lines(file)]
            try:
                return {Path(name).stem: self._synsets[int(number)] for name, number in pairs}
            except (ValueError, IndexError) as error:
                fact = f"not a name and a number of a class from 0 to {len(self._synsets) - 1} a line"
                raise user_error(fact, "Lines are `ILSVRC2012_val_00000001.JPEG 65`", place=Place(str(file))) from error
        raise self._no_list()

    def _no_list(self) -> UserError:
        fact = "images without folders of synsets, and no list of them beside the folders"
        if is_file(self.root / ORGANISERS):
            fact += f" ({ORGANISERS} numbers them in an order that only the kit's meta.mat knows)"
        remedy = f"Add {SYNSETS_OF_VAL}, {SOLUTION} or {NUMBERS_OF_VAL}"
        return user_error(fact, remedy, place=Place(str(self._data / "val")))


def _lines(file: Path) -> list[str]:
    """Those that are not empty."""
    return [line.strip() for line in read_text(file).splitlines() if line.strip()]
