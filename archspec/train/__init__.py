"""Training: a spec, a recipe and data to a folder with trained weights; stopped anywhere, it goes on exactly there.

A recipe is YAML (`specs/recipes`), read to plain values without TensorFlow. A loss is a file in `losses`, a schedule
one in `schedules`, each found by its stem.
"""

from typing import TYPE_CHECKING

from archspec.doors import later
from archspec.train._checks import check_order
from archspec.train._order import Order, start_of
from archspec.train._progress import StepReport, TrainingProgress
from archspec.train._recipe import Recipe, Stage
from archspec.train._recipe_file import load_recipe, parse_recipe, recipe_names
from archspec.train._run import Run, resumed_order
from archspec.train._run_file import describe_duration
from archspec.train._trunk import Trunk, load_at_length, recipe_steps, scaled, trunk_of
from archspec.train._trunk_folder import TRUNKS, trunk_folder
from archspec.train._untrained_taps import describe_never_trained
from archspec.train._validation import validation_examples

if TYPE_CHECKING:
    from archspec.train._fit import KerasFit, no_model
    from archspec.train._training import Training, TrainingResult

__all__ = [
    "TRUNKS", "KerasFit", "Order", "Recipe", "Run", "Stage", "StepReport", "Training", "TrainingProgress",
    "TrainingResult", "Trunk", "check_order", "describe_duration", "describe_never_trained", "load_at_length",
    "load_recipe", "no_model", "parse_recipe", "recipe_names", "recipe_steps", "resumed_order", "scaled", "start_of",
    "trunk_folder", "trunk_of", "validation_examples",
]  # fmt: skip


# What needs TensorFlow is imported when it is asked for.
__getattr__ = later(__name__, {"_training": ("Training", "TrainingResult"), "_fit": ("KerasFit", "no_model")})
