"""`Space`: the open choices of a spec as a genome, and each genome as a priced network."""

from __future__ import annotations

import random
from collections.abc import Iterator

from archspec.errors import user_error
from archspec.network import Network
from archspec.search.candidates import Candidate, Genome, Parameter
from archspec.search.space.decisions import Decisions
from archspec.search.space.openings import Opening, openings_of
from archspec.spec import Spec, override


class Space:
    """A search space: what `archspec.search.candidates.SearchSpace` asks for, from a spec with open choices."""

    def __init__(self, spec: Spec, openings: tuple[Opening, ...]) -> None:
        self.spec = spec
        self._openings = openings
        self._decisions = Decisions(tuple(one for opening in openings for one in opening.parameters))

    @classmethod
    def of(cls, spec: Spec) -> Space:
        """The space of a spec's choices. Raises `UserError` when there are none, or for one that cannot be."""
        if not spec.choices():
            raise user_error(
                f"the spec '{spec.name}' has no open choices",
                "Write {choose: [A, B]}, {range: {from: 64, to: 512, step: 64}} or {dpc_cell: {}} as a value",
                place=spec.document.place,
            )
        return cls(spec, openings_of(spec))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, parents before what lies in them."""
        return self._decisions.parameters

    @property
    def size(self) -> int | None:
        """The exact number of genomes; None where a range is continuous."""
        return self._decisions.size()

    def at(self, index: int) -> Genome:
        """The genome at a position (from 0 to `size`) of `genomes`, without listing those before."""
        return self._decisions.at(index)

    def sample(self, generator: random.Random) -> Genome:
        """A genome, uniform over each decision that exists."""
        return self._decisions.sample(generator)

    def genomes(self) -> Iterator[Genome]:
        """Every genome once, in a stable order. Raises `Problem` where a range is continuous."""
        return self._decisions.genomes()

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        """A neighbour: one decision taken anew, what no longer exists dropped, what newly exists sampled."""
        return self._decisions.mutated(genome, generator)

    def closed(self, genome: Genome) -> Spec:
        """The spec with every choice made. Raises `UserError` for what is no genome of this space."""
        self._decisions.check(genome)
        made = ((opening.path, opening.value(genome)) for opening in self._openings if opening.exists(genome))
        spec = self.spec
        changes: dict[str, object] = {}
        for path, value in made:
            if path in changes:  # an option that is itself a choice stands where the outer one does
                spec, changes = override(spec, changes), {}
            changes[path] = value
        return override(spec, changes)

    def candidate(self, genome: Genome) -> Candidate:
        """The network, priced. Raises `UserError` or `Problem` for one that cannot be built."""
        network = Network(self.closed(genome))
        _ = network.cost
        return Candidate(genome, network, network.equivalence_key)
