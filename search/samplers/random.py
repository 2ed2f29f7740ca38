"""Uniform random choice of each decision, as in the DPC paper's search."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.search.candidates import Genome
from archspec.search.samplers import Sampler, Task
from archspec.search.trials import Trial


def random(task: Task) -> Sampler:
    """A sampler that learns nothing: every proposal is drawn alone."""
    return _Random(task)


@dataclass(frozen=True)
class _Random:
    task: Task
    tries: int = 200  # a draw costs little, and to draw again keeps it uniform over what is left

    def propose(self, number: int, attempt: int) -> Genome:
        return self.task.space.sample(self.task.generator(number, attempt))

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""
