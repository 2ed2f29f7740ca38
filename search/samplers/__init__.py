"""Samplers, one file each: `<name>(task, **options) -> Sampler`. The file is the registry.

A sampler proposes genomes and hears what became of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random  # a sampler's file is called `random`, and is an attribute of this package
from typing import Any, Protocol, runtime_checkable

from archspec.catalog import load_function, members
from archspec.errors import nearest, user_error
from archspec.measures._settings import Evaluation, Limit
from archspec.search.candidates import Candidate, Genome, SearchSpace
from archspec.search.fidelity import Fidelity
from archspec.search.promotions import Order
from archspec.search.trials import Objective, Trial

ENDLESS = 1 << 60
"""The `tries` of a sampler that goes through the space by itself, and ends with it."""


@dataclass(frozen=True)
class Task:
    """What a sampler works on. `limits` let it tell how far a rejected candidate is from a feasible one; with a
    `fidelity` it is told of every rung. `screen` gives what is known of a candidate before it is evaluated."""

    space: SearchSpace
    objectives: tuple[Objective, ...]
    seed: int = 0
    limits: tuple[Limit, ...] = ()
    fidelity: Fidelity | None = None
    screen: Callable[[Candidate], Evaluation] | None = None

    def generator(self, number: int, attempt: int, purpose: str = "") -> Random:
        """The randomness of one proposal: a function of seed, trial number and attempt, in any process."""
        return Random(f"{self.seed}/{number}/{attempt}/{purpose}")

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

    def propose(self, number: int, attempt: int) -> Genome | None:
        """A genome for trial `number`; a further `attempt` when the last one was known. None: nothing is left.

        It depends on seed, number, attempt and what was told before, on nothing else.
        """

    def tell(self, trial: Trial) -> None:
        """A finished trial (done, rejected or failed), its own or one of a session before.

        Of a study with fidelities also a finished rung (paused): it hears of one number several times, and the newest
        counts.
        """


@runtime_checkable
class Promoter(Protocol):
    """A sampler that also says who should go on to the next rung."""

    def promotion_order(self, numbers: Sequence[int], rung: int) -> Sequence[int] | None:
        """The trials `numbers`, which are paused at a rung, who should go on first; None while too little is known."""


@runtime_checkable
class Watcher(Protocol):
    """A sampler that also hears of what is at work, so that many workers do not try much the same."""

    def began(self, trial: Trial) -> None:
        """A trial, or a further rung of it, has been begun here; once that is finished, `tell` says how it came out."""


def say_begun(sampler: Sampler, trial: Trial) -> None:
    """Tell a sampler that a trial is at work, if it asks for that."""
    if isinstance(sampler, Watcher):
        sampler.began(trial)


def promotion_order(sampler: Sampler) -> Order | None:
    """Who goes on first, by a sampler that says it."""
    return sampler.promotion_order if isinstance(sampler, Promoter) else None


def samplers() -> tuple[str, ...]:
    """The names of all samplers."""
    return tuple(members("samplers"))


def sampler_file(name: str) -> Path:
    """Where a sampler is written. Raises `UserError` with the nearest name."""
    if name not in samplers():
        raise user_error(f"no sampler '{name}'", nearest(name, samplers()))
    return members("samplers")[name]


def make_sampler(name: str, task: Task, options: Mapping[str, Any] | None = None) -> Sampler:
    """The sampler `name` at work on `task`.

    Raises `UserError` for an unknown name or option, and where the sampler cannot work on this task or lacks a library.
    """
    sampler_file(name)
    make = load_function("samplers", name)
    known = [option for option in inspect.signature(make).parameters if option != "task"]
    for option in options or {}:
        if option not in known:
            raise user_error(f"sampler '{name}' has no option '{option}'", nearest(option, known))
    made: Sampler = make(task, **(options or {}))
    return made
