"""Cosine decay: half a period from 1 to the end (arXiv:1608.03983, without restarts)."""

import math
from typing import Annotated

from archspec.graph import Range


def cosine(progress: float, *, end: Annotated[float, Range(ge=0, le=1)] = 0.0) -> float:
    """From 1 to `end`.

    Args:
        end: the share of the learning rate that is left at the end.
    """
    return end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * progress))
