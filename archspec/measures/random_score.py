"""A number drawn for the network from its hash and the seed, 0 to 1: the baseline that any proxy must beat"""

from __future__ import annotations

import hashlib

from archspec.measures._subject import Subject
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "", "more", "cost", 0.001


def conditions(subject: Subject) -> dict[str, Plain]:
    """The seed, besides the network."""
    return {**subject.network_conditions, "seed": subject.settings.seed}


def measure(subject: Subject) -> float:
    """The first 64 bits of a hash, as a fraction."""
    text = f"{subject.sheet.hash} {subject.settings.seed}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64
