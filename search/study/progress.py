"""What can be seen of a study while it runs: its search, and what comes before and after."""

from __future__ import annotations

from typing import Protocol

from archspec.devices import Progress as Rounds
from archspec.predictor import CalibrationProgress
from archspec.search.progress import SearchProgress


class StudyProgress(SearchProgress, Protocol):
    """Hears of a study: of its search as a `SearchProgress` does, and of what comes before and after."""

    def message(self, text: str) -> None:
        """A line that stays."""
        ...

    def calibrating(self, progress: CalibrationProgress) -> None:
        """A step of the quick latency table."""
        ...

    def timing(self, progress: Rounds) -> None:
        """A step of the latencies of the front; between runs, never during one."""
        ...

    def measuring(self, what: str, done: int, total: int) -> None:
        """A step of what else is measured of the front, and of what stands beside it."""
        ...
