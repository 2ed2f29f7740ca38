"""The genome of a space, and the network it stands for. Who proposes genomes knows nothing of networks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from archspec.network import Network

DecisionValue = str | int | float
Genome = Mapping[str, DecisionValue]
"""Decision name -> what was taken. What lies inside an option that was not taken does not exist."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `name` is unique in the space (a path, as of `--set`).

    `options` are all its values, plain and distinct; empty for a continuous range from `low` to `high` (`log`: even in
    the logarithm). `ordered`: the options are numbers in rising order. It exists only when `parent` (a decision's
    name, '' for always) has taken `parent_value`.
    """

    name: str
    options: tuple[DecisionValue, ...] = ()
    ordered: bool = False
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    parent: str = ""
    parent_value: DecisionValue = ""


def exists(decision: Decision, genome: Mapping[str, DecisionValue]) -> bool:
    """Whether a decision exists given what its parents have taken."""
    if not decision.parent:
        return True
    return decision.parent in genome and genome[decision.parent] == decision.parent_value


def possible(decision: Decision, value: DecisionValue) -> bool:
    """Whether a decision can take this value."""
    if decision.options:
        return value in decision.options
    return isinstance(value, int | float) and decision.low <= value <= decision.high


@dataclass(frozen=True)
class Generated:
    """The decisions of a generator, and what to write in the spec in its place.

    Attributes:
        decisions: names continue the path where the generator stands (`[0].rate`, `.stage2`); parents come before
            what lies in them.
        value: from what was taken (by these names, only what exists) to plain Python. Raises `Problem`.
    """

    decisions: tuple[Decision, ...]
    value: Callable[[Genome], Any]


@dataclass(frozen=True)
class Candidate:
    """A genome as a network. `key` is its identity: candidates of one key compute the same function."""

    genome: Genome
    network: Network
    key: str


class SearchSpace(Protocol):
    """What samplers and the driver need of a space."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision, parents before what lies in them."""

    @property
    def size(self) -> int | None:
        """The exact number of genomes; None where a range is continuous."""

    def sample(self, generator: random.Random) -> Genome:
        """A genome, uniform over each decision that exists."""

    def genomes(self) -> Iterator[Genome]:
        """Every genome once, in a stable order. Raises `Problem` where a range is continuous."""

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        """A neighbour: one decision taken anew, what no longer exists dropped, what newly exists sampled."""

    def candidate(self, genome: Genome) -> Candidate:
        """The network. Raises `UserError` or `Problem` for one that cannot be built."""

    def features(self, candidate: Candidate) -> Mapping[str, float]:
        """The network as numbers, for models that predict what it will score; nothing where there are none."""
