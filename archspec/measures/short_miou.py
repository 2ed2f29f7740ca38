"""Mean IoU after a short training of the whole network"""

from __future__ import annotations

from archspec.measures._case import Case, Reading
from archspec.measures._settings import Settings
from archspec.measures._training import check_training, trained, training_conditions
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "", "more", "proxy", 120.0
TENSORFLOW = True
METRIC, USUAL_RECIPE = "short_miou", "proxy_short"


def check(settings: Settings) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_training(settings, METRIC, USUAL_RECIPE)


def conditions(case: Case) -> dict[str, Plain]:
    """Data, recipe, seed, start and versions. Raises `UserError`."""
    return training_conditions(case, METRIC, USUAL_RECIPE)


def measure(case: Case) -> Reading:
    """On small crops with a full decay. Raises `UserError`."""
    return trained(case, METRIC, USUAL_RECIPE)
