"""A thread that keeps a driver's claims alive while it is busy with something else."""

from __future__ import annotations

import threading

from archspec.errors import UserError
from archspec.search.store import Study


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
