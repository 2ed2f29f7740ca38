"""Proposals near what is known to be good: a sampler around a sampler.

A `share` of the trials is proposed near a centre: a prior, or one of the best networks so far. How many decisions are
changed is learnt for each centre. One at first; two, then three, as what was tried at that distance was not among the
best; beyond that the sampler proposes. So the share gives way to the sampler where the neighbourhoods have been tried,
and comes back with every new network of the front.

That proposals near priors, near the best so far and of the sampler are mixed, by what each has given, is from PriorBand
(arXiv:2306.12370); that priors of several objectives lead in a part of the proposals only, which shrinks, so that a bad
one is overcome, from PriMO (arXiv:2511.08371). Both weigh densities of continuous values; here distances are counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from archspec.search.candidates import Decision, DecisionValue, Genome, exists
from archspec.search.pareto import Point, dominates, non_dominated
from archspec.search.priors import Priors
from archspec.search.samplers import ENDLESS, Sampler, Task, promotion_order, say_begun
from archspec.search.space.decisions import drawn
from archspec.search.trials import Trial, costs

FARTHEST = 3  # decisions that are changed at most
TRIES = 8
SPREAD = 0.1  # of a step in a continuous range, of its length
BELIEVED = 2.0  # good neighbours that a centre is believed to have before any was tried


def around(priors: Priors, task: Task, sampler: Sampler) -> Sampler:
    """The sampler, with proposals near the priors where there are any."""
    return Neighbourhood(priors, task, sampler) if priors.networks else sampler


class Neighbourhood:
    """A sampler around `sampler`. What it proposes depends on seed, number, attempt and what was told, as of any."""

    def __init__(self, priors: Priors, task: Task, sampler: Sampler) -> None:
        self._task, self._sampler, self._share = task, sampler, priors.share
        self._priors = {one.key: one.candidate.genome for one in priors.networks if one.candidate.genome}
        self._told: dict[int, Trial] = {}
        self._best: dict[int, Trial] | None = None

    @property
    def tries(self) -> int:
        """The sampler's, and some near the centres."""
        return self._sampler.tries if self._sampler.tries >= ENDLESS else self._sampler.tries + TRIES

    def tell(self, trial: Trial) -> None:
        """Note it; the sampler hears of it where it is a point of the space."""
        self._told[trial.number] = trial
        self._best = None
        if trial.genome:
            self._sampler.tell(trial)

    def began(self, trial: Trial) -> None:
        """The sampler hears of it, if it asks for that."""
        if trial.genome:
            say_begun(self._sampler, trial)

    def promotion_order(self, numbers: Sequence[int], rung: int) -> Sequence[int] | None:
        """The sampler's, if it has one."""
        order = promotion_order(self._sampler)
        return None if order is None else order(numbers, rung)

    def propose(self, number: int, attempt: int) -> Genome | None:
        """Near a centre or the sampler's; where that is known already, the other."""
        near = self._near(number, attempt) if self._is_near(number) and attempt < TRIES else None
        if near is not None:
            return near
        own = attempt - TRIES if self._is_near(number) and attempt >= TRIES else attempt
        if own < self._sampler.tries:
            return self._sampler.propose(number, own)
        near = self._near(number, attempt)
        return near if near is not None else self._task.space.sample(self._task.generator(number, attempt, "far"))

    def _is_near(self, number: int) -> bool:
        return self._task.generator(number, 0, "prior").random() < self._share

    def _near(self, number: int, attempt: int) -> Genome | None:
        """A neighbour of a centre, or None: the neighbourhood has been tried."""
        generator = self._task.generator(number, attempt, "near")
        centres = list(self._centres())
        if not centres:
            return None
        (centre,) = generator.choices([genome for genome, _ in centres], [weight for _, weight in centres])
        distance = self._distance(centre, generator)
        return None if distance is None else neighbour(self._task.space.decisions, centre, distance, generator)

    def _centres(self) -> Iterator[tuple[Genome, float]]:
        """The best so far, and the priors: each weighs less by every trial that dominates it."""
        best = self.best()
        yield from ((trial.genome, 1.0) for trial in best.values() if trial.genome)
        at = {trial.key: trial for trial in self._told.values() if trial.key in self._priors}
        for key, genome in self._priors.items():
            trial = at.get(key)
            if trial is None:
                yield genome, 1.0
            elif trial.number not in best:
                yield trial.genome, 1.0 / (1 + max(1, self._dominating(trial)))

    def _distance(self, centre: Genome, generator: Random) -> int | None:
        """How many decisions to change; None beyond the farthest.

        One stays at a distance with the share of good ones that was found there, begun at 1.
        """
        best = self.best()
        tried, good = [0] * (FARTHEST + 1), [0] * (FARTHEST + 1)
        for number, trial in self._told.items():
            apart = distance_between(centre, trial.genome, FARTHEST)
            if trial.genome and 0 < apart <= FARTHEST:
                tried[apart] += 1
                good[apart] += number in best
        for apart in range(1, FARTHEST + 1):
            if generator.random() < (good[apart] + BELIEVED) / (tried[apart] + BELIEVED):
                return apart
        return None

    def best(self) -> dict[int, Trial]:
        """By number, the trials that no other dominates at the rung that they have come to."""
        if self._best is None:
            self._best = {}
            for rung in range(max((len(one.rungs) for one in self._told.values()), default=0) or 1):
                points = dict(self._points(rung))
                front = set(non_dominated(points.values()))
                self._best |= {
                    number: trial
                    for number, trial in self._told.items()
                    if len(trial.rungs) in (rung + 1, 0) and points.get(number) in front
                }
        return self._best

    def _dominating(self, trial: Trial) -> int:
        """How many dominate it at the rung that it has come to."""
        points = dict(self._points(max(0, len(trial.rungs) - 1)))
        own = points.get(trial.number)
        return 0 if own is None else sum(dominates(other, own) for other in points.values())

    def _points(self, rung: int) -> Iterator[tuple[int, Point]]:
        """What has finished a rung, as it was there; without rungs, what is done."""
        for number, trial in self._told.items():
            values = trial.values if trial.state == "done" and not trial.rungs else None
            if trial.state in ("done", "paused") and rung < len(trial.rungs):
                values = trial.rungs[rung]
            point = None if values is None else costs(self._task.objectives, values)
            if point is not None:
                yield number, point


def distance_between(one: Genome, other: Genome, most: int) -> int:
    """How many decisions that both have were taken otherwise; `most` + 1 for more than that.

    What exists in one only hangs on such a decision, and is not counted.
    """
    count = 0
    for name, value in one.items():
        if name in other and other[name] != value:
            count += 1
            if count > most:
                break
    return count


def neighbour(decisions: tuple[Decision, ...], genome: Genome, distance: int, generator: Random) -> Genome:
    """A genome in which so many decisions (or all there are) are taken otherwise; what newly exists is drawn."""
    movable = [one for one in decisions if one.name in genome and len(one.options) != 1]
    taken = dict(genome)
    for one in generator.sample(movable, min(distance, len(movable))):
        taken[one.name] = _step(one, genome[one.name], generator)
    found: dict[str, DecisionValue] = {}
    for one in decisions:
        if exists(one, found):
            found[one.name] = taken[one.name] if one.name in taken else drawn(one, generator)
    return found


def _step(decision: Decision, value: DecisionValue, generator: Random) -> DecisionValue:
    """Another value: of ordered options the next with 1/2 of the weight, the one after with 1/4, and so on."""
    options = decision.options
    if not options:
        low, high, at = decision.low, decision.high, float(value)
        if decision.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        moved = generator.gauss(at, SPREAD * (high - low))
        moved = min(high, max(low, moved))
        return min(decision.high, max(decision.low, math.exp(moved))) if decision.log else moved
    others = [option for option in options if option != value]
    if not decision.ordered or value not in options:
        return generator.choice(others)
    here = options.index(value)
    (chosen,) = generator.choices(others, [0.5 ** abs(options.index(option) - here) for option in others])
    return chosen
