"""One network up the ladder: cheapest measures first, stopped at the first limit that is broken."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec.evaluate.ladder.contract import RUNGS, SCREEN, Evaluation, KnownRecords, Limit, Rejection, Settings

if TYPE_CHECKING:
    from archspec.evaluate.ladder.climbing import Stage, evaluate, screen
    from archspec.evaluate.ladder.working import check_settings, evaluate_text, preload, prepare_worker

__all__ = [
    "RUNGS",
    "SCREEN",
    "Evaluation",
    "KnownRecords",
    "Limit",
    "Rejection",
    "Settings",
    "Stage",
    "check_settings",
    "evaluate",
    "evaluate_text",
    "preload",
    "prepare_worker",
    "screen",
]

_HOMES = {
    "climbing": ("Stage", "evaluate", "screen"),
    "working": ("check_settings", "evaluate_text", "preload", "prepare_worker"),
}


def __getattr__(name: str) -> Any:
    """What climbs, imported when it is asked for: the contract alone needs nothing."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
