"""The learning rate of each step, from its number alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from archspec.train._recipe import Stage


@cache
def schedule_names() -> tuple[str, ...]:
    """The files of `schedules`, none imported."""
    files = (Path(__file__).parent / "schedules").glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def schedule_function(name: str) -> Callable[..., float]:
    """The function of a schedule's file."""
    found: Callable[..., float] = getattr(importlib.import_module(f"archspec.train.schedules.{name}"), name)
    return found


def learning_rate(stage: Stage, step: int, steps: int) -> float:
    """The rate of the update number `step`, counted from 0, of `steps`.

    The schedule's clock runs from the very first step, as DeepLab's does: while a warm-up lasts, its rate is used
    instead, or a rising share of the schedule's.
    """
    schedule: Any = schedule_function(stage.schedule.name)
    rate = stage.learning_rate * float(schedule(step / steps, **stage.schedule.arguments))
    warm_up = stage.warm_up
    if warm_up is None or step >= warm_up.steps:
        return rate
    if warm_up.learning_rate is not None:
        return warm_up.learning_rate
    return rate * (step + 1) / warm_up.steps
