"""Scores as plain values: one JSON object, and records with everything that they hold under."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.record import Plain, Record, package_versions, timestamp
from archspec.scoring.metrics import Counts, per_category, per_class, scores

if TYPE_CHECKING:
    from archspec.scoring.prediction_scores import ScoreResult
    from archspec.scoring.segmenters import NamedSegmenter

PACKAGES = ("ai-edge-litert", "keras", "numpy", "pillow", "tensorflow")
PART_KEYS = {"miou": "iou", "mean_accuracy": "accuracy", "category_iou": "iou", "category_iiou": "iiou"}
"""How the score of one class or category is called in JSON, where that is not the metric's own name."""


def scores_json(counts: Counts) -> dict[str, Any]:
    """Every score by its name, `per_class` and, where there are categories, `per_category`; null where not defined."""
    found: dict[str, Any] = {name: number(value) for name, value in scores(counts).items()}
    found["images"] = counts.images
    found["pixels"] = int(counts.matrix[counts.labels.counted].sum())
    found["per_class"] = class_scores(counts)
    if counts.labels.categories:
        found["per_category"] = _by_part(per_category(counts))
    return found


def class_scores(counts: Counts) -> dict[str, dict[str, float | None]]:
    """The scores of each class that counts, by its name."""
    names = counts.labels.names
    found = per_class(counts)
    return {
        names[label]: {PART_KEYS.get(name, name): number(float(values[label])) for name, values in found.items()}
        for label in np.flatnonzero(counts.labels.counted)
    }


def score_records(
    scored: ScoreResult, conditions: Mapping[str, Plain], *, what: str, name: str, spec: str = ""
) -> list[Record]:
    """Each score as a record. `what` is the hash of what is scored; versions are added here."""
    time = timestamp()
    everything = {**conditions, "data_digest": scored.data_digest, "images": scored.counts.images}
    everything.update(package_versions(PACKAGES))
    return [
        Record(hash=what, metric=metric, value=number(value), name=name, spec=spec, conditions=everything, time=time)
        for metric, value in scores(scored.counts).items()
    ]


def segmenter_records(scored: ScoreResult, named: NamedSegmenter, conditions: Mapping[str, Plain]) -> list[Record]:
    """The records of a network."""
    merged = {**named.conditions, **conditions}
    return score_records(scored, merged, what=named.hash, name=named.name, spec=named.spec)


def number(value: float) -> float | None:
    """NaN, a score that is not defined, is None."""
    return None if math.isnan(value) else value


def _by_part(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """`{metric: {part: score}}` as `{part: {metric: score}}`; a part that a metric does not know has None."""
    parts = dict.fromkeys(part for values in found.values() for part in values)
    return {
        part: {PART_KEYS.get(name, name): number(values.get(part, math.nan)) for name, values in found.items()}
        for part in parts
    }
