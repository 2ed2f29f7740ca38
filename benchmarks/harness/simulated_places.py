"""An engine whose places are simulated: evaluations that take as long as their training steps, ended in that order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from archspec.experiment.engines import AtWork, Evaluator, Work, WorkResult, evaluated
from archspec.measures import Settings


class SimulatedPlaces:
    """So many `places`; `steps` says how long an evaluation under some settings takes."""

    def __init__(self, places: int, evaluator: Evaluator, steps: Callable[[Settings], int]) -> None:
        self._places, self._evaluator, self._steps = places, evaluator, steps
        self._now, self._begun = 0, 0
        self._running: list[tuple[int, int, WorkResult]] = []  # when each ends, the older first

    @property
    def free(self) -> int:
        """Places that are left."""
        return self._places - len(self._running)

    @property
    def busy(self) -> int:
        """Evaluations that have not ended."""
        return len(self._running)

    @property
    def at_work(self) -> tuple[AtWork, ...]:
        """Not shown."""
        return ()

    @property
    def messages(self) -> tuple[str, ...]:
        """None."""
        return ()

    def start(self, work: Work) -> None:
        """Evaluate it; the result comes out when its time is over."""
        self._begun += 1
        ends = self._now + self._steps(work.settings)
        heapq.heappush(self._running, (ends, self._begun, evaluated(self._evaluator, work)))

    def wait(self, seconds: float) -> Iterator[WorkResult]:
        """The next that ends."""
        if self._running:
            self._now, _, result = heapq.heappop(self._running)
            yield result

    def stop(self) -> None:
        """Nothing runs."""
        self._running.clear()
