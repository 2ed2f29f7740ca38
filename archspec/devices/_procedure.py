"""How a latency is taken: the one place with the named procedures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archspec.errors import nearest, user_error

PUBLISHABLE_RUNS = 50


@dataclass(frozen=True, slots=True)
class Procedure:
    """Warm each model up for `warmup_s` seconds, then `rounds` rounds of `runs_per_round` timed runs a model.

    Runs of one model stand together in a round because a model that waited its turn finds cold caches: with one run
    a turn, small networks read 3 to 11 % slow. `limit_s` ends the timed part early, after a whole round.

    `remeasure`: a measurement in which a model was noisy or the device throttled is made again, at most so often; the
    steadiest is kept, and every result says how many there were.
    """

    name: str
    warmup_s: float
    rounds: int
    runs_per_round: int
    limit_s: float = math.inf
    remeasure: int = 0

    def __post_init__(self) -> None:
        if not (self.warmup_s >= 0 and math.isfinite(self.warmup_s)):
            raise user_error(f"the warm-up must be 0 s or longer ({self.warmup_s})")
        if self.rounds < 1 or self.runs_per_round < 1:
            raise user_error(f"there must be a run to time ({self.rounds} rounds of {self.runs_per_round})")
        if self.remeasure < 0:
            raise user_error(f"a measurement cannot be made again {self.remeasure} times")
        if not self.limit_s > 0:
            raise user_error(f"the time limit must be longer than 0 s ({self.limit_s})")

    @property
    def runs(self) -> int:
        """Timed runs of each model."""
        return self.rounds * self.runs_per_round


PRESETS = {
    # Enough to compare candidates of a search; fewer runs than a published number needs.
    "quick": Procedure("quick", warmup_s=0.2, rounds=5, runs_per_round=4),
    "default": Procedure("default", warmup_s=1.0, rounds=10, runs_per_round=5),
    # The published measurements: 30 s of warm-up, then 300 frames (benchmark_model --warmup_min_secs=30
    # --num_runs=300 --min_secs=0). Preprocessing and ArgMax are part of our graphs, hence of every frame.
    "paper": Procedure("paper", warmup_s=30.0, rounds=30, runs_per_round=10),
}


def procedure(name: str | Procedure) -> Procedure:
    """A procedure by its name; a `Procedure` is itself. Raises `UserError` for an unknown name."""
    if isinstance(name, Procedure):
        return name
    if name not in PRESETS:
        raise user_error(f"unknown latency procedure '{name}'", nearest(name, PRESETS))
    return PRESETS[name]
