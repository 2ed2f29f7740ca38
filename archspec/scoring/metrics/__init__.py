"""Scores of predicted labels: one number for each file, found by the file's stem, all read off the same `Counts`.

A metric is a file here with a function of its own name, `Counts` -> the score (NaN when nothing of it occurs, None
where what it needs is not counted), with `NAME`, what people call it, and, where it has parts, `per_class` or
`per_category` with the heading `COLUMN`. Scores are between 0 and 1.
"""

from __future__ import annotations

from typing import Any

from archspec.catalog import load, members
from archspec.scoring.metrics._confusion import class_iou, confusion
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._labels import Labels
from archspec.scoring.metrics._masks import MaskSums
from archspec.scoring.metrics._means import describe_missing

__all__ = [
    "Counts", "Labels", "MaskSums", "check_metrics", "class_iou", "confusion", "describe_missing", "main_metric",
    "metric_title", "metrics", "per_category", "per_class", "reads_masks", "score", "scores",
]  # fmt: skip

FIRST = ("miou", "iiou", "category_iou", "category_iiou", "pixel_accuracy")


def metrics() -> tuple[str, ...]:
    """The names of all metrics, the usual ones first: the files of this folder, none of them imported."""
    return tuple(sorted(members("metrics"), key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)))


def check_metrics() -> None:
    """Import every metric: what is wrong with a file of a plugin folder is said before anything slow is done.

    Raises `UserError`.
    """
    for name in metrics():
        _metric(name)


def score(name: str, counts: Counts) -> float | None:
    """One score; None where what it needs is not counted. Raises `KeyError` for a name that is none of `metrics()`."""
    found: float | None = getattr(_metric(name), name)(counts)
    return found


def scores(counts: Counts) -> dict[str, float]:
    """Every score of what is counted, by its name."""
    of_masks = counts.overlap  # then there is no class of a pixel, and nothing is known but the masks
    found = {name: score(name, counts) for name in metrics() if not of_masks or reads_masks(name)}
    return {name: value for name, value in found.items() if value is not None}


def reads_masks(name: str) -> bool:
    """Whether a metric is of masks, which may overlap."""
    return bool(getattr(_metric(name), "READS_MASKS", False))


def main_metric(counts: Counts) -> str:
    """The metric that networks are compared by: mIoU, of masks that may overlap their mean IoU."""
    return "binary_iou" if counts.overlap else "miou"


def per_class(counts: Counts) -> dict[str, Any]:
    """The scores that have one of each label, by name: arrays `(labels,)`, of what is counted."""
    return {name: _metric(name).per_class(counts) for name in scores(counts) if hasattr(_metric(name), "per_class")}


def per_category(counts: Counts) -> dict[str, dict[str, float]]:
    """The scores that have one of each category, by name."""
    with_categories = (name for name in scores(counts) if hasattr(_metric(name), "per_category"))
    return {name: _metric(name).per_category(counts) for name in with_categories}


def metric_title(name: str, part: bool = False) -> str:
    """What people call a metric; with `part`, the score of one class or category."""
    metric = _metric(name)
    return str(metric.COLUMN if part else metric.NAME)


def _metric(name: str) -> Any:
    if name not in metrics():
        raise KeyError(name)
    return load("metrics", name, name, "NAME")
