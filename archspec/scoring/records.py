"""Scores as one JSON object, as records with everything that they hold under, as tables, and as files of a folder."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.arrays import Array
from archspec.record import Plain, Record, package_versions, timestamp, write_records, write_text
from archspec.reporters import Cell, Column, Table, render
from archspec.scoring.metrics import (
    Counts,
    describe_missing,
    main_metric,
    metric_title,
    per_category,
    per_class,
    scores,
)

if TYPE_CHECKING:
    from archspec.scoring.prediction_scores import ScoreResult
    from archspec.scoring.segmenters import NamedSegmenter

PACKAGES = ("ai-edge-litert", "keras", "numpy", "pillow", "tensorflow")
DIGITS = 4
Cells = tuple[tuple[Cell, ...], ...]
PART_KEYS = {"miou": "iou", "mean_accuracy": "accuracy", "category_iou": "iou", "category_iiou": "iiou"}
"""How the score of one class or category is called in JSON, where that is not the metric's own name."""


def scores_json(counts: Counts) -> dict[str, Any]:
    """Every score by its name, `per_class` and, where there are categories, `per_category`; null where not defined."""
    found: dict[str, Any] = {name: number(value) for name, value in scores(counts).items()}
    found["images"] = counts.images
    found["pixels"] = int(_truth_pixels(counts).sum())
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


def number(value: float | None) -> float | None:
    """NaN, a score that is not defined, is None."""
    return None if value is None or math.isnan(value) else value


def _by_part(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """`{metric: {part: score}}` as `{part: {metric: score}}`; a part that a metric does not know has None."""
    parts = dict.fromkeys(part for values in found.values() for part in values)
    return {
        part: {PART_KEYS.get(name, name): number(values.get(part, math.nan)) for name, values in found.items()}
        for part in parts
    }


def result_json(scored: ScoreResult) -> dict[str, Any]:
    """Every score, and what stands for the data."""
    return {**scores_json(scored.counts), "data_digest": scored.data_digest}


def write_scores(
    folder: Path, scored: ScoreResult, records: Sequence[Record], notes: Sequence[str], name: str, command: str
) -> None:
    """record.json, scores.json, per_class.csv and confusion.csv."""
    everything = {"name": name, **result_json(scored), "notes": list(notes)}
    write_records(folder / "record.json", records, command=command)
    write_text(folder / "scores.json", json.dumps(everything, indent=2, allow_nan=False) + "\n")
    write_text(folder / "per_class.csv", render(class_table([(name, scored.counts)]), "csv"))
    if not scored.counts.overlap:
        write_text(folder / "confusion.csv", render(confusion_table(scored.counts), "csv"))


def describe_partial_mean(scored: ScoreResult) -> tuple[str, ...]:
    """That the mean IoU leaves out classes, if it does."""
    main = main_metric(scored.counts)
    labels, iou = scored.counts.labels, per_class(scored.counts)[main]
    counted = np.flatnonzero(labels.counted).tolist()
    missing = describe_missing([float(iou[label]) for label in counted], [labels.names[label] for label in counted])
    return (f"{metric_title(main)} is a {missing}",) if missing else ()


def summary_table(rows: Sequence[tuple[str, Counts, dict[str, Cell]]], notes: tuple[str, ...]) -> Table:
    """One row for each of `(name, counts, further cells)`; further cells are headed by their names."""
    names = list(scores(rows[0][1]))
    further = list(rows[0][2])
    columns = (
        Column("network", "network"),
        *(Column(name, metric_title(name), kind="number", digits=DIGITS) for name in names),
        *(_further_column(name, [more[name] for _, _, more in rows]) for name in further),
    )
    cells: Cells = tuple(
        (name, *(number(scores(counts)[metric]) for metric in names), *(more[key] for key in further))
        for name, counts, more in rows
    )
    return Table("", columns, cells, notes)


def class_table(rows: Sequence[tuple[str, Counts]], *, numbered: bool = False) -> Table:
    """The score of every class that counts: all scores of one network, or the IoU of each of several.

    `numbered`: networks are columns by number, and below the table by name.
    """
    first = rows[0][1]
    share = _truth_pixels(first)
    share = 100 * share / max(1, int(share.sum()))
    if len(rows) == 1:
        found = [(name, metric_title(name, part=True), values) for name, values in per_class(first).items()]
    else:
        found = [
            (f"network_{number}", f"[{number}]" if numbered else name, per_class(one)[main_metric(one)])
            for number, (name, one) in enumerate(rows, 1)
        ]
    columns = (
        Column("class", "class"),
        Column("share", "share of truth", "%", "number", 2),
        *(Column(identity, heading, kind="number", digits=DIGITS) for identity, heading, _ in found),
    )
    cells: Cells = tuple(
        (first.labels.names[label], float(share[label]), *(number(float(values[label])) for _, _, values in found))
        for label in np.flatnonzero(first.labels.counted)
    )
    notes: tuple[str, ...] = () if len(rows) == 1 else ("IoU of each class",)
    notes += tuple(f"[{number}] {name}" for number, (name, _) in enumerate(rows, 1)) if numbered else ()
    return Table("", columns, cells, notes)


def _truth_pixels(counts: Counts) -> Array:
    """Those of each label that counts in the truth `(labels,)`."""
    if counts.masks is not None and counts.overlap:
        return counts.masks.truth
    return np.where(counts.labels.counted, counts.matrix.sum(axis=1), 0)


def category_table(counts: Counts) -> Table | None:
    """The scores of every category; None where there are none."""
    found = per_category(counts)
    if not counts.labels.categories:
        return None
    columns = (
        Column("category", "category"),
        *(Column(name, metric_title(name, part=True), kind="number", digits=DIGITS) for name in found),
    )
    rows = tuple(
        (category, *(number(values.get(category)) for values in found.values()))
        for category in counts.labels.category_names()
    )
    return Table("", columns, rows)


def confusion_table(counts: Counts) -> Table:
    """Pixels by true label (row) and predicted label (column), of all labels."""
    names = counts.labels.names
    columns = (Column("truth", "truth \\ predicted"), *(Column(f"label_{n}", name) for n, name in enumerate(names)))
    rows: Cells = tuple((name, *map(int, row)) for name, row in zip(names, counts.matrix, strict=True))
    return Table("", columns, rows)


def _further_column(name: str, cells: Sequence[Cell]) -> Column:
    identity = name.replace(" ", "_")
    if any(isinstance(cell, str) for cell in cells):
        return Column(identity, name)
    return Column(identity, name, kind="number", digits=1)
