"""The inside of a worker process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from archspec.experiment.engines import Evaluator, evaluated, telling

THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def worker(tasks: Connection, life: Connection, evaluator: Evaluator, threads: int) -> None:
    """Evaluate what comes over `tasks` until it is closed. When `life` closes the driver is gone: so is this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's; it ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in THREADS:
        os.environ[name] = str(threads)
    threading.Thread(target=_watch, args=(life,), daemon=True).start()
    _die_with_parent()
    tasks.send(os.getpid())
    while True:
        try:
            work = tasks.recv()
        except EOFError:
            return
        with telling(work, tasks.send):
            result = evaluated(evaluator, work)
        tasks.send(result)


def _watch(life: Connection) -> None:
    try:
        life.recv()
    except (EOFError, OSError):
        os._exit(1)


def _die_with_parent() -> None:
    """On Linux the kernel kills this process with the fork server, even while it hangs in native code."""
    if sys.platform == "linux":
        import ctypes

        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None, use_errno=True).prctl(death_signal, signal.SIGKILL)
        os.setsid()  # a group of its own, so that what an evaluation started dies with it
