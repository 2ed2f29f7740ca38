"""Who goes on to the next rung: asynchronous successive halving with several objectives (MO-ASHA, arXiv:2106.12639).

Whenever a worker is free, the highest rung is looked at first. Of what has reached a rung, the best `1 / eta` go on,
and the best of them that was not promoted yet is next; only where no rung has one, a new candidate is begun. Best is by
non-dominated rank of the objectives as they are known at that rung. Within a rank, every next one is the farthest from
those taken before it (the paper's epsilon-net, in coordinates that are scaled to the range of the rung), begun at the
best of the first objective. It covers a front evenly, whatever its shape, where hypervolume contributions depend on a
reference point that moves with every new candidate, and give the corners of a front next to nothing or everything.
Unlike the paper's, the net is laid from those of the rank that went on already, which take up their places: laid anew
with every candidate, it would move, and let far more than `1 / eta` go on.

Who is best may also be said by a sampler that has a model (`order` of `next` and `closing`): then as many go on, but in
its order.

Those that go on `always` (the priors of a search) do so while nothing at their rung dominates them, whatever the net
says, as soon as there is one place at the rung: so the search is not worse than what was known.

Nothing is begun that could not be taken to the last rung with what is left of the budget (steps, or time at the pace so
far), so a search ends with networks that are fully trained. When no new candidate may be begun, the best of each rung
go on, `1 / eta` rounded up; what is left of a budget of steps or time then goes to the best of the highest rung.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from archspec.search.fidelity import Fidelity
from archspec.search.pareto import Point
from archspec.search.trials import Objective, Trial, costs

Affordable = Callable[[int], bool]
"""Whether so many steps can still be trained."""
Order = Callable[[Sequence[int], int], Sequence[int] | None]
"""Numbers that are paused at a rung, and the rung -> the same, who should go on first; None: that is not known."""
_ROUNDING = 1e-9


class Promotions:
    """The rungs of a study, kept up to date by `take`."""

    def __init__(
        self,
        fidelity: Fidelity,
        objectives: tuple[Objective, ...],
        always: Callable[[Trial], bool] = lambda trial: False,
    ) -> None:
        self._fidelity, self._objectives, self._always = fidelity, objectives, always
        self._rungs = [_Rung() for _ in fidelity.steps]
        self._paused: dict[int, Trial] = {}
        self._at_work: dict[int, int] = {}  # rung by number

    def take(self, trial: Trial) -> None:
        """Note a trial as it is now."""
        for rung, values in zip(self._rungs, trial.rungs, strict=False):
            rung.put(trial.number, costs(self._objectives, values))
        for rung in self._rungs[len(trial.rungs) :]:
            rung.put(trial.number, None)  # it begins anew
        self._paused.pop(trial.number, None)
        self._at_work.pop(trial.number, None)
        if trial.state == "paused":
            self._paused[trial.number] = trial
        elif trial.state in ("running", "proposed"):
            self._at_work[trial.number] = trial.rung

    @property
    def waiting(self) -> Counter[int]:
        """How many are paused, by rung."""
        return Counter(trial.rung for trial in self._paused.values())

    @property
    def at_work(self) -> int:
        """How many are running or wait for a worker."""
        return len(self._at_work)

    def next(self, affordable: Affordable, order: Order | None = None) -> Trial | None:
        """The candidate that is promoted now, as it is then: running, one rung higher."""
        return self._best(
            lambda count: math.floor(count / self._fidelity.eta + _ROUNDING),
            affordable,
            reversed(range(self._fidelity.last)),
            order,
        )

    def closing(self, affordable: Affordable, limited: bool, order: Order | None = None) -> Trial | None:
        """The same where nothing new is begun any more. `limited`: steps or time are, and all that is left is spent.

        What runs at a rung or below it is waited for before the best of that rung are taken.
        """
        settled = range(min(self._at_work.values(), default=self._fidelity.last))
        found = self._best(
            lambda count: math.ceil(count / self._fidelity.eta - _ROUNDING),
            affordable,
            reversed(settled) if limited else settled,
            order,
        )
        if found is None and limited:
            found = self._best(lambda count: count, affordable, reversed(settled), order)
        return found

    def remaining(self, trial: Trial) -> int:
        """Steps from a paused trial to the end of the last rung."""
        return self._cost(trial) + self._fidelity.remaining(trial.rung + 1)

    def _best(
        self, limit: Callable[[int], int], affordable: Affordable, rungs: Iterable[int], order: Order | None
    ) -> Trial | None:
        """The first of these rungs that has one gives the best that may go on."""
        for number in rungs:
            rung = self._rungs[number]
            paused = {key for key, trial in self._paused.items() if trial.rung == number}
            places = limit(len(rung.points))
            for key in (*self._protected(rung, paused, places), *self._ranked(number, paused, places, order)):
                if affordable(self.remaining(self._paused[key])):
                    return self._promoted(self._paused[key])
        return None

    def _ranked(self, number: int, paused: set[int], places: int, order: Order | None) -> Iterable[int]:
        """Who may go on at a rung, the best first: in the order, where it is known, else by rank."""
        rung = self._rungs[number]
        if order is not None and paused:
            if places <= len(rung.points) - len(paused):
                return ()  # as many went on as may
            found = order(sorted(paused), number)
            if found is not None:
                return found
        return rung.next(paused, places)

    def _protected(self, rung: _Rung, paused: set[int], places: int) -> list[int]:
        """Those that go on always, and that nothing dominates."""
        always = [key for key in sorted(paused) if self._always(self._paused[key])] if places > 0 else []
        return [key for key in always if key in rung.fronts()[0]]

    def _promoted(self, trial: Trial) -> Trial:
        return replace(trial, state="running", rung=trial.rung + 1, steps=trial.steps + self._cost(trial), metric="",
                       reason="", attempt=1, crashes=0)  # fmt: skip

    def _cost(self, trial: Trial) -> int:
        """Steps of the next rung. One whose numbers are an equivalent network's (`reason`) has no trunk of its own."""
        following = trial.rung + 1
        return self._fidelity.steps[following] if trial.reason else self._fidelity.added(following)


class _Rung:
    """The points of what has finished one rung."""

    def __init__(self) -> None:
        self.points: dict[int, Point] = {}
        self._ranked: list[list[int]] | None = None

    def put(self, number: int, point: Point | None) -> None:
        """Note the point of a candidate, or that it has none."""
        if self.points.get(number) == point:
            return
        self._ranked = None
        if point is None:
            self.points.pop(number, None)
        else:
            self.points[number] = point

    def next(self, paused: set[int], count: int) -> Iterator[int]:
        """Those of the best `count` that are still `paused`, the best first; those that went on keep their place."""
        left = count
        for front in self.fronts() if paused else ():
            if left < 1:
                return
            gone = [number for number in front if number not in paused]
            if len(gone) < len(front):
                points = {number: self.points[number] for number in front}
                yield from spread_out(points, self.ranges(), left - len(gone), gone)
            left -= len(front)

    def fronts(self) -> list[list[int]]:
        """Numbers by non-dominated rank, each in rising order."""
        if self._ranked is None:
            import moocore
            import numpy as np

            numbers = sorted(self.points)
            ranks = moocore.pareto_rank(np.array([self.points[number] for number in numbers]))
            self._ranked = [[] for _ in range(int(ranks.max()) + 1)]
            for number, rank in zip(numbers, ranks.tolist(), strict=True):
                self._ranked[rank].append(number)
        return self._ranked

    def ranges(self) -> list[float]:
        """The range of each coordinate; 1 where all are equal."""
        return [(max(column) - min(column)) or 1.0 for column in zip(*self.points.values(), strict=True)]


def spread_out(
    points: Mapping[int, Point], ranges: Sequence[float], count: int, taken: Sequence[int] = ()
) -> Iterator[int]:
    """At most `count` further numbers: always the one that is farthest from those before it and those `taken`.

    Where none is taken, the first is the best of the first coordinate. Of equal ones it is the better, then the older.
    """
    import numpy as np

    numbers = sorted(points, key=lambda number: (points[number], number))
    scaled = np.array([points[number] for number in numbers]) / np.array(ranges)
    distances = np.full(len(numbers), np.inf)

    def take(index: int) -> None:
        np.minimum(distances, np.square(scaled - scaled[index]).sum(axis=1), out=distances)
        distances[index] = -np.inf

    places = {number: index for index, number in enumerate(numbers)}
    for number in taken:
        take(places[number])
    for _ in range(min(count, len(numbers) - len(taken))):
        index = int(distances.argmax())
        yield numbers[index]
        take(index)
