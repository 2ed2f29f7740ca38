"""Many numbers of many networks, taken in one way: planned from the ledger, measured on an engine, kept."""

from archspec.experiment.comparison import FEWEST, LEVEL, Difference, difference, paired_p
from archspec.experiment.engine_kind import EngineKind, engine_named
from archspec.experiment.engines import LOCAL, AtWork, start_engine
from archspec.experiment.engines._trip import Places
from archspec.experiment.evaluator import LadderEvaluator, Preparation, evaluator_for
from archspec.experiment.experiment import (
    Entry,
    Experiment,
    ExperimentProgress,
    ExperimentResult,
    Item,
    once_each,
)
from archspec.experiment.quick_tables import quick_table
from archspec.experiment.sample import Sample
from archspec.experiment.turns import at_device, check_same_device, device_at

__all__ = [
    "FEWEST",
    "LEVEL",
    "LOCAL",
    "AtWork",
    "Difference",
    "EngineKind",
    "Entry",
    "Experiment",
    "ExperimentProgress",
    "ExperimentResult",
    "Item",
    "LadderEvaluator",
    "Places",
    "Preparation",
    "Sample",
    "at_device",
    "check_same_device",
    "device_at",
    "difference",
    "engine_named",
    "evaluator_for",
    "once_each",
    "paired_p",
    "quick_table",
    "start_engine",
]
