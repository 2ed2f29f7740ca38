"""Every point once, in the order of the space; for spaces without a continuous range."""

from __future__ import annotations

from archspec.errors import Problem, user_error
from archspec.search.candidates import Genome
from archspec.search.samplers import ENDLESS, Sampler, Task
from archspec.search.trials import Trial


def grid(task: Task) -> Sampler:
    """A sampler that enumerates. Raises `UserError` where a range is continuous."""
    if task.space.size is None:
        raise user_error("a grid needs a finite space, and a range of this one is continuous",
                         "Give the range a step, or take the sampler random or tpe")  # fmt: skip
    return _Grid(task)


class _Grid:
    tries = ENDLESS

    def __init__(self, task: Task) -> None:
        try:
            self._genomes = iter(task.space.genomes())
        except Problem as problem:
            raise user_error(problem.fact, problem.remedy) from problem

    def propose(self, number: int, attempt: int) -> Genome | None:
        return next(self._genomes, None)

    def tell(self, trial: Trial) -> None:
        """The order is fixed."""
