"""From a traced spec to records: one build, its stages cheapest first; and the scores of networks and predictions.

`Build`, `BuildOptions` and `build_records` are imported when they are asked for: scoring a folder of predictions
needs nothing of what a build needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.evaluate.build import Agreement, Build
    from archspec.evaluate.options import BuildOptions
    from archspec.evaluate.records import build_records

__all__ = ["Agreement", "Build", "BuildOptions", "build_records"]

_HOMES = {"Agreement": "build", "Build": "build", "BuildOptions": "options", "build_records": "records"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
