"""Time plain calls: each sample kept, minimum and median reported."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from archspec.devices import median

T = TypeVar("T")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of each call, in the order they were made: on the wall, and of this thread's processor time."""

    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...] = ()

    @property
    def min_ms(self) -> float:
        """The fastest call on the wall."""
        return min(self.wall_ms)

    @property
    def median_ms(self) -> float:
        """The middle call on the wall."""
        return median(self.wall_ms)

    @property
    def cpu_median_ms(self) -> float:
        """The middle call in processor time: what it takes when nobody else is in the way."""
        return median(self.cpu_ms)

    @property
    def runs(self) -> int:
        """How many calls."""
        return len(self.wall_ms)


def time_each(function: Callable[[T], object], inputs: Iterable[T], *, warm_up: int = 0) -> Timing:
    """One call for each input; the first `warm_up` are not counted. Garbage is collected before, not during."""
    wall: list[float] = []
    cpu: list[float] = []
    gc.collect()
    for item in inputs:
        cpu_start, start = time.thread_time_ns(), time.perf_counter_ns()
        function(item)
        stop, cpu_stop = time.perf_counter_ns(), time.thread_time_ns()
        wall.append((stop - start) / 1e6)
        cpu.append((cpu_stop - cpu_start) / 1e6)
    return Timing(tuple(wall[warm_up:]), tuple(cpu[warm_up:]))
