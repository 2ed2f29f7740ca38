"""Mean IoU of the exported .tflite, in the settings' precision, after the training of miou"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.measures._settings import Settings
from archspec.measures._subject import Reading, Subject
from archspec.measures._training import check_training, order_of, trained, training_conditions
from archspec.record import Plain, package_versions

if TYPE_CHECKING:
    from archspec.datasets import Dataset

UNIT, BETTER, RUNG, SECONDS = "", "more", "training", 3660.0
TENSORFLOW = True
METRIC = "miou"  # the same training, the same recipe
RUNTIME = ("ai-edge-litert",)


def check(settings: Settings) -> None:
    """Raises `UserError` for the recipe and the data."""
    check_training(settings, METRIC)


def conditions(subject: Subject) -> dict[str, Plain]:
    """Those of the training, the precision, and what the ranges of int8 were found with."""
    precision = subject.settings.precision
    found = (
        training_conditions(subject, METRIC) | package_versions(RUNTIME) | {"precision": precision, "resized": "logits"}
    )
    if precision == "int8":
        found["calibration"] = "training images" if _images(order_of(subject, METRIC).final) else "synthetic"
    return found


def measure(subject: Subject) -> Reading:
    """Trained (or taken from its folder), exported at the spec's input size, and run on whole validation images, which
    are resized where the file has another size. Raises `UserError`."""
    reading = trained(subject, METRIC)
    if reading.value is None:
        return reading
    run = str(reading.circumstances["run"])
    data = _exported(subject, Path(subject.output) / run)
    return Reading(_miou(subject, data), {**reading.circumstances, "keras_miou": reading.value, "bytes": len(data)})


def _exported(subject: Subject, run: Path) -> bytes:
    from archspec.export import export
    from archspec.graph.trace import trace
    from archspec.spec import expand, load
    from archspec.weights import spec_weights

    spec = load(run / "spec.yaml", catalog=subject.catalog)
    network = expand(spec)
    graph = trace(network, subject.catalog)
    imported = spec_weights(network, graph)
    if imported is None:
        raise AssertionError("the spec of a run names its weights")
    precision = subject.settings.precision
    images = _images(order_of(subject, METRIC).final) if precision == "int8" else None
    weights = imported.complete(graph, subject.settings.seed)
    return export(graph, weights, precision=precision, representative=images).data  # type: ignore[arg-type]


def _images(dataset: Dataset) -> Path | None:
    """The folder of the training images; None where they are in no folder of their own (generated ones)."""
    images = [example.image for example in dataset.examples("train")]
    folders = {image.parent for image in images}
    return folders.pop() if len(folders) == 1 and images[0].is_file() else None


def _miou(subject: Subject, data: bytes) -> float:
    import numpy as np

    from archspec.export import TfliteSegmenter
    from archspec.scoring import Viewing, label_map
    from archspec.scoring.metrics._confusion import class_iou, confusion
    from archspec.train import validation_examples

    order = order_of(subject, METRIC)
    dataset, validation = order.final, order.recipe.stages[-1].validation
    network = TfliteSegmenter(data)
    classes = len(dataset.classes)
    matrix = np.zeros((classes, classes), np.int64)
    for example in validation_examples(dataset, validation):
        labels = label_map(network, dataset.read_image(example), Viewing())
        matrix += confusion(dataset.read_label(example), labels, classes)
    return float(np.nanmean(class_iou(matrix)))
