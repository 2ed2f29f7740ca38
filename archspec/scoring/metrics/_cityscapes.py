"""The labels of Cityscapes as its organisers score them: 34 numbers, 19 of which count.

Source: cityscapesScripts 2.3.0, evalPixelLevelSemanticLabeling.py.
"""

from __future__ import annotations

from archspec.datasets._contract import IGNORE
from archspec.datasets.cityscapes import LABELS
from archspec.scoring.metrics._labels import Labels

USUAL_SIZES = {
    "bicycle": 4672.3249222261,
    "caravan": 36771.8241758242,
    "motorcycle": 6298.7200839748,
    "rider": 3930.4788056518,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "car": 12794.0202738185,
    "person": 3462.4756337644,
    "truck": 27855.1264367816,
    "trailer": 16926.9763313609,
}
"""Mean pixels of an instance in the training set, by label: small instances weigh as much as these."""


def cityscapes_labels() -> Labels:
    """All 34, by their numbers in the organisers' label images (not the 19 that networks are trained on)."""
    rows = sorted(label for label in LABELS if label.number >= 0)
    return Labels(
        names=tuple(label.name for label in rows),
        scored=tuple(label.train != IGNORE for label in rows),
        categories=tuple(label.category for label in rows),
        usual_sizes={label.number: USUAL_SIZES[label.name] for label in rows if label.has_instances},
    )
