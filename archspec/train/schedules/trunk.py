"""Steady, then a decay in the last share of the steps: 1 - √x, x from 0 to 1 (arXiv:2405.18392)."""

import math
from typing import Annotated

from archspec.graph import Range

DECAY = 0.3


def trunk(
    progress: float,
    *,
    decay: Annotated[float, Range(ge=0, lt=1)] = DECAY,
    end: Annotated[float, Range(ge=0, le=1)] = 0.0,
) -> float:
    """1 until the decay begins, then down to `end`: trainings of several lengths share the steady steps, the trunk.

    Args:
        decay: the share of all steps in which the rate falls; 0 where the next stage is the decay.
        end: the share of the learning rate that is left at the end.
    """
    steady = 1.0 - decay
    if progress <= steady:
        return 1.0
    return 1.0 - (1.0 - end) * math.sqrt((progress - steady) / decay)
