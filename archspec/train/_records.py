"""The scores of a training as records: each with the data, recipe, seed and versions that it holds for."""

from __future__ import annotations

import math

from archspec.record import Plain, Record, package_versions, timestamp
from archspec.spec import dump
from archspec.train._order import Order
from archspec.train._run import PACKAGES
from archspec.train._validation import Scores


def training_records(order: Order, network_hash: str, scores: Scores, steps: tuple[int, ...]) -> tuple[Record, ...]:
    """`val_miou`, and the `val_iou` of each class that is there or predicted."""
    stage = order.recipe.stages[-1]
    dataset = order.final
    conditions: dict[str, Plain] = {
        "data": dataset.name,
        "split": stage.validation.split,
        "data_fingerprint": order.fingerprints[f"{dataset.name} {stage.validation.split}"],
        "training_fingerprint": order.fingerprints[f"{dataset.name} {stage.split}"],
        "images": scores.images,
        "image_sizes": ", ".join(f"{height} x {width}" for height, width in scores.sizes),
        "mode": "whole image, padded to multiples of 128" if scores.padded else "whole image",
        "classes": len(dataset.classes),
        "recipe": order.recipe.name,
        "recipe_digest": order.recipe.digest,
        "crop": " x ".join(map(str, stage.augmentation.size)),
        "steps": sum(steps),
        "seed": order.seed,
        "weights_digest": None if order.imported is None else order.imported.digest,
        **package_versions(PACKAGES),
    }
    circumstances: dict[str, Plain] = {"start": order.start_said}  # it names a file, wherever that lies
    time = timestamp()
    spec = dump(order.trained_spec)

    def row(metric: str, value: float, more: dict[str, Plain]) -> Record:
        return Record(
            network_hash, metric, value, "", order.spec.name, spec, {**conditions, **more}, circumstances, time=time
        )

    rows = [row("val_miou", scores.miou, {})]
    for name, value in zip(dataset.classes.names, scores.iou.tolist(), strict=True):
        if not math.isnan(value):
            rows.append(row("val_iou", value, {"class": name}))
    return tuple(rows)
