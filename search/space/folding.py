"""Folding: of candidates that compute the same function, the cheapest is kept, and the others are counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.search.candidates import Candidate, Genome

Cost = tuple[int, int, int]
Rank = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The cheapest way to write a function that was seen so far."""

    key: str
    genome: Genome
    rank: Rank


class Folding:
    """The functions seen so far. It keeps genomes, not graphs, so that it may see hundreds of thousands.

    Cheaper is fewer multiply-adds, then fewer parameters, then less other arithmetic; what costs the same is decided
    by the words of the genome, so that the order of arrival does not matter.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self.seen = 0

    def add(self, candidate: Candidate) -> bool:
        """Take in a candidate that was not taken in before; whether its function is new."""
        self.seen += 1
        rank = rank_of(candidate)
        known = self._kept.get(candidate.key)
        if known is None or rank < known.rank:
            self._kept[candidate.key] = Kept(candidate.key, candidate.genome, rank)
        return known is None

    @property
    def folded(self) -> int:
        """How many candidates were another way to write a function that is here."""
        return self.seen - len(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept.values())

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __getitem__(self, key: str) -> Kept:
        """What is kept of a key. Raises `KeyError`."""
        return self._kept[key]


def rank_of(candidate: Candidate) -> Rank:
    """What decides between equivalent candidates: the smallest is kept."""
    return *cost_of(candidate), repr(tuple(sorted(candidate.genome.items())))


def cost_of(candidate: Candidate) -> Cost:
    """What makes one of equivalent candidates cheaper: multiply-adds, then parameters, then other arithmetic."""
    sheet = candidate.network.cost
    return sheet.macs, sheet.params, sum(sheet.other_operations.values())
