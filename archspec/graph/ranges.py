"""`Range`: what values an argument may take, written in a block's signature with `Annotated`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number: `Annotated[int, Range(ge=1)]`. The spec language checks them, the JSON Schema shows them."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: float | None = None
