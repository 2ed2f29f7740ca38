"""Mean IoU after the training that the settings name"""

from __future__ import annotations

from archspec.measures._case import Case, Reading
from archspec.measures._settings import Settings
from archspec.measures._training import check_training, trained, training_conditions
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "", "more", "training", 3600.0
TENSORFLOW = True
METRIC, USUAL_RECIPE = "miou", ""


def check(settings: Settings) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_training(settings, METRIC, USUAL_RECIPE)


def conditions(case: Case) -> dict[str, Plain]:
    """Data, recipe, seed, start and versions. Raises `UserError`."""
    return training_conditions(case, METRIC, USUAL_RECIPE)


def measure(case: Case) -> Reading:
    """By the recipe under miou in the settings. Raises `UserError`."""
    return trained(case, METRIC, USUAL_RECIPE)
