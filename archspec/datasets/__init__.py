"""Data sets: one file each, found by its stem; `open_dataset("camvid:DIR")` opens one.

A data set is a file here with one subclass of `Dataset`. What is read from it are plain arrays; `training_batches`
makes the batches of a training run out of them, the same ones for the same seed and step.
"""

from archspec.datasets._augmentation import Augmentation
from archspec.datasets._catalog import names, open_dataset
from archspec.datasets._contract import IGNORE, Classes, Dataset, Example
from archspec.datasets._pipeline import training_batches

__all__ = [
    "IGNORE",
    "Augmentation",
    "Classes",
    "Dataset",
    "Example",
    "names",
    "open_dataset",
    "training_batches",
]
