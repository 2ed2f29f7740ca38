"""Where evaluations run. An engine is a file here with a function of its own name: `local(workers, evaluator)`.

An evaluation ends in a result, an exception, the death of its process, or its time limit; whichever, it costs no
other evaluation anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from archspec import catalog
from archspec.measures import Evaluation, Settings

KIND = "engines"


class Evaluator(Protocol):
    """Measures a network. It is pickled into a worker: an object of an importable class that holds plain values."""

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

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The values of a network given as a spec. What it raises fails this network only."""
        ...


@dataclass(frozen=True)
class Work:
    """One network for a worker, and what is asked of it. `number` names it; `genome` is a candidate's."""

    number: int
    spec_text: str
    settings: Settings
    genome: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkResult:
    """What a worker gave: an evaluation, or how it ended.

    `raised`: the evaluator raised. `crashed`: the process died (a signal, out of memory). `timeout`: it was killed.
    """

    number: int
    evaluation: Evaluation | None = None
    ended: Literal["", "raised", "crashed", "timeout"] = ""
    reason: str = ""


class Engine(Protocol):
    """Where a driver sends work."""

    @property
    def free(self) -> int:
        """How many evaluations can be started now."""
        ...

    @property
    def busy(self) -> int:
        """How many are running."""
        ...

    def start(self, work: Work) -> None:
        """Begin an evaluation; there must be a free place."""
        ...

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        """What has ended, as soon as anything has, or nothing after `seconds`."""
        ...

    def stop(self) -> None:
        """End every worker now; what they were at is lost."""
        ...


def start_engine(workers: int, evaluator: Evaluator, name: str = "local") -> Engine:
    """An engine of that name with so many workers. Raises `UserError` for a name that no engine has."""
    make: Callable[[int, Evaluator], Engine] = catalog.load_function(KIND, name)
    return make(workers, evaluator)


def evaluated(evaluator: Evaluator, work: Work) -> WorkResult:
    """An evaluation in this process, or what it raised in one line: the fault of one network is no fault of others."""
    try:
        return WorkResult(work.number, evaluator.evaluate(work.spec_text, work.genome, work.settings))
    except MemoryError as error:
        return WorkResult(work.number, ended="raised", reason=f"out of memory ({error})")
    except Exception as error:  # noqa: BLE001 - whatever a measurement raises
        return WorkResult(work.number, ended="raised", reason=f"{type(error).__name__}: {error}")
