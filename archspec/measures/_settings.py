"""What is asked of a network and what comes back: plain values that cross processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from archspec.arrays import Precision
from archspec.record import Record

RUNGS = ("cost", "predicted", "tflite", "host", "device", "proxy", "training")
"""The ladder, cheapest first. `cost` and `predicted` take milliseconds and no TensorFlow: they are the screen."""
SCREEN = ("cost", "predicted")


@dataclass(frozen=True, slots=True)
class Limit:
    """A hard limit on a metric: at most `bound`, or at least it."""

    metric: str
    bound: float
    at_most: bool = True

    def broken_by(self, value: float | None) -> bool:
        """Whether a value is on the wrong side; one that could not be had always is."""
        if value is None:
            return True
        return value > self.bound if self.at_most else value < self.bound


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a network went no further: `metric` is the broken limit's, or '' where it cannot be built at all."""

    metric: str
    reason: str


@dataclass(frozen=True)
class Settings:
    """Which metrics are wanted, within which limits, under which conditions. Plain: it crosses into workers.

    `data` are references (`camvid:DIR`); `recipes` name the recipe of each metric that trains; `latency_table` is the
    predictor's file ('' for the device's own in the user's cache); `output` is where runs and features go.
    `procedure` is how latencies are taken; a process that trains uses `training_threads` (0: all). Measures that train
    take `training_steps` updates (0: as their recipe says); in a share of `training_decay` the rate falls (None: the
    recipe's).
    """

    metrics: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    seed: int = 0
    device: str = "host"
    threads: int = 1
    precision: Precision = "float32"
    data: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    latency_table: str = ""
    output: str = "runs"
    plugins: tuple[str, ...] = ()
    procedure: str = "quick"
    training_threads: int = 1
    training_steps: int = 0
    training_decay: float | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """Every metric that is wanted or limited, once."""
        return tuple(dict.fromkeys((*self.metrics, *(limit.metric for limit in self.limits))))


@dataclass(frozen=True)
class Evaluation:
    """What became of a network: a value for each metric (None: it has none), its records, or why it was rejected."""

    values: Mapping[str, float | None]
    records: tuple[Record, ...] = ()
    rejected: Rejection | None = None
    fault: str = ""


class KnownRecords(Protocol):
    """What the ladder needs of a ledger."""

    def get(self, key: str) -> Record | None:
        """The record of a key (`Record.key`), if there is one."""
        ...

    def add(self, records: Iterable[Record]) -> object:
        """Keep them."""
        ...
