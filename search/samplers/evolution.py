"""Regularised evolution: a parent on the Pareto side of a sample of the youngest, one decision mutated."""

from __future__ import annotations

from collections import deque

from archspec.search.candidates import Genome
from archspec.search.pareto import dominates
from archspec.search.samplers import Sampler, Task
from archspec.search.trials import Trial, costs


def evolution(task: Task, population: int = 32, sample: int = 8) -> Sampler:
    """Ageing evolution (Real et al. 2019, arXiv:1802.01548) with a parent that none of the sample dominates.

    The first half of `population` is random; the oldest leaves when a new one is evaluated.
    """
    return _Evolution(task, population, sample)


class _Evolution:
    tries = 16

    def __init__(self, task: Task, population: int, sample: int) -> None:
        self._task = task
        self._sample = sample
        self._start = max(2, population // 2)
        self._told = 0
        self._living: deque[tuple[tuple[float, ...], Genome]] = deque(maxlen=max(2, population))

    def propose(self, number: int, attempt: int) -> Genome:
        generator = self._task.generator(number, attempt)
        if self._told < self._start:
            return self._task.space.sample(generator)
        drawn = generator.sample(list(self._living), min(self._sample, len(self._living)))
        best = [one for one in drawn if not any(dominates(other[0], one[0]) for other in drawn)]
        child = self._task.space.mutated(generator.choice(best)[1], generator)
        for _ in range(min(attempt, 3)):  # known so far: a step further away
            child = self._task.space.mutated(child, generator)
        return child

    def tell(self, trial: Trial) -> None:
        found = costs(self._task.objectives, trial.values) if trial.state == "done" else None
        if found is not None:
            self._told += 1
            self._living.append((found, trial.genome))
