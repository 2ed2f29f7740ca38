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

from archspec.measures import Evaluation, Settings
from archspec.search.candidates import Candidate, Decision, DecisionValue, Genome
from archspec.search.space import Space
from harness.curve_table import CurveRow

NEIGHBOURS = 8  # rows that a mutation may go to
ABSENT = object()


class RowSpace:
    """`rows` as a `SearchSpace` over the decisions of `whole`, the space that they were drawn from."""

    def __init__(self, rows: Sequence[CurveRow], whole: Space) -> None:
        self.rows, self.decisions, self._whole = tuple(rows), whole.decisions, whole
        self._named = {decision.name: decision for decision in whole.decisions}
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
        others = sorted((row for row in self.rows if row is not own), key=lambda row: self._order(genome, row))
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
            self._nearest[name] = min(self.rows, key=lambda row: self._order(genome, row))
        return self._exact.get(name) or self._nearest[name]

    def distance(self, one: Genome, other: Genome) -> float:
        """The number of decisions that are taken otherwise; less than 1 each where the options are in an order."""
        return sum(self._apart(name, one, other) for name in one.keys() | other.keys())

    def _apart(self, name: str, one: Genome, other: Genome) -> float:
        left, right = one.get(name, ABSENT), other.get(name, ABSENT)
        if left == right:
            return 0.0
        decision = self._named.get(name)
        if decision is None or not decision.ordered or left not in decision.options or right not in decision.options:
            return 1.0
        at, to = (_place(decision, value) for value in (left, right))
        return abs(at - to) / (len(decision.options) - 1)

    def _order(self, genome: Genome, row: CurveRow) -> tuple[float, str]:
        tie = hashlib.blake2b(f"{_name(genome)}{row.hash}".encode(), digest_size=8).hexdigest()
        return self.distance(genome, row.genome), tie


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

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """mIoU, and the cost, which is known exactly."""
        rung = self.steps.index(settings.training_steps or self.steps[-1])
        row = self.rows[spec_text]
        self.seen.append((row.hash, rung))
        return Evaluation({"miou": row.scores[rung, self.seed], self.cost: row.costs[self.cost]})


def _name(genome: Genome) -> tuple[tuple[str, DecisionValue], ...]:
    return tuple(sorted(genome.items()))


def _place(decision: Decision, value: object) -> int:
    return next(number for number, option in enumerate(decision.options) if option == value)
