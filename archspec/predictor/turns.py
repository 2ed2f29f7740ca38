"""Many models timed in turns beside one reference, all at the reference's pace.

A turn is a few runs in a row: the first finds the caches as its neighbours left them, the others find them warm. An
operator inside a network is somewhere between: its input was just written, its weights were not just read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice

from archspec.devices import Device, Model, Sample, Session, percentile
from archspec.predictor.table import OperatorTime

LOW = 25.0  # percent: other processes only ever add to a run


@dataclass(frozen=True, slots=True)
class Turns:
    """`together` models are open at once, each takes `rounds` turns of `runs` runs."""

    rounds: int = 12
    runs: int = 3
    together: int = 64

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.runs < 2 or self.together < 1:
            raise ValueError(f"a turn needs two runs, and there must be a turn ({self})")


OPERATOR_TURNS = Turns()
NETWORK_TURNS = Turns(together=16)


@dataclass(frozen=True, slots=True)
class Taken:
    """The times of the models that were open at once, and of the reference meanwhile, in ms."""

    times: tuple[OperatorTime, ...]
    reference_ms: float

    def at(self, reference_ms: float) -> list[OperatorTime]:
        """The times as they are when the reference takes that long."""
        pace = reference_ms / self.reference_ms
        return [OperatorTime(one.cold_ms * pace, one.warm_ms * pace) for one in self.times]


def in_turns(
    models: Iterable[Model], reference: Model, device: Device, *, threads: int = 1, turns: Turns = OPERATOR_TURNS
) -> Iterator[Taken]:
    """The models' times, `turns.together` at once, in their order. Processor time where the device tells it.

    Raises `UserError` for a model that the device cannot run.
    """
    waiting = iter(models)
    while group := list(islice(waiting, turns.together)):
        with ExitStack() as stack:
            first, *others = [
                stack.enter_context(closing(device.open(model, threads=threads))) for model in (reference, *group)
            ]
            bench = _Bench(others, first, turns)
            for number in range(turns.rounds):
                bench.round(number)
            yield bench.taken()


@dataclass
class _Bench:
    """Models that are open at once."""

    sessions: list[Session]
    reference: Session
    turns: Turns
    found: list[list[OperatorTime]] = field(init=False)
    paces: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = [[] for _ in self.sessions]

    def round(self, number: int) -> None:
        """One turn for each, the reference first; every second round goes backwards."""
        indices = range(len(self.sessions))
        self.paces.append(_turn(self.reference, self.turns.runs).warm_ms)
        for index in indices if number % 2 == 0 else reversed(indices):
            self.found[index].append(_turn(self.sessions[index], self.turns.runs))

    def taken(self) -> Taken:
        """A low percentile over the rounds."""
        return Taken(tuple(map(_low, self.found)), percentile(self.paces, LOW))


def _turn(session: Session, runs: int) -> OperatorTime:
    first, *others = map(_time_ms, session.run(runs))
    return OperatorTime(first, min(others))


def _low(rounds: Sequence[OperatorTime]) -> OperatorTime:
    cold = percentile([one.cold_ms for one in rounds], LOW)
    return OperatorTime(cold, percentile([one.warm_ms for one in rounds], LOW))


def _time_ms(sample: Sample) -> float:
    return sample.wall_ms if sample.cpu_ms is None else sample.cpu_ms
