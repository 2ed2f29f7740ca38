"""Regularised evolution: a parent on the Pareto side of a sample of the youngest, one decision mutated."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from archspec.search.candidates import Genome
from archspec.search.pareto import Point, dominates
from archspec.search.samplers import Sampler, Task
from archspec.search.samplers._rungs import costs_by_rung
from archspec.search.trials import Trial


def evolution(task: Task, population: int = 32, sample: int = 8) -> Sampler:
    """Ageing evolution (Real et al. 2019, arXiv:1802.01548) with a parent that none of the sample dominates.

    The first half of `population` is random; the oldest leaves when a new one is evaluated. With rungs the
    parent is of those that finished the highest rung that two of the sample have.
    """
    return _Evolution(task, population, sample)


class _Evolution:
    tries = 16

    def __init__(self, task: Task, population: int, sample: int) -> None:
        self._task = task
        self._sample = sample
        self._start = max(2, population // 2)
        self._told: set[int] = set()
        self._living: deque[_Member] = deque(maxlen=max(2, population))

    def propose(self, number: int, attempt: int) -> Genome:
        generator = self._task.generator(number, attempt)
        if len(self._told) < self._start:
            return self._task.space.sample(generator)
        drawn = generator.sample(list(self._living), min(self._sample, len(self._living)))
        child = self._task.space.mutated(generator.choice(_best(drawn)).genome, generator)
        for _ in range(min(attempt, 3)):  # known so far: a step further away
            child = self._task.space.mutated(child, generator)
        return child

    def tell(self, trial: Trial) -> None:
        found = costs_by_rung(self._task.objectives, trial) if trial.state in ("done", "paused") else ()
        if not found:
            return
        living = next((one for one in self._living if one.number == trial.number), None)
        if living is not None:
            living.costs = found
        elif trial.number not in self._told:
            self._living.append(_Member(trial.number, trial.genome, found))
        self._told.add(trial.number)


@dataclass
class _Member:
    """One of the population, with its costs at each rung that it has finished."""

    number: int
    genome: Genome
    costs: tuple[Point, ...]


def _best(drawn: Sequence[_Member]) -> list[_Member]:
    """Those that none dominates at the highest rung that two or more have finished; they have all finished it."""
    rung = sorted((len(one.costs) - 1 for one in drawn), reverse=True)[min(1, len(drawn) - 1)]
    there = [one for one in drawn if len(one.costs) > rung]
    return [one for one in there if not any(dominates(other.costs[rung], one.costs[rung]) for other in there)]
