"""A number drawn for the network from its hash and the seed, 0 to 1: the baseline that any proxy must beat"""

from __future__ import annotations

import hashlib

from archspec.measures._case import Case
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "", "more", "cost", 0.001


def conditions(case: Case) -> dict[str, Plain]:
    """The seed, besides the network."""
    return {**case.network_conditions, "seed": case.settings.seed}


def measure(case: Case) -> float:
    """The first 64 bits of a hash, as a fraction."""
    text = f"{case.network.cost.hash} {case.settings.seed}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64
