"""What a ledger says of itself, and what a merge did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merged:
    """Records that came new, that were there already, and that were there with another value (ours stayed)."""

    added: int = 0
    already: int = 0
    differing: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(self.added + other.added, self.already + other.already, self.differing + other.differing)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many records of which metrics, of how many networks, from when to when (UTC; '' where there are none)."""

    records: int
    networks: int
    specs: int
    metrics: Mapping[str, int]
    first: str
    last: str
    size_bytes: int | None
