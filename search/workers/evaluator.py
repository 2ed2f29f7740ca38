"""What is handed to a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from archspec.measures._settings import Evaluation, Settings
from archspec.search.candidates import Genome


class Evaluator(Protocol):
    """Measures a candidate. It is pickled into a worker: an object of an importable class that holds plain values."""

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules that the worker processes' common ancestor imports once (`tensorflow`, `keras`); cheap ones: ()."""
        ...

    @property
    def timeout_s(self) -> float | None:
        """How long one evaluation may take before its worker is killed; None for ever."""
        ...

    @property
    def evaluations_per_process(self) -> int:
        """After how many a worker is replaced by a fresh one (1: TensorFlow never grows); 0 for never."""
        ...

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        """The values of a network given as a spec. What it raises fails this candidate only."""
        ...


@dataclass(frozen=True)
class Work:
    """One candidate for a worker, named by its trial's number."""

    number: int
    spec_text: str
    genome: Genome


@dataclass(frozen=True)
class Outcome:
    """What a worker gave: an evaluation, or how it ended.

    `raised`: the evaluator raised. `crashed`: the process died (a signal, out of memory). `timeout`: it was killed.
    """

    number: int
    evaluation: Evaluation | None = None
    ended: Literal["", "raised", "crashed", "timeout"] = ""
    reason: str = ""


class Workers(Protocol):
    """Where the driver sends work."""

    @property
    def free(self) -> int:
        """How many candidates can be started now."""
        ...

    @property
    def busy(self) -> int:
        """How many are being evaluated."""
        ...

    def start(self, work: Work) -> None:
        """Begin an evaluation; there must be a free place."""
        ...

    def wait(self, seconds: float) -> Iterator[Outcome]:
        """What has ended, as soon as anything has, or nothing after `seconds`."""
        ...

    def stop(self) -> None:
        """End every worker now; what they were at is lost."""
        ...
