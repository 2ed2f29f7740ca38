"""Who holds a trial, and the thread that keeps its claims alive while it is busy with something else.

A holder is named by host, process and its start, so that another process of the host can tell whether it lives.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import UserError

if TYPE_CHECKING:
    from archspec.search.store import Study


def new_identity() -> str:
    """A name of this process, different at every call: `host/boot/process/start/random`."""
    return "/".join((*_here(os.getpid()), uuid.uuid4().hex[:8]))


def is_dead(identity: str) -> bool:
    """Whether it is known not to live: a process of this host that is gone. Of other hosts nothing is known."""
    host, boot, process, start = (*identity.split("/"), "", "", "", "")[:4]
    if not process.isdigit() or host != socket.gethostname():
        return False
    here = _here(int(process))
    if boot != here[1]:
        return True  # the machine was started anew
    return here[3] != start


def _here(process: int) -> tuple[str, str, str, str]:
    return socket.gethostname(), _boot(), str(process), _start(process)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()[:8]
    except OSError:
        return "0"


def _start(process: int) -> str:
    """The time a process was started, in ticks; '' when there is none. Without /proc only whether there is one."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except OSError:
        pass
    else:
        return "" if fields[0] in ("Z", "X") else fields[19]
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "0"


class Heartbeat:
    """Renews the leases of a study four times a lease, from entering the context until leaving it."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="archspec-heartbeat")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        while not self._over.wait(self._study.lease_s / 4):
            try:
                self._study.heartbeat()
            except UserError:
                continue  # the driver meets the same fault at its next write, and tells it
