"""Is a device fit to measure on: reached, in what state, with which runtime, and does a model run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from archspec.devices._contract import Device, Model, Session
from archspec.devices._latency import summarise
from archspec.devices._link import leftovers
from archspec.devices._machine import Machine
from archspec.errors import UserError

_WARM_S = 0.2
_RUNS = 6
_MANY_RUNS = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One question and its answer; `fault` when there was none."""

    name: str
    found: str
    caution: str = ""
    fault: UserError | None = None


def check_device(device: Device, model: Model, threads: int | None = None) -> Iterator[Step]:
    """The steps, each as soon as it is done; ends with the first fault."""
    own: int = getattr(device, "threads", 1)
    wanted = threads or own
    try:
        machine = device.machine()
        yield Step("reached", _described(machine))
        yield Step("state", _state(machine), machine.state.throttled)
        yield from _left_behind(device)
        with closing(device.open(model, threads=wanted)) as session:
            yield Step("runtime", _runtime(session, wanted))
            yield from _runs(session)
    except UserError as error:
        yield Step("fault", error.faults[0].message, fault=error)


def _described(machine: Machine) -> str:
    build = f"{machine.architecture} {machine.system} {machine.kernel}"
    return f"{machine.cpu}, {machine.usable_cpus} of {machine.cpus} processors, {build}"


def _state(machine: Machine) -> str:
    load = "" if machine.load_average is None else f"load average {machine.load_average}"
    parts = (f"governor {machine.governor or 'not known'}", load, machine.state.words)
    return ", ".join(part for part in parts if part)


def _left_behind(device: Device) -> Iterator[Step]:
    link = getattr(device, "link", None)
    found = leftovers(link) if link is not None else ()
    if found:
        yield Step("left behind", ", ".join(found), "folders of sessions that were cut, or that run now")


def _runtime(session: Session, threads: int) -> str:
    system = session.system
    share = "" if system.operations is None else f" ({system.delegated} of {system.operations} operations)"
    return f"{system.runtime} {system.version}, delegate {system.delegate or 'not known'}{share}, threads {threads}"


def _runs(session: Session) -> Iterator[Step]:
    session.warm(_WARM_S)
    found = summarise([sample.wall_ms for sample in session.run(_RUNS)])
    noise = f"noisy: interquartile range is {found.spread:.0%} of the median" if found.noisy else ""
    first = f"initialisation {session.init_ms:.3f} ms, first {session.first_ms:.3f} ms"
    yield Step("a model runs", f"median {found.median:.3f} ms of {found.count} runs, {first}", noise)
    aggregate: Callable[[int, float], object] | None = getattr(session, "aggregate", None)
    if aggregate is not None:
        many = aggregate(_MANY_RUNS, _WARM_S)
        yield Step("many runs", ", ".join(f"{key} {value:g}" for key, value in _known(many)))


def _known(found: object) -> Iterator[tuple[str, float]]:
    names = ("runs", "mean_ms", "std_ms", "min_ms", "max_ms", "median_ms", "p5_ms", "p95_ms")
    for name in names:
        value = getattr(found, name)
        if value is not None:
            yield name.replace("_", " "), value
