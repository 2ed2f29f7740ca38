"""The networks of a table as a search space, and their scores as an evaluator.

The space has as many genomes as the table has rows, and can be listed. A sampler may propose any genome: it stands for
the nearest row, the one with the fewest decisions taken otherwise (an ordered decision counts by how far apart its
options lie). A mutation goes to one of the nearest rows. So everything that a search does ends at a network whose
scores are known.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.measures import Evaluation, Settings
from archspec.search.candidates import Candidate, Decision, DecisionValue, Genome
from archspec.search.space import Space
from harness.curve_table import CurveRow

NEIGHBOURS = 8  # rows that a mutation may go to
ABSENT = -1
ROUNDING = 1e-9


class RowSpace:
    """`rows` as a `SearchSpace` over the decisions of `whole`, the space that they were drawn from."""

    def __init__(self, rows: Sequence[CurveRow], whole: Space) -> None:
        self.rows, self.decisions, self._whole = tuple(rows), whole.decisions, whole
        self._taken = np.array([self._places(row.genome) for row in rows])
        lengths = [len(decision.options) - 1 if decision.ordered else 0 for decision in whole.decisions]
        self._lengths = np.array(lengths)  # of ordered decisions
        self._exact = {_name(row.genome): row for row in rows}
        self._nearest: dict[object, CurveRow] = {}
        self._networks: dict[str, _LateNetwork] = {}
        self._features: dict[str, Mapping[str, float]] = {}

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def sample(self, generator: random.Random) -> Genome:
        """Each row alike: the table was drawn from the space's own distribution."""
        return generator.choice(self.rows).genome

    def genomes(self) -> Iterator[Genome]:
        """Those of the rows, in the table's order."""
        return (row.genome for row in self.rows)

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        """One of the rows that are nearest to a genome, and not its own."""
        own = self.row(genome)
        others = [row for row in self._nearest_first(genome, NEIGHBOURS + 1) if row is not own]
        return generator.choice(others[:NEIGHBOURS]).genome if others else own.genome

    def candidate(self, genome: Genome) -> Candidate:
        """The network of the nearest row; its key is the row's hash."""
        row = self.row(genome)
        if row.hash not in self._networks:
            self._networks[row.hash] = _LateNetwork(self._whole.network, row.genome)
        network: Any = self._networks[row.hash]
        return Candidate(genome, network, row.hash)

    def features(self, candidate: Candidate) -> Mapping[str, float]:
        """Those of the row's network in the whole space, worked out once."""
        if candidate.key not in self._features:
            self._features[candidate.key] = self._whole.features(candidate)
        return self._features[candidate.key]

    def row(self, genome: Genome) -> CurveRow:
        """The row of a genome, or the nearest; of equally near ones any, but always the same."""
        name = _name(genome)
        if name not in self._exact and name not in self._nearest:
            self._nearest[name] = self._nearest_first(genome, 1)[0]
        return self._exact.get(name) or self._nearest[name]

    def distance(self, one: Genome, other: Genome) -> float:
        """The number of decisions that are taken otherwise; less than 1 each where the options are in an order."""
        return float(self._apart(self._places(one)[None], self._places(other))[0])

    def _apart(self, places: Array, own: Array) -> Array:
        steps = np.abs(places - own) / np.maximum(self._lengths, 1)
        alike = (self._lengths > 0) & (places != ABSENT) & (own != ABSENT)
        apart: Array = np.where(alike, steps, places != own).sum(axis=1)
        return apart

    def _places(self, genome: Genome) -> Array:
        """Of each decision, the place of what was taken in the list of its options."""
        return np.array([_place(decision, genome.get(decision.name, ABSENT)) for decision in self.decisions])

    def _nearest_first(self, genome: Genome, count: int) -> list[CurveRow]:
        """So many rows, the nearest first; of equally near ones in an order that is the same always."""
        distances = self._apart(self._taken, self._places(genome))
        farthest = np.sort(distances)[:count][-1]
        found = np.flatnonzero(distances <= farthest + ROUNDING)
        ordered = sorted(found, key=lambda row: (round(distances[row], 9), self._tie(genome, self.rows[row])))
        return [self.rows[row] for row in ordered[:count]]

    def _tie(self, genome: Genome, row: CurveRow) -> str:
        return hashlib.blake2b(f"{_name(genome)}{row.hash}".encode(), digest_size=8).hexdigest()


class _LateNetwork:
    """Built when anything of it is asked for."""

    def __init__(self, build: Callable[[Genome], Any], genome: Genome) -> None:
        self._build, self._genome, self._network = build, genome, None

    def __getattr__(self, name: str) -> Any:
        if self._network is None:
            self._network = self._build(self._genome)
        return getattr(self._network, name)


@dataclass(frozen=True)
class RowEvaluator:
    """Reads the table: the score of a network (its hash is the text) at the rung of the settings, as one seed had it.

    `seen` notes what was asked, `(hash, rung)`, in order.
    """

    rows: Mapping[str, CurveRow]
    steps: tuple[int, ...]
    seed: int
    cost: str
    seen: list[tuple[str, int]] = field(default_factory=list)
    preload: tuple[str, ...] = ()
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def rung(self, settings: Settings) -> int:
        """The rung that settings ask for."""
        return self.steps.index(settings.training_steps or self.steps[-1])

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """mIoU, and the cost, which is known exactly."""
        rung = self.rung(settings)
        row = self.rows[spec_text]
        self.seen.append((row.hash, rung))
        return Evaluation({"miou": row.scores[rung, self.seed], self.cost: row.costs[self.cost]})


def _name(genome: Genome) -> tuple[tuple[str, DecisionValue], ...]:
    return tuple(sorted(genome.items()))


def _place(decision: Decision, value: object) -> int:
    """The place of an option in the list; `ABSENT` for what is not taken, or no option."""
    return next((number for number, option in enumerate(decision.options) if option == value), ABSENT)
