"""What one device needs for each operator, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

from archspec.errors import user_error
from archspec.predictor.signature import Signature

OTHER = "other"
"""The key of the factor for all kinds of operator that have none of their own."""


class OperatorTime(NamedTuple):
    """Milliseconds alone, at the reference's pace: with the caches as other models left them, and warm."""

    cold_ms: float
    warm_ms: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a table holds for; `device` is its kind, `fingerprint` which one (archspec.devices.Machine)."""

    device: str
    fingerprint: str
    cpu: str
    runtime: str
    version: str
    threads: int
    precision: str = "float32"

    def differences(self, other: Conditions) -> list[str]:
        """`threads 1, not 2` for each that differs; the name of the processor is not compared, its fingerprint is."""
        return [
            f"{one.name} {getattr(self, one.name)}, not {getattr(other, one.name)}"
            for one in fields(self)
            if one.name != "cpu" and getattr(self, one.name) != getattr(other, one.name)
        ]


@dataclass(frozen=True, slots=True)
class Correction:
    """From operators alone to a network: Σ factor · warm + cold_factor · Σ (cold - warm) + operation_ms · operations.

    A factor is of a code, or of `OTHER`. Alone, an operator pays for a call of its own and finds its weights in the
    caches; in a network it does neither. `networks` is how many it was fitted to.
    """

    factors: Mapping[str, float]
    cold_factor: float
    operation_ms: float
    networks: int


@dataclass(frozen=True, slots=True)
class Score:
    """How wrong predictions were on `networks` that neither entries nor correction were measured or fitted with.

    `equal_spearman` is the rank correlation among the `equal_networks` of them within ± 15 % of the same MACs; None
    where there are fewer than five. `interpolated` is the mean share of predicted time that no entry stood for.
    """

    networks: int
    median_error: float
    p90_error: float
    spearman: float
    equal_networks: int
    equal_spearman: float | None
    interpolated: float
    time: str

    def __str__(self) -> str:
        equal = "too few of equal FLOPs to rank"
        if self.equal_spearman is not None:
            equal = f"{self.equal_spearman:.2f} among {self.equal_networks} of equal FLOPs (± 15 %)"
        return (
            f"on {self.networks} networks it was not fitted to: median error {100 * self.median_error:.1f} %, 9 of 10 "
            f"within {100 * self.p90_error:.1f} %, rank correlation {self.spearman:.3f}, {equal}; "
            f"{100 * self.interpolated:.0f} % of the time interpolated (measured {self.time[:10]})"
        )


@dataclass(frozen=True)
class LatencyTable:
    """`reference_ms` is the pace: what the reference network took on the device when the table was begun."""

    conditions: Conditions
    reference_ms: float
    entries: Mapping[Signature, OperatorTime] = field(default_factory=dict, repr=False)
    correction: Correction | None = None
    score: Score | None = None

    def with_entries(self, entries: Mapping[Signature, OperatorTime]) -> LatencyTable:
        """The same table with further entries; the score was measured with fewer, and stays."""
        return replace(self, entries={**self.entries, **entries})

    def check(self, conditions: Conditions) -> None:
        """Raises `UserError` when the table is of another device, runtime, number of threads or precision."""
        found = self.conditions.differences(conditions)
        if found:
            raise user_error(f"the latency table is of another device: {'; '.join(found)}", "Calibrate this one")
