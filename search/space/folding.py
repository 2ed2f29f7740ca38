"""Folding: of candidates that compute the same function, the cheapest is kept, and the others are counted."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.search.candidates import Candidate


class Folding:
    """The candidates seen so far, one a function.

    Cheaper is fewer multiply-adds, then fewer parameters, then a smaller float32 file; the genome's own order decides
    between what costs the same, so that the order of arrival does not.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Candidate] = {}
        self.seen = 0

    def add(self, candidate: Candidate) -> bool:
        """Take a candidate in; whether its function is new."""
        self.seen += 1
        known = self._kept.get(candidate.key)
        if known is None or is_cheaper(candidate, known):
            self._kept[candidate.key] = candidate
        return known is None

    @property
    def folded(self) -> int:
        """How many candidates were another way to write one that is here."""
        return self.seen - len(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._kept.values())

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __getitem__(self, key: str) -> Candidate:
        """The cheapest candidate of a key. Raises `KeyError`."""
        return self._kept[key]


def is_cheaper(one: Candidate, other: Candidate) -> bool:
    """Whether the first of two equivalent candidates is the one to keep."""
    first, second = (one.sheet.macs, one.sheet.params), (other.sheet.macs, other.sheet.params)
    if first != second:
        return first < second
    sizes = one.sheet.tflite_bytes["float32"], other.sheet.tflite_bytes["float32"]
    if sizes[0] != sizes[1]:
        return sizes[0] < sizes[1]
    return repr(tuple(one.genome.items())) < repr(tuple(other.genome.items()))
