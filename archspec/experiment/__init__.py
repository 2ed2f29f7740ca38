"""Many numbers of many networks, taken in one way: planned from the ledger, measured on an engine, kept."""

from archspec.experiment.comparison import FEWEST, LEVEL, Difference, difference, paired_p
from archspec.experiment.evaluator import LadderEvaluator, Preparation, evaluator_for
from archspec.experiment.experiment import (
    Entry,
    Experiment,
    ExperimentProgress,
    ExperimentResult,
    Item,
    once_each,
)
from archspec.experiment.sample import Sample

__all__ = [
    "FEWEST",
    "LEVEL",
    "Difference",
    "Entry",
    "Experiment",
    "ExperimentProgress",
    "ExperimentResult",
    "Item",
    "LadderEvaluator",
    "Preparation",
    "Sample",
    "difference",
    "evaluator_for",
    "once_each",
    "paired_p",
]
