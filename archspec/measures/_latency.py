"""One measurement in turns with the reference, from which several numbers are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import nearest, user_error
from archspec.measures._case import Case, Reading
from archspec.measures._device import alone, device_of, reference, runtime_conditions
from archspec.record import Plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from archspec.devices import Latency
    from archspec.export import Precision
    from archspec.measures._settings import Settings

SECONDS = 3.0
HOST = "host"


def check_device(settings: Settings) -> None:
    """Raises `UserError` for a device that does not answer, and for a procedure or precision that does not exist."""
    from archspec.devices import procedure

    procedure(settings.procedure)
    precision_named(settings.precision)
    runtime_conditions(settings.device, settings.threads)


def latency_conditions(case: Case) -> dict[str, Plain]:
    """Device, runtime, procedure and precision."""
    from archspec.devices import procedure

    settings = case.settings
    steps = procedure(settings.procedure)
    return {
        **runtime_conditions(settings.device, settings.threads),
        **case.network_conditions,
        "precision": settings.precision,
        "weights": "fresh",
        "warmup_s": steps.warmup_s,
        "runs": steps.runs,
        "runs_per_round": steps.runs_per_round,
        "beside": reference().name,
    }


def read(case: Case, value: Callable[[Latency], float], *, samples: bool = False) -> Reading:
    """A number of the case's one measurement. Raises `UserError` for a network that the device cannot run."""
    latency = case.once("latency", lambda: _measured(case))
    circumstances: dict[str, Plain] = {
        "cautions": "; ".join(latency.cautions),
        "cpu": latency.machine.cpu,
        "governor": latency.machine.governor,
        "load_average_before": latency.machine.load_average,
        "load_average_after": latency.load_average_after,
        "model_hash": latency.model_hash,
        "operations": latency.system.operations,
        "operations_delegated": latency.system.delegated,
        "runs_taken": latency.runs,
    }
    return Reading(value(latency), circumstances, latency.samples_ms if samples else ())


def _measured(case: Case) -> Latency:
    from archspec.devices import Model, measure, measure_queue

    settings = case.settings
    exported = case.network.to_tflite(precision=precision_named(settings.precision))
    model = Model(case.network.name, exported.data)
    device, threads = device_of(settings.device), settings.threads
    with alone(settings):
        if settings.device == HOST:
            return measure([reference(), model], device=device, procedure=settings.procedure, threads=threads)[-1]
        (outcome,) = measure_queue(
            [model], device=device, procedure=settings.procedure, threads=threads, reference=reference()
        )
    if outcome.latency is None:
        raise outcome.fault or user_error("the device gave no latency")
    return outcome.latency


def precision_named(name: str) -> Precision:
    """A precision by its name. Raises `UserError` for one that does not exist."""
    from archspec.export import PRECISIONS

    for known in PRECISIONS:
        if known == name:
            return known
    raise user_error(f"unknown precision '{name}'", nearest(name, PRECISIONS))
