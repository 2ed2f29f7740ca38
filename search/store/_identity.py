"""Who holds a trial: host, process and its start, so that another process of the host can tell whether it lives."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path


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
