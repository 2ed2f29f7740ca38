"""Fidelities of a training: how many steps each rung has, and what one costs a candidate that had the one before."""

from __future__ import annotations

from dataclasses import dataclass

ETA = 3.0


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Training steps of each rung in rising order; the last is a full training.

    Of what reaches a rung, the best `1 / eta` go on to the next. `decay` is the share of a rung's steps in which the
    learning rate falls; the steps before it are the trunk, which the next rung goes on from. None: nothing is known
    of a trunk, and each rung is a training of its own.
    """

    steps: tuple[int, ...]
    eta: float = ETA
    decay: float | None = None

    @property
    def last(self) -> int:
        """The number of the last rung."""
        return len(self.steps) - 1

    @property
    def whole(self) -> int:
        """Steps of a full training."""
        return self.steps[-1]

    def trunk(self, rung: int) -> int:
        """Steps of a rung that the next rung does not repeat."""
        steps = self.steps[rung]
        return 0 if self.decay is None else steps - round(self.decay * steps)

    def added(self, rung: int) -> int:
        """Steps that a rung costs a candidate that has the rung before it."""
        return self.steps[rung] - (self.trunk(rung - 1) if rung else 0)

    def remaining(self, rung: int) -> int:
        """Steps that a candidate which has finished `rung` still costs up to the end of the last; -1: a new one."""
        return sum(map(self.added, range(rung + 1, len(self.steps))))

    def describe(self) -> str:
        """In words."""
        rungs = ", ".join(f"{steps:,}" for steps in self.steps)
        return f"rungs of {rungs} steps, of each the best 1/{self.eta:g} goes on"
