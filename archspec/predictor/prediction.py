"""A predicted latency: a sum over operators, those that were never measured interpolated."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from archspec.errors import Problem
from archspec.graph.collector import collector_paused
from archspec.graph.program import Program, build_program
from archspec.graph.tensor import Graph
from archspec.predictor.features import Family, Features, family, features
from archspec.predictor.least_squares import fit
from archspec.predictor.signature import Signature, signatures
from archspec.predictor.table import OTHER, LatencyTable, OperatorTime, Score

ENOUGH_ENTRIES = 4  # of a family, to interpolate within it; else within all operators of the code
LEAST_COLDER = 0.02  # of the warm time: a target of least squares on relative errors must be positive
Law = tuple[list[tuple[int, float]], list[tuple[int, float]]]
"""Which sizes tell the warm time, and which how much longer the cold one is, each with its factor."""
CALIBRATE = "Calibrate again (archspec latency --calibrate): what the table holds is not measured twice"


@dataclass(frozen=True, slots=True)
class Prediction:
    """Milliseconds at batch 1, the share of them that was interpolated, and how good the table's predictions are."""

    latency_ms: float
    interpolated: float
    operations: int
    score: Score | None

    def __str__(self) -> str:
        said = "never compared with whole networks" if self.score is None else str(self.score)
        return f"{self.latency_ms:.2f} ms predicted, {100 * self.interpolated:.0f} % of it interpolated; {said}"


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the operators of one network, in ms: warm times by code, cold less warm, and what was interpolated."""

    warm_ms: dict[str, float]
    colder_ms: float
    interpolated_ms: float
    operations: int

    @property
    def total_ms(self) -> float:
        """The plain sum of operators alone."""
        return sum(self.warm_ms.values())

    @property
    def interpolated(self) -> float:
        """The share of it that no entry stands for."""
        return self.interpolated_ms / self.total_ms if self.total_ms else 0.0


@dataclass
class Predictor:
    """Predicts with one table. Keep it: what it looked up once it never looks up again."""

    table: LatencyTable
    _known: dict[Signature, tuple[OperatorTime, bool]] = field(default_factory=dict, init=False, repr=False)
    _laws: dict[Family, Law | None] = field(default_factory=dict, init=False, repr=False)

    def prepare(self) -> Predictor:
        """Work the laws of growth out now (a tenth of a second), so that no prediction has to wait for them."""
        for group in self._rows:
            self._law(group)
        return self

    def predict(self, network: Graph | Program) -> Prediction:
        """The latency of a network that was never built.

        Raises `Problem` that names every operator of which the table has no entry at all, and for a layer without a
        TFLite rule.
        """
        sums = self.sums(network)
        return Prediction(self._corrected_ms(sums), sums.interpolated, sums.operations, self.table.score)

    def sums(self, network: Graph | Program) -> Sums:
        """What a prediction is made of, before the correction."""
        with collector_paused():  # the program is gone at the end, so the collector never sees it
            program = network if isinstance(network, Program) else build_program(network)
            operators = signatures(program)
            unknown = self._unknown(operators)
            if unknown:
                raise Problem(f"the latency table has no {', '.join(unknown)}", CALIBRATE)
            return self._summed(operators)

    def operator_time(self, signature: Signature) -> OperatorTime:
        """One operator alone, measured or interpolated. Raises `Problem` where neither can be."""
        return (self._known.get(signature) or self._look_up(signature))[0]

    def _unknown(self, operators: list[Signature]) -> list[str]:
        """Codes that the table has no entry of, in the order they come."""
        codes = dict.fromkeys([signature.code for signature in operators])
        return [code for code in codes if (code,) not in self._rows]

    def _summed(self, operators: list[Signature]) -> Sums:
        known = self._known
        warm: dict[str, float] = defaultdict(float)
        colder = interpolated = 0.0
        for signature in operators:
            time, is_measured = known.get(signature) or self._look_up(signature)
            cold_ms, warm_ms = time
            warm[signature.code] += warm_ms
            colder += cold_ms - warm_ms
            if not is_measured:
                interpolated += warm_ms
        return Sums(dict(warm), colder, interpolated, len(operators))

    def _corrected_ms(self, sums: Sums) -> float:
        correction = self.table.correction
        if correction is None:
            return sums.total_ms
        factors = correction.factors
        own = [factors.get(code, factors[OTHER]) * warm for code, warm in sums.warm_ms.items()]
        return sum(own) + correction.cold_factor * sums.colder_ms + correction.operation_ms * sums.operations

    def _look_up(self, signature: Signature) -> tuple[OperatorTime, bool]:
        entry = self.table.entries.get(signature)
        found = (entry, True) if entry is not None else (self._interpolated(signature), False)
        self._known[signature] = found
        return found

    # --- interpolation -----------------------------------------------------------------------------------
    def _interpolated(self, signature: Signature) -> OperatorTime:
        """By the law of its family: a sum of sizes with factors ≥ 0, so that no time falls when a size grows."""
        own = family(signature)
        law = self._law(own) or self._law(own[:1])
        if law is None:
            raise Problem(f"the latency table has no {signature.code}", CALIBRATE)
        sizes = features(signature)
        warm, colder = (sum([sizes[index] * factor for index, factor in terms]) for terms in law)
        return OperatorTime(warm + colder, warm)

    def _law(self, group: Family) -> Law | None:
        """None without entries; a narrow family needs a few."""
        if group not in self._laws:
            rows = self._rows.get(group, [])
            enough = ENOUGH_ENTRIES if len(group) > 1 else 1
            self._laws[group] = _fitted(rows) if len(rows) >= enough else None
        return self._laws[group]

    @cached_property
    def _rows(self) -> dict[Family, list[tuple[Features, OperatorTime]]]:
        """The entries by family, and by code alone."""
        found: dict[Family, list[tuple[Features, OperatorTime]]] = defaultdict(list)
        for signature, time in self.table.entries.items():
            row = features(signature), time
            own = family(signature)
            found[own].append(row)
            found[own[:1]].append(row)
        return found


def _fitted(rows: list[tuple[Features, OperatorTime]]) -> Law:
    sizes = [row for row, _ in rows]
    warm = [time.warm_ms for _, time in rows]
    colder = [max(time.cold_ms - time.warm_ms, LEAST_COLDER * time.warm_ms) for _, time in rows]
    return _terms(fit(sizes, warm)), _terms(fit(sizes, colder))


def _terms(factors: list[float]) -> list[tuple[int, float]]:
    return [(index, factor) for index, factor in enumerate(factors) if factor]
