"""A latency: the procedure by which it is taken, the statistics of its samples, and what a measurement returns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from archspec.devices._contract import System
from archspec.devices._machine import Machine, State
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


NOISY_SPREAD = 0.10
"""A run whose interquartile range is more than this share of its median is flagged as noisy."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of n run times in ms. `std` and `variance` (ms²) are of the population, as benchmark_model's are."""

    count: int
    median: float
    mean: float
    std: float
    variance: float
    iqr: float
    p10: float
    p90: float
    p99: float
    min: float
    max: float

    @property
    def spread(self) -> float:
        """Interquartile range as a share of the median; 0 when the median is 0."""
        return self.iqr / self.median if self.median else 0.0

    @property
    def noisy(self) -> bool:
        """Whether the spread is above `NOISY_SPREAD`."""
        return self.spread > NOISY_SPREAD

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def summarise(samples_ms: Sequence[float]) -> Summary:
    """All statistics of at least one run time. Raises `ValueError` when there is none."""
    ordered = sorted(samples_ms)
    if not ordered:
        raise ValueError("no samples to summarise")
    mean = math.fsum(ordered) / len(ordered)
    variance = math.fsum((sample - mean) ** 2 for sample in ordered) / len(ordered)
    return Summary(
        count=len(ordered),
        median=_at(ordered, 50),
        mean=mean,
        std=math.sqrt(variance),
        variance=variance,
        iqr=_at(ordered, 75) - _at(ordered, 25),
        p10=_at(ordered, 10),
        p90=_at(ordered, 90),
        p99=_at(ordered, 99),
        min=ordered[0],
        max=ordered[-1],
    )


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of all lie, linear between neighbours (NumPy's default)."""
    if not values:
        raise ValueError("no values to take a percentile of")
    return _at(sorted(values), percent)


def round_ratios(samples: Sequence[float], reference: Sequence[float], runs_per_round: int) -> list[float]:
    """Each round's median over the reference's median in the same round: what drifts with the machine cancels."""
    starts = range(0, min(len(samples), len(reference)), runs_per_round)
    pairs = [(median(samples[at : at + runs_per_round]), median(reference[at : at + runs_per_round])) for at in starts]
    return [own / other for own, other in pairs if other > 0]


def _at(ordered: Sequence[float], percent: float) -> float:
    position = (len(ordered) - 1) * percent / 100
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


@dataclass(frozen=True)
class Latency:
    """The latency of one model, of a whole run: `batch` images.

    `samples_ms` are wall times in the order they were taken, `cpu_samples_ms` the processor time of the same runs
    (empty with more than one thread, where it means nothing). `reference_samples_ms` are those of the reference
    model, taken in turns with these. Times in ms unless the name says otherwise.
    """

    name: str
    model_hash: str
    model_bytes: int
    samples_ms: tuple[float, ...]
    cpu_samples_ms: tuple[float, ...]
    reference: str
    reference_samples_ms: tuple[float, ...]
    init_ms: float
    first_ms: float
    warmup_s: float
    warmup_runs: int
    threads: int
    procedure: Procedure
    system: System
    device: str
    machine: Machine
    load_average_after: float | None
    time: str
    state_after: State = field(default_factory=State)
    measurements: int = 1
    batch: int = 1
    kept_ratios: tuple[float, ...] = ()

    @cached_property
    def wall(self) -> Summary:
        return summarise(self.samples_ms)

    @cached_property
    def cpu(self) -> Summary | None:
        """Statistics of the processor times, ms; None with more than one thread."""
        return summarise(self.cpu_samples_ms) if self.cpu_samples_ms else None

    @cached_property
    def round_ratios(self) -> tuple[float, ...]:
        """This model over the reference, round by round; as they were kept, where the reference's samples were not."""
        return self.kept_ratios or tuple(
            round_ratios(self.samples_ms, self.reference_samples_ms, self.procedure.runs_per_round)
        )

    @property
    def paired_ratio(self) -> float:
        """Median of `round_ratios`: below 1 is faster than the reference. Steady where medians drift."""
        return summarise(self.round_ratios).median

    @property
    def paired_ratio_iqr(self) -> float:
        """Interquartile range of `round_ratios`."""
        return summarise(self.round_ratios).iqr

    @property
    def median_ms(self) -> float:
        return self.wall.median

    @property
    def fps(self) -> float:
        """Frames per second: the images of a run times 1000 / mean wall time."""
        return 1000 * self.batch / self.wall.mean if self.wall.mean else 0.0

    @property
    def runs(self) -> int:
        return len(self.samples_ms)

    @property
    def noisy(self) -> bool:
        """Whether the interquartile range is more than `NOISY_SPREAD` of the median."""
        return self.wall.noisy

    @property
    def throttled(self) -> str:
        """Why the device was slower than it can be, before or after; '' when nothing says so."""
        return self.state_after.throttled or self.machine.state.throttled

    @property
    def cautions(self) -> tuple[str, ...]:
        """Why this number should not be trusted as it is; empty when there is no reason."""
        found = []
        if self.batch > 1:
            found.append(f"a batch of {self.batch}: milliseconds are of {self.batch} images, FPS counts images")
        if self.noisy:
            found.append(f"noisy: interquartile range is {self.wall.spread:.0%} of the median")
        if self.throttled:
            found.append(f"throttled: {self.throttled}")
        if self.measurements > 1:
            found.append(f"measured {self.measurements} times, the steadiest is kept")
        if self.runs < self.procedure.runs:
            found.append(f"stopped after {self.runs} of {self.procedure.runs} runs")
        if self.runs < PUBLISHABLE_RUNS:
            found.append(f"{self.runs} runs: fewer than the {PUBLISHABLE_RUNS} a published number needs")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values: fields, `wall`, `cpu`, `paired_ratio`, `fps`, `noisy`, `cautions`."""
        fields = asdict(self)
        del fields["reference_samples_ms"], fields["kept_ratios"]  # they are in the reference's own row
        fields |= {"samples_ms": list(self.samples_ms), "cpu_samples_ms": list(self.cpu_samples_ms)}
        fields["system"]["inputs"] = list(self.system.inputs)
        fields["procedure"] = self.procedure.name
        return fields | {
            "wall": self.wall.to_json(),
            "cpu": self.cpu.to_json() if self.cpu else None,
            "paired_ratio": self.paired_ratio,
            "paired_ratio_iqr": self.paired_ratio_iqr,
            "fps": self.fps,
            "runs": self.runs,
            "noisy": self.noisy,
            "cautions": list(self.cautions),
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a measurement: a `KeyboardInterrupt` that kept the whole rounds measured so far."""

    def __init__(self, latencies: tuple[Latency, ...]) -> None:
        self.latencies = latencies
        super().__init__("interrupted")
