"""Several settings of one model in one measurement: threads and delegate become part of what takes its turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.devices._contract import Device, Model, Session
from archspec.devices._latency import Interrupted, Latency
from archspec.devices._machine import Machine
from archspec.devices._measure import Watcher, measure, shared
from archspec.devices._procedure import Procedure


@dataclass(frozen=True)
class SetModel(Model):
    """A model that is to run with so many threads, and through that delegate (one of the device's; "" is its own)."""

    threads: int = 1
    delegate: str = ""


class SettingsDevice:
    """A `Device` that opens each model with the model's own settings, on the device of its delegate."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices
        self._first = next(iter(devices.values()))

    def beside(self, models: Sequence[Model]) -> SettingsDevice:
        """Each device as it opens models that are compared."""
        return SettingsDevice({name: shared(device, models) for name, device in self._devices.items()})

    @property
    def name(self) -> str:
        """The device's own name."""
        return self._first.name

    def machine(self) -> Machine:
        """The device's own state."""
        return self._first.machine()

    def open(self, model: Model, *, threads: int) -> Session:
        """With the model's threads and delegate; a model without settings as it is asked for."""
        if isinstance(model, SetModel):
            return self._devices[model.delegate].open(model, threads=model.threads)
        return self._first.open(model, threads=threads)


def measure_settings(
    models: Sequence[SetModel],
    device_of: Callable[[str], Device],
    *,
    procedure: Procedure | str = "default",
    reference: int = 0,
    progress: Watcher | None = None,
) -> tuple[Latency, ...]:
    """As `measure`, with all models and all settings taking turns, so that ratios between settings are paired too.

    `device_of` makes the device for a delegate's name. Raises as `measure` does.
    """
    devices = {delegate: device_of(delegate) for delegate in dict.fromkeys(model.delegate for model in models)}
    try:
        found = measure(
            list(models),
            device=SettingsDevice(devices),
            procedure=procedure,
            threads=models[0].threads,
            reference=reference,
            progress=progress,
        )
    except Interrupted as stop:
        raise Interrupted(_with_threads(stop.latencies, models)) from stop
    return _with_threads(found, models)


def _with_threads(found: Sequence[Latency], models: Sequence[SetModel]) -> tuple[Latency, ...]:
    """Each with its own threads. Processor time of several threads is left out by the sessions already."""
    return tuple(replace(latency, threads=model.threads) for latency, model in zip(found, models, strict=False))
