"""Signal-to-noise ratio of the int8 file's logits against float32, dB

Quantised as the spec says under `quantization`, on generated images: 16 for the ranges, and the first 4 of them for the
ratio. Without weights in the spec they are random ones of the seed, through which the image's signal passes: such a
number tells ways of quantising one network apart, not what a trained network loses.
"""

from __future__ import annotations

from archspec.measures._case import Case, Measurement
from archspec.network import FRESH
from archspec.record import Plain, package_versions

UNIT, BETTER, RUNG, SECONDS = "dB", "more", "tflite", 0.6
RUNTIME = ("ai-edge-litert",)


def conditions(case: Case) -> dict[str, Plain]:
    """How it is quantised, its weights, the runtime."""
    network = case.network
    weights: dict[str, Plain] = {"weights": network.weights_digest}
    weights |= {"seed": case.settings.seed, "start": "random"} if network.weights_digest == FRESH else {}
    return {**case.network_conditions, **case.conditions_at("int8"), **weights, **package_versions(RUNTIME)}


def measure(case: Case) -> Measurement:
    """Raises `Problem` for a layer that cannot be exported."""
    from archspec.export.calibration import synthetic_images
    from archspec.export.sensitivity import int8_snr_db

    network, entrance = case.network, case.network.graph.inputs[0]
    fresh = network.weights_digest == FRESH
    weights = network.fresh_weights(case.settings.seed, "random") if fresh else network.weights
    found = int8_snr_db(
        network.graph,
        weights,
        synthetic_images(entrance.size, entrance.channels),
        network.expanded.quantization.calibration,
    )
    return Measurement(None, fault="int8 loses nothing at all") if found == float("inf") else Measurement(found)
