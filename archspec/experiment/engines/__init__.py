"""Where evaluations run. An engine is a file here with a function of its own name: `local(workers, evaluator)`.

Further arguments of the function are the engine's options, as a study or an ablation names them. An evaluation ends in
a result, an exception, the death of its process, or its time limit; whichever, it costs no other evaluation anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from archspec import catalog
from archspec.devices import DeviceError
from archspec.measures import Evaluation, Settings, heard_by
from archspec.spec import Named

KIND = "engines"
LOCAL = Named("local")
TOLD_EACH_S = 1.0
AGAIN_S = 15.0  # until a device that did not answer is asked again, by whoever drives


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
    `lost`: what it ran on went away, which says nothing of the network. `away`: the device that it needs does not
    answer; the same work may be begun again later. `seconds` is how long the evaluator took, without any waiting.
    """

    number: int
    evaluation: Evaluation | None = None
    ended: Literal["", "raised", "crashed", "timeout", "lost", "away"] = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class AtWork:
    """How far an evaluation is: `done` of `total` steps of `what` (0 of 0 where that is not known), and on which
    machine (`where`, '' on this one)."""

    number: int
    what: str = ""
    done: int = 0
    total: int = 0
    where: str = ""


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

    @property
    def at_work(self) -> Sequence[AtWork]:
        """How far those are that are running, in the order in which they were begun."""
        ...

    @property
    def messages(self) -> Sequence[str]:
        """Facts worth a line that came up since the last time this was asked."""
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


def start_engine(workers: int, evaluator: Evaluator, engine: Named = LOCAL) -> Engine:
    """An engine by its name, with its options and so many workers.

    Raises `UserError` for a name that no engine has, and where it cannot be reached.
    """
    make: Callable[..., Engine] = catalog.load_function(KIND, engine.name)
    return make(workers, evaluator, **dict(engine.arguments))


@contextmanager
def telling(work: Work, tell: Callable[[AtWork], object], where: str = "") -> Iterator[None]:
    """Within this context `tell` hears how far the work is, at most once in `TOLD_EACH_S`."""
    last = float("-inf")

    def listener(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_EACH_S:
            last = time.monotonic()
            tell(AtWork(work.number, what, done, total, where))

    with heard_by(listener):
        yield


def evaluated(evaluator: Evaluator, work: Work) -> WorkResult:
    """An evaluation in this process, or what it raised in one line: the fault of one network is no fault of others."""
    begun = time.monotonic()
    try:
        evaluation = evaluator.evaluate(work.spec_text, work.genome, work.settings)
        return WorkResult(work.number, evaluation, seconds=time.monotonic() - begun)
    except DeviceError as error:
        return WorkResult(work.number, ended="away" if error.hand else "raised", reason=str(error))
    except MemoryError as error:
        return WorkResult(work.number, ended="raised", reason=f"out of memory ({error})")
    except Exception as error:  # noqa: BLE001 - whatever a measurement raises
        return WorkResult(work.number, ended="raised", reason=f"{type(error).__name__}: {error}")
