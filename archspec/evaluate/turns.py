"""Many small models timed in turns beside one reference, all at the reference's pace.

A turn is a few runs in a row: the first finds the caches as its neighbours left them, the others find them warm. An
operator inside a network is somewhere between: its input was just written, its weights were not just read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from archspec.devices import Device, Model, Sample, Session, percentile

LOW = 25.0  # percent: other processes only ever add to a run


@dataclass(frozen=True, slots=True)
class Turns:
    """What one model took, in ms: the first run of each turn, and the fastest of the others."""

    cold_ms: float
    warm_ms: float


@dataclass(frozen=True, slots=True)
class Timing:
    """How turns are taken: `together` models are open at once, each takes `rounds` turns of `runs` runs."""

    rounds: int = 12
    runs: int = 3
    together: int = 64

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.runs < 2 or self.together < 1:
            raise ValueError(f"a turn needs two runs, and there must be a turn ({self})")


@dataclass
class _Bench:
    """Models that are open at once, and the reference's turns between theirs."""

    sessions: list[Session]
    reference: Session
    timing: Timing
    taken: list[list[Turns]] = field(init=False)
    paces: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [[] for _ in self.sessions]

    def round(self, number: int) -> None:
        """Every second round goes backwards."""
        indices = range(len(self.sessions))
        self.paces.append(_turn(self.reference, self.timing.runs).warm_ms)
        for index in indices if number % 2 == 0 else reversed(indices):
            self.taken[index].append(_turn(self.sessions[index], self.timing.runs))


def in_turns(
    models: Sequence[Model],
    reference: Model,
    device: Device,
    *,
    threads: int = 1,
    timing: Timing = Timing(),  # noqa: B008 (frozen)
    told: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[Turns, float]]:
    """For each model its turns, and what the reference took meanwhile (ms). Processor time where the device tells it.

    Raises `UserError` for a model that the device cannot run.
    """
    for start in range(0, len(models), timing.together):
        with ExitStack() as stack:
            opened = [
                stack.enter_context(closing(device.open(model, threads=threads)))
                for model in (reference, *models[start : start + timing.together])
            ]
            bench = _Bench(opened[1:], opened[0], timing)
            for number in range(timing.rounds):
                bench.round(number)
            pace = percentile(bench.paces, LOW)
        for turns in bench.taken:
            cold = percentile([turn.cold_ms for turn in turns], LOW)
            yield Turns(cold, percentile([turn.warm_ms for turn in turns], LOW)), pace
        told(min(start + timing.together, len(models)))


def _turn(session: Session, runs: int) -> Turns:
    first, *others = map(_time_ms, session.run(runs))
    return Turns(first, min(others))


def _time_ms(sample: Sample) -> float:
    return sample.wall_ms if sample.cpu_ms is None else sample.cpu_ms
