"""One number of a network each, found by its file name.

A measure is a file here with the constants `UNIT`, `BETTER` (`less` or `more`), `RUNG` (of the ladder) and `SECONDS`
(about how long it takes, for the order within a rung), and a function `measure(case)` that gives a number or a
`Measurement`. What the number depends on is known before it is taken: `conditions(case)`, where it is more than the
network at its input size. `check(settings)`, where there is one, raises `UserError` for settings that no network can
be measured under. `TENSORFLOW = True` says that it needs TensorFlow, `WHOLE = True` that it is a whole number; `read`
takes the number off a latency. Heavy libraries are imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from archspec import catalog
from archspec.doors import later
from archspec.errors import Place, nearest, user_error
from archspec.measures._case import Case, Measurement
from archspec.measures._settings import RUNGS, SCREEN, Evaluation, KnownRecords, Limit, Rejection, Settings
from archspec.record import Plain
from archspec.reporters import Column

if TYPE_CHECKING:
    from archspec.devices import Latency
    from archspec.measures._build import Agreement, Build, BuildOptions, build_records
    from archspec.measures._device import device_conditions, settled_device
    from archspec.measures._evaluate import Stage, blank_record, evaluate, refusal, screen
    from archspec.measures._latency import Ratio, ratio_between, timed_case
    from archspec.measures._latency_tables import LatencyResult
    from archspec.measures._profile import ProfileReport, profile_file, profile_network
    from archspec.measures._sensitivity import Scoring, SensitivityReport, profile_sensitivity
    from archspec.measures._timing import Timed, TimedResult, Timing
    from archspec.measures._training import training_folders
    from archspec.measures._worker import (
        check_settings,
        evaluate_text,
        heard_by,
        preload,
        prepare_worker,
        report_step,
    )

DIGITS = {"ms": 2, "ms²": 3, "MB": 3, "1/s": 1, "10^9 operations": 3}

__all__ = [
    "RUNGS",
    "SCREEN",
    "Agreement",
    "Build",
    "BuildOptions",
    "Case",
    "Evaluation",
    "KnownRecords",
    "LatencyResult",
    "Limit",
    "Measure",
    "Measurement",
    "ProfileReport",
    "Ratio",
    "Rejection",
    "Scoring",
    "SensitivityReport",
    "Settings",
    "Stage",
    "Timed",
    "TimedResult",
    "Timing",
    "blank_record",
    "build_records",
    "check_settings",
    "device_conditions",
    "evaluate",
    "evaluate_text",
    "heard_by",
    "measure_named",
    "measures",
    "preload",
    "prepare_worker",
    "profile_file",
    "profile_network",
    "profile_sensitivity",
    "ratio_between",
    "refusal",
    "report_step",
    "screen",
    "settled_device",
    "timed_case",
    "training_folders",
]

KIND = "measures"

# What takes measures imports them: it is imported when it is asked for.
_HOMES = {
    "_build": ("Agreement", "Build", "BuildOptions", "build_records"),
    "_device": ("device_conditions", "settled_device"),
    "_evaluate": ("Stage", "blank_record", "evaluate", "refusal", "screen"),
    "_latency": ("Ratio", "ratio_between", "timed_case"),
    "_latency_tables": ("LatencyResult",),
    "_profile": ("ProfileReport", "profile_file", "profile_network"),
    "_sensitivity": ("Scoring", "SensitivityReport", "profile_sensitivity"),
    "_timing": ("Timed", "TimedResult", "Timing"),
    "_training": ("training_folders",),
    "_worker": ("check_settings", "evaluate_text", "heard_by", "preload", "prepare_worker", "report_step"),
}

__getattr__ = later(__name__, _HOMES)


@dataclass(frozen=True)
class Measure:
    """A measure as its file describes it."""

    name: str
    description: str
    unit: str
    better: str
    rung: str
    seconds: float
    tensorflow: bool
    conditions: Callable[[Case], Mapping[str, Plain]]
    check: Callable[[Settings], object]
    refusal: Callable[[Case], str]
    whole: bool
    read: Callable[[Latency], Measurement] | None
    _measure: Callable[[Case], float | Measurement]

    @property
    def less_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.better == "less"

    @property
    def exact(self) -> bool:
        """Whether the same network has the same number each time."""
        return self.rung in SCREEN

    @property
    def predicted(self) -> bool:
        """Whether it takes a latency table."""
        return self.rung == "predicted"

    @property
    def in_turns(self) -> bool:
        """Whether it is read off a measurement in which networks take turns on a device."""
        return self.read is not None

    @property
    def trains(self) -> bool:
        """Whether it depends on data and seed. Networks that compute the same function share such a number."""
        return self.rung in ("proxy", "training")

    @property
    def digits(self) -> int:
        """Decimals that people are shown."""
        return 0 if self.whole else DIGITS.get(self.unit, 4)

    @property
    def shown_unit(self) -> str:
        """The unit, where the name does not say it already."""
        unit = self.unit.lower().replace("²", "2")
        said = self.unit == "10^9 operations" or self.name.endswith(f"_{unit}") or self.name == unit
        return "" if said else self.unit

    def column(self, column: str = "", heading: str = "") -> Column:
        """The column of its numbers in a table for people, by its own name unless `column` and `heading` are given."""
        names = column or self.name, heading or self.name, self.shown_unit
        return Column(*names, "integer") if self.whole else Column(*names, "number", self.digits)

    @property
    def height(self) -> tuple[int, float]:
        """Its place on the ladder."""
        return RUNGS.index(self.rung), self.seconds

    def take(self, case: Case) -> Measurement:
        """The number now. Raises `UserError` or `Problem` for a network that cannot be built, device faults too."""
        found = self._measure(case)
        return found if isinstance(found, Measurement) else Measurement(found)


def measures() -> tuple[str, ...]:
    """The names of all measures, the bundled ones in alphabetical order first: files, none of them imported."""
    return tuple(catalog.members(KIND))


def measure_named(name: str) -> Measure:
    """The measure of a file. Raises `UserError`, with the nearest name, where there is none."""
    return _described(name, catalog.load(KIND, name, "UNIT", "BETTER", "RUNG", "SECONDS", "measure"))


@cache
def _described(name: str, file: Any) -> Measure:
    if file.RUNG not in RUNGS:
        fact = f"the measure '{name}' is of a rung that there is not ('{file.RUNG}')"
        raise user_error(fact, nearest(file.RUNG, RUNGS), place=Place(str(catalog.members(KIND)[name]), 1, 1))
    return Measure(
        name=name,
        description=str(file.__doc__).partition("\n")[0],
        unit=file.UNIT,
        better=file.BETTER,
        rung=file.RUNG,
        seconds=file.SECONDS,
        tensorflow=getattr(file, "TENSORFLOW", False),
        conditions=_conditions(name, file),
        check=getattr(file, "check", lambda settings: None),
        refusal=getattr(file, "refusal", lambda case: ""),
        whole=getattr(file, "WHOLE", False),
        read=getattr(file, "read", None),
        _measure=file.measure,
    )


def _conditions(name: str, file: Any) -> Callable[[Case], Mapping[str, Plain]]:
    """What the number depends on: as the file says, and of a plugin's the file itself."""
    stated: Callable[[Case], Mapping[str, Plain]] = getattr(file, "conditions", _of_the_network)
    digest = catalog.plugin_digest(KIND, name)
    return (lambda case: {**stated(case), "measure_file": digest}) if digest else stated


def _of_the_network(case: Case) -> Mapping[str, Plain]:
    return case.network_conditions
