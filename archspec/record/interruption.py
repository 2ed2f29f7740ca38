"""Ctrl-C between two steps instead of inside one, so that what is done can be kept and nothing is cut in half."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interruption:
    """Whether somebody wants this to end."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._is_at_once = False

    def is_set(self) -> bool:
        """Whether a signal came."""
        return self._wanted.is_set()

    def check(self) -> None:
        """Raises `KeyboardInterrupt` where a signal came."""
        if self.is_set():
            raise KeyboardInterrupt

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While something is waited for that may take long and may be cut: a signal raises at once."""
        self._is_at_once = True
        try:
            self.check()
            yield
        finally:
            self._is_at_once = False

    def _signal(self, number: int, frame: Any) -> None:
        again = self.is_set()
        self._wanted.set()
        if again or self._is_at_once:
            raise KeyboardInterrupt


@contextmanager
def interruption(*signals: signal.Signals) -> Iterator[Interruption]:
    """From here on these signals (Ctrl-C alone where none is named) are kept for `is_set` and `check`.

    The second one raises `KeyboardInterrupt` at once, wherever that is. Only the main thread gets signals: in another
    one nothing is ever set.
    """
    wanted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield wanted
        return
    before = {number: signal.signal(number, wanted._signal) for number in signals or (signal.SIGINT,)}
    try:
        yield wanted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
