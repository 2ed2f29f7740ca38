"""Mean IoU of the exported .tflite, in the settings' precision, after the training of miou"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archspec.measures._case import Case, Measurement
from archspec.measures._file_score import file_miou
from archspec.measures._latency import precision_named
from archspec.measures._settings import Settings
from archspec.measures._training import check_training, order_of, trained, training_conditions, training_refusal
from archspec.network import Network
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


def refusal(case: Case) -> str:
    """Why the training would say nothing of the network, if so. Raises `UserError`."""
    return training_refusal(case, METRIC)


def conditions(case: Case) -> dict[str, Plain]:
    """Those of the training, the precision, and what the ranges of int8 were found with."""
    precision = case.settings.precision
    found = (
        training_conditions(case, METRIC) | package_versions(RUNTIME) | {"precision": precision, "resized": "logits"}
    )
    if precision == "int8":
        found["calibration"] = "training images" if _images(order_of(case, METRIC).final) else "synthetic"
    return found | case.conditions_at(precision)


def measure(case: Case) -> Measurement:
    """Trained (or taken from its folder), exported at the spec's input size, and run on whole validation images, which
    are resized where the file has another size. Raises `UserError`."""
    reading = trained(case, METRIC)
    if reading.value is None:
        return reading
    run = str(reading.circumstances["run"])
    data = _exported(case, Path(case.output) / run)
    return Measurement(_miou(case, data), {**reading.circumstances, "keras_miou": reading.value, "bytes": len(data)})


def _exported(case: Case, run: Path) -> bytes:
    how = case.network.expanded.quantization.values  # networks that differ in it alone share a run
    network = Network.load(run / "spec.yaml", {"quantization": how}, catalog=case.network.catalog)  # with its weights
    precision = case.settings.precision
    images = _images(order_of(case, METRIC).final) if precision == "int8" else None
    return network.to_tflite(precision=precision_named(precision), representative=images).data


def _images(dataset: Dataset) -> Path | None:
    """The folder of the training images; None where they are in no folder of their own (generated ones)."""
    images = [example.image for example in dataset.examples("train")]
    folders = {image.parent for image in images}
    return folders.pop() if len(folders) == 1 and images[0].is_file() else None


def _miou(case: Case, data: bytes) -> float:
    from archspec.train import validation_examples

    order = order_of(case, METRIC)
    examples = validation_examples(order.final, order.recipe.stages[-1].validation)
    return file_miou(data, order.final, examples)
