"""No worker at all: evaluations in the driver's own process, for those that cost little and cannot crash."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.measures._settings import Settings
from archspec.search.workers.evaluator import Evaluator, Outcome, Work


class SameProcess:
    """One place, without isolation and without a time limit."""

    def __init__(self, evaluator: Evaluator, settings: Settings) -> None:
        self._evaluator, self._settings = evaluator, settings
        self._work: list[Work] = []

    @property
    def free(self) -> int:
        """One, or none."""
        return 1 - len(self._work)

    @property
    def busy(self) -> int:
        """None, or one."""
        return len(self._work)

    def start(self, work: Work) -> None:
        """Keep it until `wait`."""
        self._work.append(work)

    def wait(self, seconds: float) -> Iterator[Outcome]:
        """Evaluate what was started."""
        while self._work:
            work = self._work.pop()
            yield evaluated(self._evaluator, work, self._settings)

    def stop(self) -> None:
        """Forget what was started."""
        self._work.clear()


def evaluated(evaluator: Evaluator, work: Work, settings: Settings) -> Outcome:
    """An evaluation, or what it raised in one line: a fault of one candidate is no fault of the search."""
    try:
        return Outcome(work.number, evaluator.evaluate(work.spec_text, work.genome, settings))
    except MemoryError as error:
        return Outcome(work.number, ended="raised", reason=f"out of memory ({error})")
    except Exception as error:  # noqa: BLE001 - whatever a measurement raises
        return Outcome(work.number, ended="raised", reason=f"{type(error).__name__}: {error}")
