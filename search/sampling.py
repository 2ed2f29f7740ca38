"""What a sampler is: it proposes genomes and hears what became of them. One file each in `search/samplers/`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from archspec.measures._settings import Limit
from archspec.search.candidates import Gene, Genome, Parameter, SearchSpace
from archspec.search.trials import Objective, Trial

ENDLESS = 1 << 60
"""The `tries` of a sampler that goes through the space by itself, and ends with it."""


@dataclass(frozen=True)
class Task:
    """What a sampler works on. `limits` let it tell how far a rejected candidate is from a feasible one."""

    space: SearchSpace
    objectives: tuple[Objective, ...]
    seed: int = 0
    limits: tuple[Limit, ...] = ()

    def generator(self, number: int, attempt: int, purpose: str = "") -> random.Random:
        """The randomness of one proposal: a function of seed, trial number and attempt, in any process."""
        return random.Random(f"{self.seed}/{number}/{attempt}/{purpose}")

    def violation(self, trial: Trial) -> float:
        """How far a trial is from feasible, relative to the limits it breaks; 0 is feasible, 1 where none can tell."""
        if trial.state != "rejected":
            return 0.0
        total = 0.0
        for limit in self.limits:
            value = trial.values.get(limit.metric)
            if value is not None and limit.broken_by(value):
                total += abs(value - limit.bound) / (abs(limit.bound) or 1.0)
        return min(total, 1e6) or 1.0


class Sampler(Protocol):
    """Proposes genomes, and may propose known ones: then it is asked again, `tries` times in all."""

    @property
    def tries(self) -> int:
        """How often to ask for one trial before neighbours of its proposals are taken instead; ENDLESS to go on."""
        ...

    def propose(self, number: int, attempt: int) -> Genome | None:
        """A genome for trial `number`; a further `attempt` when the last one was known. None: nothing is left.

        It depends on seed, number, attempt and what was told before, on nothing else.
        """
        ...

    def tell(self, trial: Trial) -> None:
        """A finished trial (done, rejected or failed), its own or another driver's."""
        ...


def exists(parameter: Parameter, genome: Mapping[str, Gene]) -> bool:
    """Whether a parameter exists given what its parents have taken."""
    if not parameter.parent:
        return True
    return parameter.parent in genome and genome[parameter.parent] == parameter.parent_value
