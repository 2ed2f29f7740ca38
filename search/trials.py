"""Trials of a study as plain values: what was proposed, what became of it, and what is wanted of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from archspec.search.candidates import Genome

State = Literal["proposed", "running", "done", "rejected", "failed"]
"""`proposed`: waits for a worker. `rejected`: breaks a limit, costs no budget. `failed`: its evaluation crashed."""
FINISHED = ("done", "rejected", "failed")
Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and which way is better."""

    name: str
    direction: Direction = "minimize"

    @property
    def said(self) -> str:
        """In words."""
        return f"{self.direction} {self.name}"

    @property
    def sign(self) -> float:
        """What makes smaller better: 1, or -1 for a metric to be maximised."""
        return 1.0 if self.direction == "minimize" else -1.0


@dataclass(frozen=True)
class Trial:
    """One row of the store. `number` counts from 0 in the order of proposal; `key` is unique in the study.

    `metric` is the broken limit's when rejected; `spec` is the network's text (empty where it was never evaluated);
    times are seconds since 1970 by the store's clock, 0 where it has not come to that.
    """

    number: int
    key: str
    genome: Genome
    state: State
    values: Mapping[str, float | None] = field(default_factory=dict)
    metric: str = ""
    reason: str = ""
    spec: str = ""
    worker: str = ""
    attempt: int = 1
    crashes: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0


def costs(objectives: tuple[Objective, ...], values: Mapping[str, float | None]) -> tuple[float, ...] | None:
    """The objectives' values with smaller better, or None where one is missing or not finite."""
    found = []
    for objective in objectives:
        value = values.get(objective.name)
        if value is None or not math.isfinite(value):
            return None
        found.append(objective.sign * value)
    return tuple(found)
