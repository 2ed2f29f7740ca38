"""What a driver hands to the office of archspec on a Ray cluster, and what it hears from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archspec.experiment.engines import AtWork, WorkResult
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._ray_node import Baggage

HEAD = "node:__internal_head__"
"""A resource that only the head of a cluster has."""


@dataclass(frozen=True)
class Stretch:
    """A leg as the office has it: `content` is what the node evaluates."""

    content: bytes
    device: str = ""
    node: str = ""


@dataclass(frozen=True)
class Demand:
    """What a work that trains takes of a node."""

    cpus: float = 1.0
    gpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict)

    def describe(self) -> str:
        """`cpus 1, gpus 0.25, large_memory 1`."""
        gpus = [f"gpus {self.gpus:g}"] if self.gpus else []
        return ", ".join([f"cpus {self.cpus:g}", *gpus, *(f"{name} {one:g}" for name, one in self.resources.items())])

    def places(self, resources: Mapping[str, float]) -> int:
        """How many such works a node with these resources has room for."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, **self.resources}
        counts = [int(resources.get(name, 0) / amount + 1e-6) for name, amount in wanted.items() if amount > 0]
        return min(counts, default=1)


@dataclass(frozen=True)
class Job:
    """A work for the office. `name` stands for its content: the same work of another driver is the same job. `needs`
    stands for what a node must have: one that cannot do a job cannot do another of the same needs."""

    name: str
    needs: str
    stretches: tuple[Stretch, ...]
    baggage: Baggage
    demand: Demand
    expected: Mapping[str, str]
    timeout_s: float | None
    evaluations_per_process: int

    @property
    def digests(self) -> list[str]:
        """The parcels that it names."""
        files = (digest for digest, _ in self.baggage.files.values())
        return list(dict.fromkeys((*files, *filter(None, [self.baggage.sent]))))


@dataclass(frozen=True)
class News:
    """What a driver hears: results by job, with the files they left; how far others are; which jobs were not begun
    since a parcel that they name is not here any more; what nodes cannot do; how many works of its demand the cluster
    has room for, those that run among them."""

    results: Mapping[str, tuple[WorkResult, tuple[Parcel, ...]]]
    at_work: Mapping[str, AtWork]
    refused: Sequence[str]
    unfit: Mapping[str, str]
    places: int
