"""What a measurement returns: the raw samples, the statistics and the conditions, frozen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from archspec.devices._contract import System
from archspec.devices._machine import Machine
from archspec.devices._procedure import PUBLISHABLE_RUNS, Procedure
from archspec.devices._state import State
from archspec.devices._statistics import Summary, round_ratios, summarise


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
        """Statistics of the wall times, ms."""
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
        """Median wall time."""
        return self.wall.median

    @property
    def fps(self) -> float:
        """Frames per second: the images of a run times 1000 / mean wall time."""
        return 1000 * self.batch / self.wall.mean if self.wall.mean else 0.0

    @property
    def runs(self) -> int:
        """Timed runs."""
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
