"""Up the ladder: every measure in the order of its cost, until a limit is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from archspec.errors import Problem, UserError
from archspec.measures import Measure, measure_named
from archspec.measures._case import Case
from archspec.measures._settings import SCREEN, Evaluation, KnownRecords, Limit, Rejection, Settings
from archspec.network import Network
from archspec.record import Plain, Record, timestamp
from archspec.spec import Spec


@dataclass(frozen=True, slots=True)
class Stage:
    """OnStage before a measure is taken and after it: `state` is "begun", "known" (from the ledger), "measured" or
    "failed"; `seconds` is about what it takes."""

    metric: str
    rung: str
    state: str
    seconds: float = 0.0


OnStage = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class _Rung:
    """A measure, and the limits on it."""

    measure: Measure
    limits: tuple[Limit, ...]


def screen(network: Case | Network | Spec, settings: Settings) -> Evaluation:
    """Cost and predicted latency, in milliseconds, without TensorFlow, records or ledger; the rest is not looked at.

    The measures are those of the settings on these rungs, limited ones first, up to the first limit that is broken.
    Raises `UserError` for settings that cannot be used.
    """
    rungs = [rung for rung in ladder(settings.asked, settings.limits) if rung.measure.rung in SCREEN]
    values: dict[str, float | None] = {}
    case = _under(network, settings)
    unbuilt = _unbuilt(case)
    if unbuilt:
        return unbuilt
    for rung in rungs:
        fault = ""
        try:
            values[rung.measure.name] = rung.measure.take(case).value
        except Problem as problem:
            values[rung.measure.name], fault = None, problem.fact
        rejected = _rejection(rung, values[rung.measure.name], fault)
        if rejected or fault:
            return Evaluation(values, rejected=rejected, fault=fault)
    return Evaluation(values)


def evaluate(
    network: Case | Network | Spec,
    settings: Settings,
    ledger: KnownRecords | None = None,
    progress: OnStage = lambda stage: None,
) -> Evaluation:
    """Everything that is wanted, cheapest first, up to the first limit that is broken.

    What the ledger has under the same conditions is taken from there; what is measured is added to it at once. A
    network that cannot be built is a rejection without a metric. So is one that a measure refuses: all are asked when
    only what takes longer than the screen is left. A measure that cannot be had (a training that diverges, a network
    that the device refuses) ends the climb with a fault and the value None. Raises `UserError`
    for a metric that does not exist, and `DeviceError` where somebody has to do something at the device first.
    """
    rungs = ladder(settings.asked, settings.limits)
    case = _under(network, settings)
    unbuilt = _unbuilt(case)
    if unbuilt:
        return unbuilt
    values: dict[str, float | None] = {}
    records: list[Record] = []
    screened = False
    for rung in rungs:
        name = rung.measure.name
        if not screened and rung.measure.rung not in SCREEN:
            screened = True
            refused = refusal(case)
            if refused:
                return Evaluation(values, tuple(records), refused)
        try:
            found = _records(rung.measure, case, ledger, progress)
        except (UserError, Problem) as error:
            if _is_away(error):
                raise
            progress(Stage(name, rung.measure.rung, "failed"))
            values[name], fault = None, str(error)
        else:
            records += found
            values[name], fault = _number(found[0].value), str(found[0].circumstances.get("fault") or "")
        rejected = _rejection(rung, values[name], fault)
        if rejected or values[name] is None:
            return Evaluation(values, tuple(records), rejected, fault)
    return Evaluation(values, tuple(records))


@lru_cache(maxsize=64)
def ladder(metrics: tuple[str, ...], limits: tuple[Limit, ...]) -> tuple[_Rung, ...]:
    """The measures of these metrics in the order they are taken: by rung, then limited ones, then by what they take.

    Raises `UserError` for names that no measure has.
    """
    found = [_Rung(measure_named(name), tuple(one for one in limits if one.metric == name)) for name in metrics]

    def order(rung: _Rung) -> tuple[int, bool, float, str]:
        place, seconds = rung.measure.height
        return place, not rung.limits, seconds, rung.measure.name

    return tuple(sorted(found, key=order))


def _records(measure: Measure, case: Case, ledger: KnownRecords | None, progress: OnStage) -> list[Record]:
    """The record of a measure, taken only where the ledger does not have it; then those that came along with it."""
    blank = blank_record(measure, case)
    known = None if ledger is None else ledger.get(blank.key)
    if known is not None:
        progress(Stage(measure.name, measure.rung, "known"))
        return [known]
    progress(Stage(measure.name, measure.rung, "begun", measure.seconds))
    taken = taken_record(measure, case, blank)
    found = [taken, *(_along(case) if measure.in_turns else ())]
    if ledger is not None:
        ledger.add(found)
    progress(Stage(measure.name, measure.rung, "measured" if taken.value is not None else "failed"))
    return found


def blank_record(measure: Measure, case: Case, name: str = "") -> Record:
    """What a measure of a case will be recorded as, without its value: its key is what a ledger is asked for."""
    network = case.network
    return Record(
        hash=network.cost.hash,
        metric=measure.name,
        value=None,
        unit=measure.unit,
        name=name or network.cost.name,
        spec=network.text,
        conditions=measure.conditions(case),
    )


def taken_record(measure: Measure, case: Case, blank: Record | None = None) -> Record:
    """The measure, taken now. Raises `UserError` or `Problem`."""
    found = measure.take(case)
    circumstances = dict(found.circumstances) | ({"fault": found.fault} if found.fault else {})
    return replace(
        blank or blank_record(measure, case),
        value=found.value,
        circumstances=circumstances,
        samples=found.samples,
        time=timestamp(),
    )


def _along(case: Case) -> Iterator[Record]:
    """The other numbers of a measurement that one was taken of, but those that are asked for themselves."""
    from archspec.measures._latency import timed_result

    records = timed_result(case).records
    return (record for metric, record in records.items() if metric not in case.settings.asked)


def _under(network: Case | Network | Spec, settings: Settings) -> Case:
    return network.under(settings) if isinstance(network, Case) else Case(network, settings)


def _unbuilt(case: Case) -> Evaluation | None:
    """Why it cannot be built, if so."""
    try:
        _ = case.network.cost
    except (UserError, Problem) as error:
        reason = error.fact if isinstance(error, Problem) else str(error)
        return Evaluation({}, rejected=Rejection("", reason))
    return None


def refusal(case: Case) -> Rejection | None:
    """Why a measure that the settings ask for would say nothing of the network, if one of them says so."""
    for rung in ladder(case.settings.asked, case.settings.limits):
        with suppress(UserError, Problem):  # what it raises, taking it raises again
            reason = rung.measure.refusal(case)
            if reason:
                return Rejection("", f"{rung.measure.name}: {reason}")
    return None


def _rejection(rung: _Rung, value: float | None, fault: str) -> Rejection | None:
    for limit in rung.limits:
        if limit.broken_by(value):
            return Rejection(limit.metric, _reason(limit, value, fault))
    return None


def _reason(limit: Limit, value: float | None, fault: str) -> str:
    """`gflops 0.71 > 0.5`."""
    if value is None:
        return f"{limit.metric} could not be had" + (f": {fault}" if fault else "")
    return f"{limit.metric} {value:.4g} {'>' if limit.at_most else '<'} {limit.bound:.4g}"


def _is_away(error: Exception) -> bool:
    """Whether somebody has to do something at a device first: that says nothing of the network."""
    from archspec.devices import DeviceError

    return isinstance(error, DeviceError) and error.hand


def _number(value: Plain) -> float | None:
    return float(value) if isinstance(value, int | float) else None
