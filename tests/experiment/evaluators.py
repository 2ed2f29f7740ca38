"""An evaluator that does what the spec's text says: plain, so that it crosses into a worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.devices._faults import Unplugged
from archspec.measures import Evaluation, Settings
from archspec.measures._progress import report_step


@dataclass(frozen=True)
class Obedient:
    """`value X` gives X, `raise` raises, `die` kills its process, `hang` sleeps, `seed` and `pid` give theirs.

    `step` reports its third step of ten and sleeps, `unplugged` misses its device.
    """

    timeout_s: float | None = None
    evaluations_per_process: int = 0
    preload: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """What the text says."""
        word, _, argument = spec_text.partition(" ")
        if word == "raise":
            raise ValueError(argument)
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "unplugged":
            raise Unplugged("is not connected", device=argument)
        if word == "step":
            report_step("trains", 3, 10)
        if word in {"hang", "step"}:
            time.sleep(60)
        values = {"value": argument or 0, "seed": settings.seed, "pid": os.getpid(), "genome": genome.get("x", 0)}
        return Evaluation({"value": float(values[word])})
