"""Values of trials at their rungs, on one scale: what a short training's number is worth beside a long one's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archspec.search.trials import Objective, Trial, costs

PSEUDO_PAIRS = 3.0


def values_by_rung(trial: Trial) -> tuple[Mapping[str, float | None], ...]:
    """The values of every finished rung, the first rung's first; of a study without fidelities the trial's own."""
    if trial.rungs:
        return trial.rungs
    return (trial.values,) if trial.state == "done" else ()


def costs_by_rung(objectives: tuple[Objective, ...], trial: Trial) -> tuple[tuple[float, ...], ...]:
    """The objectives' values at every finished rung, smaller better, up to the first that lacks one."""
    found = []
    for values in values_by_rung(trial):
        point = costs(objectives, values)
        if point is None:
            break
        found.append(point)
    return tuple(found)


@dataclass(frozen=True)
class Lift:
    """How values of each rung are brought to the scale of the last one seen: a line for each step from rung to rung."""

    lines: tuple[tuple[float, float], ...] = ()  # (offset, slope) from rung r to r + 1

    @classmethod
    def of(cls, histories: Sequence[Sequence[float]]) -> Lift:
        """From the values of each trial at its rungs: a regression over those that have both, drawn towards a shift."""
        highest = max(map(len, histories), default=0)
        return cls(tuple(_line(histories, rung) for rung in range(highest - 1)))

    def __call__(self, value: float, rung: int) -> float:
        """A value of a rung as one of the last."""
        for offset, slope in self.lines[rung:]:
            value = offset + slope * value
        return value


def _line(histories: Iterable[Sequence[float]], rung: int) -> tuple[float, float]:
    at_rung = [history[rung] for history in histories if len(history) > rung]
    pairs = [(history[rung], history[rung + 1]) for history in histories if len(history) > rung + 1]
    if not pairs:
        return 0.0, 1.0
    centre = sum(at_rung) / len(at_rung)
    usual = PSEUDO_PAIRS * sum((value - centre) ** 2 for value in at_rung) / len(at_rung)
    before = sum(first for first, _ in pairs) / len(pairs)
    after = sum(second for _, second in pairs) / len(pairs)
    squares = sum((first - before) ** 2 for first, _ in pairs)
    products = sum((first - before) * (second - after) for first, second in pairs)
    slope = (products + usual) / (squares + usual) if squares + usual > 0 else 1.0
    return after - max(slope, 0.1) * before, max(slope, 0.1)
