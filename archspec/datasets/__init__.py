"""Data sets: one file each, found by its stem; `open_dataset("camvid:DIR")` opens one.

A data set is a file here with one subclass of `Dataset`. What is read from it are plain arrays; `training_batches`
makes the batches of a training run out of them, the same ones for the same seed and step, and `close_batches` gives
back what they keep. `check_before_training` says in a moment what is wrong with a split's files, `check` reads them
all; `pack` writes them as TFRecord shards.
"""

from archspec.datasets._augmentation import Augmentation
from archspec.datasets._carrying import reading_errors
from archspec.datasets._catalog import dataset_class, names, open_dataset
from archspec.datasets._check import Checked, check, check_before_training
from archspec.datasets._contract import IGNORE, Classes, Dataset, Example
from archspec.datasets._packing import pack
from archspec.datasets._pipeline import training_batches
from archspec.datasets._python_batches import close_batches, python_batches
from archspec.datasets._sheet import contact_sheet, overlay

__all__ = [
    "IGNORE",
    "Augmentation",
    "Checked",
    "Classes",
    "Dataset",
    "Example",
    "check",
    "check_before_training",
    "close_batches",
    "contact_sheet",
    "dataset_class",
    "names",
    "open_dataset",
    "overlay",
    "pack",
    "python_batches",
    "reading_errors",
    "training_batches",
]
