"""What a search may still begin: candidates, training steps, time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from archspec.search.history import History
from archspec.search.progress import Stopped

if TYPE_CHECKING:
    from archspec.search.driver import Search


class Allowance:
    """The budget of a search against what is known of it. Its minutes begin when it is made."""

    def __init__(self, search: Search, history: History) -> None:
        self._search, self._history = search, history
        self._begun = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of this session."""
        return time.monotonic() - self._begun

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        limit = self._search.time_limit_s
        return limit is not None and self.elapsed_s > limit

    @property
    def limited(self) -> bool:
        """Whether steps or time are limited, so that all of them are to be spent."""
        return self._search.most_steps is not None or self._search.time_limit_s is not None

    @property
    def spent(self) -> bool:
        """Whether as many candidates as wanted are done or at work."""
        return self._history.counted >= self._search.budget

    def affords(self, steps: int) -> bool:
        """Whether so many training steps are left, and can be made in the time that is left at the pace so far."""
        if not self._has_steps(steps):
            return False
        limit, trained = self._search.time_limit_s, self._history.trained_steps
        return limit is None or not trained or self.elapsed_s + steps * self._history.seconds / trained <= limit

    def nothing_new(self) -> Stopped | None:
        """Why no new candidate may be begun, whatever is proposed; None where one may."""
        if self.late:
            return "time"
        if self.spent:
            return "budget"
        fidelity = self._search.fidelity
        if fidelity is None or self.affords(steps := fidelity.remaining(-1)):
            return None
        return "time" if self._has_steps(steps) else "budget"

    def _has_steps(self, steps: int) -> bool:
        most = self._search.most_steps
        return most is None or self._history.steps + steps <= most
