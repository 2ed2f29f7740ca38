"""What protects a long command: Ctrl-C waits for the end of a step, and a locked file keeps a second process out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Interruption:
    """Whether somebody wants this to end."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._is_at_once = False

    def is_set(self) -> bool:
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


@contextmanager
def held(file: Path) -> Iterator[bool]:
    """Whether this process now holds the lock on the file: `False` at once where another one does.

    The file is made with its folder, and stays; a process that was killed has let go. Raises `OSError` where the file
    cannot be made or its file system has no locks.
    """
    with _locked(file, wait=False) as alone:
        yield alone


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """Wait until no other process holds the lock on the file, then hold it; otherwise as `held`."""
    with _locked(file, wait=True):
        yield


@contextmanager
def _locked(file: Path, *, wait: bool) -> Iterator[bool]:
    from filelock import lock_descriptor  # takes a tenth of the time of a light command

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:  # closing it releases the lock
        yield lock_descriptor(stream.fileno(), blocking=wait)
