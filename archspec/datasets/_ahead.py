"""Values by number, the next few already in the making in threads of our own.

TensorFlow's own threads (`prefetch`, parallel `map`) must not run Python: a process that ends while one of them waits
for the interpreter never ends.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Ahead(Generic[Value]):
    """Calls `make(number)` before it is asked for, when asked in order. `end` is the first never asked for."""

    def __init__(self, make: Callable[[int], Value], end: int, workers: int) -> None:
        self._make = make
        self._end = end
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="archspec-batches")
        self._wanted = workers + 1
        self._started: dict[int, Future[Value]] = {}
        self._lock = Lock()

    def __call__(self, number: int) -> Value:
        """The value of that number, or what its making raised."""
        with self._lock:
            span = range(number, min(number + self._wanted, self._end))
            for passed in [one for one in self._started if one not in span]:
                self._started.pop(passed).cancel()
            for one in span:
                if one not in self._started:
                    self._started[one] = self._pool.submit(self._make, one)
            future = self._started.pop(number)
        return future.result()

    def close(self) -> None:
        """End the threads, and drop what was made for nobody."""
        with self._lock:
            self._started.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
