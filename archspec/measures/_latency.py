"""The measures of latency: what they hold under, the numbers read off one measurement, and two of them compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

from archspec.errors import nearest, user_error
from archspec.measures._case import Case, Measurement
from archspec.measures._device import device_conditions
from archspec.record import Plain, Record

if TYPE_CHECKING:
    from archspec.devices import Latency
    from archspec.export import Precision
    from archspec.measures._settings import Settings
    from archspec.measures._timing import Timed, TimedResult

RUNG, SECONDS = "host", 3.0
FEWEST_ROUNDS = 4

Number = Callable[["Latency"], float | None]
Samples = Callable[["Latency"], tuple[float, ...]]
Check = Callable[["Settings"], None]
Conditions = Callable[[Case], dict[str, Plain]]
Read = Callable[["Latency"], Measurement]
Measuring = Callable[[Case], Measurement]


def of_latency(
    unit: str, better: str, number: Number, samples: Samples = lambda latency: ()
) -> tuple[str, str, str, float, Check, Conditions, Read, Measuring]:
    """What the file of a measure of latency holds: UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure."""

    def read(latency: Latency) -> Measurement:
        value = number(latency)
        return Measurement(value, samples=samples(latency), fault="" if value is not None else "the device gives none")

    def measure(case: Case) -> Measurement:
        """Raises `UserError` for a network that the device cannot run."""
        found = timed_result(case)
        circumstances = found.records["latency_ms"].circumstances
        return replace(read(found.latency), circumstances=circumstances)

    return unit, better, RUNG, SECONDS, check_device, latency_conditions, read, measure


def check_device(settings: Settings) -> None:
    """Raises `UserError` for a device that does not answer, and for a procedure or precision that does not exist."""
    from archspec.devices import procedure

    procedure(settings.procedure)
    precision_named(settings.precision)
    device_conditions(settings.device, settings.threads, "")


def timed_case(case: Case, name: str = "") -> Timed:
    """A network under settings, exported in their precision with its own weights."""
    from archspec.measures._timing import Timed

    network, settings = case.network, case.settings
    precision = precision_named(settings.precision)
    return Timed(
        name=name or network.name,
        hash=network.hash,
        content=lambda: network.to_tflite(precision=precision).data,
        conditions={**case.file_conditions, "precision": precision, "weights": network.weights_digest},
        spec=network.text,
        threads=settings.threads,
    )


def latency_conditions(case: Case) -> dict[str, Plain]:
    """All that a latency of the case holds under."""
    from archspec.measures._timing import Timing

    return Timing(case.settings.device, case.settings.procedure).conditions(timed_case(case))


def timed_result(case: Case) -> TimedResult:
    """The case's one measurement, from which all its latencies are read. Raises `UserError`."""
    from archspec.measures._timing import Timing

    settings = case.settings
    timing = Timing(settings.device, settings.procedure, output=settings.output, waits=False)
    return case.once("latency", lambda: timing.run([timed_case(case)])[0])


def precision_named(name: str) -> Precision:
    """A precision by its name. Raises `UserError` for one that does not exist."""
    from archspec.export import PRECISIONS

    for known in PRECISIONS:
        if known == name:
            return known
    raise user_error(f"unknown precision '{name}'", nearest(name, PRECISIONS))


class Ratio(NamedTuple):
    """A latency over another one: its median, and the quartiles of the rounds. `paired`: the two took turns."""

    value: float
    lower: float
    upper: float
    paired: bool = True

    @property
    def within_noise(self) -> bool:
        """Whether the middle half of the rounds has both faster and slower ones."""
        return self.lower <= 1.0 <= self.upper


def ratio_between(one: Mapping[str, Record], base: Mapping[str, Record]) -> Ratio:
    """The latency of one network over that of another, by the ratios of both to the reference network.

    Round by round where both are of one measurement; else the quotient of the two ratios, with quartiles as far apart
    as those of both allow.
    """
    ours, theirs = one["latency_ratio"], base["latency_ratio"]
    if ours.key == theirs.key:
        return Ratio(1.0, 1.0, 1.0)
    measurement = ours.circumstances.get("measurement")
    if measurement and measurement == theirs.circumstances.get("measurement"):
        rounds = [own / other for own, other in zip(ours.samples, theirs.samples, strict=False) if other > 0]
        return Ratio(*_quartiles(rounds, _value(ours) / (_value(theirs) or 1.0)))
    value, lower, upper = _quartiles(ours.samples, _value(ours))
    basis, least, most = _quartiles(theirs.samples, _value(theirs))
    return Ratio(value / (basis or 1.0), lower / (most or 1.0), upper / (least or 1.0), paired=False)


def _quartiles(rounds: Sequence[float], value: float) -> tuple[float, float, float]:
    """Median, lower and upper quartile; the value itself where there are too few rounds to say."""
    if len(rounds) < FEWEST_ROUNDS:
        return value, value, value
    lower, middle, upper = quantiles(rounds, n=4, method="inclusive")
    return middle, lower, upper


def _value(record: Record) -> float:
    return float(record.value) if isinstance(record.value, int | float) else 0.0
