"""`Space`: the open choices of a spec as a genome, and each genome as a priced network.

`Folding`: of candidates that compute the same function, the cheapest is kept, and the others are counted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.cost import graph_features
from archspec.errors import user_error
from archspec.network import Network
from archspec.search.candidates import Candidate, Decision, DecisionValue, Genome
from archspec.search.space.choices import OpenChoice, open_choices
from archspec.search.space.decisions import Decisions
from archspec.spec import TOGETHER, Spec, override

Cost = tuple[int, int, int]
Rank = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The cheapest way to write a function that was seen so far."""

    key: str
    genome: Genome
    rank: Rank


class Folding:
    """The functions seen so far. It keeps genomes, not graphs, so that it may see hundreds of thousands.

    Cheaper is fewer multiply-adds, then fewer parameters, then less other arithmetic; what costs the same is decided
    by the words of the genome, so that the order of arrival does not matter.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self.seen = 0

    def add(self, candidate: Candidate) -> bool:
        """Take in a candidate that was not taken in before; whether its function is new."""
        self.seen += 1
        rank = rank_of(candidate)
        known = self._kept.get(candidate.key)
        if known is None or rank < known.rank:
            self._kept[candidate.key] = Kept(candidate.key, candidate.genome, rank)
        return known is None

    @property
    def folded(self) -> int:
        """How many candidates were another way to write a function that is here."""
        return self.seen - len(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept.values())

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __getitem__(self, key: str) -> Kept:
        return self._kept[key]


def rank_of(candidate: Candidate) -> Rank:
    """What decides between equivalent candidates: the smallest is kept."""
    return *cost_of(candidate), repr(tuple(sorted(candidate.genome.items())))


def cost_of(candidate: Candidate) -> Cost:
    """What makes one of equivalent candidates cheaper: multiply-adds, then parameters, then other arithmetic."""
    sheet = candidate.network.cost
    return sheet.macs, sheet.params, sum(sheet.other_operations.values())


class Space:
    """A search space: what `archspec.search.candidates.SearchSpace` asks for, from a spec with open choices."""

    def __init__(self, spec: Spec, choices: tuple[OpenChoice, ...]) -> None:
        self.spec = spec
        self._choices = choices
        self._decisions = Decisions(tuple(one for choice in choices for one in choice.decisions))

    @classmethod
    def of(cls, spec: Spec) -> Space:
        """The space of a spec's choices. Raises `UserError` when there are none, or for one that cannot be."""
        if not spec.choices():
            raise user_error(
                f"the spec '{spec.name}' has no open choices",
                "Write {choose: [A, B]}, {range: {from: 64, to: 512, step: 64}} or {dpc_cell: {}} as a value",
                place=spec.document.place,
            )
        return cls(spec, open_choices(spec))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self._decisions.decisions

    @property
    def size(self) -> int | None:
        return self._decisions.size()

    def at(self, index: int) -> Genome:
        return self._decisions.at(index)

    def sample(self, generator: random.Random) -> Genome:
        return self._decisions.sample(generator)

    def genomes(self) -> Iterator[Genome]:
        return self._decisions.genomes()

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        return self._decisions.mutated(genome, generator)

    def completed(self, part: Genome) -> Genome:
        """The genome of a part of one: what is open besides takes its first option. Raises `UserError`."""
        return self._decisions.completed(part)

    def changed(self, genome: Genome, name: str, option: DecisionValue) -> Genome:
        """With one decision taken otherwise: what newly exists takes its first option."""
        return self._decisions.changed(genome, name, option)

    def closed(self, genome: Genome) -> Spec:
        """The spec with every choice made. Raises `UserError` for what is no genome of this space."""
        self._decisions.check(genome)
        open_ones = sorted(self._choices, key=lambda choice: not choice.path.startswith(f"{TOGETHER}."))
        made = ((choice.path, choice.value(genome)) for choice in open_ones if choice.exists(genome))
        spec = self.spec
        changes: dict[str, object] = {}
        for path, value in made:
            if path in changes:  # an option that is itself a choice stands where the outer one does
                spec, changes = override(spec, changes), {}
            changes[path] = value
        return override(spec, changes)

    def network(self, genome: Genome) -> Network:
        """The network that a genome stands for. Raises `UserError` for what is no genome of this space."""
        return Network(self.closed(genome))

    def networks(self, count: int, *, seed: int = 0) -> list[Network]:
        """So many networks drawn at random, evenly over each decision; the same ones for the same seed."""
        generator = random.Random(seed)
        return [self.network(self.sample(generator)) for _ in range(count)]

    def __repr__(self) -> str:
        points = "continuous" if self.size is None else f"{self.size:,} points"
        return f"<Space {self.spec.name}: {points}, {len(self.decisions)} decisions>"

    def candidate(self, genome: Genome) -> Candidate:
        """The network, priced. Raises `UserError` or `Problem` for one that cannot be built."""
        network = self.network(genome)
        _ = network.cost
        return Candidate(genome, network, network.candidate_key)

    def features(self, candidate: Candidate) -> Mapping[str, float]:
        """What its graph says: cost by section, receptive field, strides, widths."""
        return graph_features(candidate.network.graph)
