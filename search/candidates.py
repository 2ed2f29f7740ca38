"""The genome of a space, and the network it stands for. Who proposes genomes knows nothing of networks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from archspec.network import Network

Gene = str | int | float
Genome = Mapping[str, Gene]
"""Parameter name -> what was taken. What lies inside an option that was not taken does not exist."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One decision. `name` is unique in the space (a path, as of `--set`).

    `options` are all its values, plain and distinct; empty for a continuous range from `low` to `high` (`log`: even in
    the logarithm). `ordered`: the options are numbers in rising order. It exists only when `parent` (a parameter's
    name, '' for always) has taken `parent_value`.
    """

    name: str
    options: tuple[Gene, ...] = ()
    ordered: bool = False
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    parent: str = ""
    parent_value: Gene = ""


@dataclass(frozen=True)
class Candidate:
    """A genome as a network. `key` is its identity: candidates of one key compute the same function."""

    genome: Genome
    network: Network
    key: str


class SearchSpace(Protocol):
    """What samplers and the driver need of a space."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, parents before what lies in them."""
        ...

    @property
    def size(self) -> int | None:
        """The exact number of genomes; None where a range is continuous."""
        ...

    def sample(self, generator: random.Random) -> Genome:
        """A genome, uniform over each decision that exists."""
        ...

    def genomes(self) -> Iterator[Genome]:
        """Every genome once, in a stable order. Raises `Problem` where a range is continuous."""
        ...

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        """A neighbour: one decision taken anew, what no longer exists dropped, what newly exists sampled."""
        ...

    def candidate(self, genome: Genome) -> Candidate:
        """The network. Raises `UserError` or `Problem` for one that cannot be built."""
        ...
