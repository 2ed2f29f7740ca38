"""A predicted latency: a corrected sum over operators, where those that were never measured are interpolated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from archspec.errors import Problem
from archspec.graph import Graph, collector_paused
from archspec.graph.program import Program, build_program
from archspec.predictor.signature import Family, Features, Signature, family, features, signatures
from archspec.predictor.table import OTHER, Accuracy, Correction, LatencyTable, OperatorTime

ENOUGH_ENTRIES = 4  # of a family, to interpolate within it; else within all operators of the code
LEAST_COLDER = 0.02  # of the warm time: a target of least squares on relative errors must be positive
Law = tuple[list[tuple[int, float]], list[tuple[int, float]]]
"""`(index of a feature, factor)` for the warm time, and the same for how much longer the cold time is."""
ROUNDS = 2000  # of coordinate descent, at most
ENOUGH = 1e-10  # of the largest coefficient, scaled: no further change matters
OWN_FACTOR_SHARE = 0.03  # of the time of the networks: rarer kinds of operator share one factor
PULL = 0.3  # towards operators that take in a network what they take alone
ALONE = 1.0  # of a code that no network has
COLD_FACTOR = 0.3  # where the pull goes: caches are found neither cold nor warm
CALIBRATE = "Calibrate again (archspec latency --calibrate): what the table holds is not measured twice"


@dataclass(frozen=True, slots=True)
class Prediction:
    """Milliseconds at batch 1, the share of them that was interpolated, and how good the table's predictions are."""

    latency_ms: float
    interpolated: float
    operations: int
    accuracy: Accuracy | None

    def __str__(self) -> str:
        accuracy = "never compared with whole networks" if self.accuracy is None else str(self.accuracy)
        return f"{self.latency_ms:.2f} ms predicted, {100 * self.interpolated:.0f} % of it interpolated; {accuracy}"


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
        """The share of it that was interpolated."""
        return self.interpolated_ms / self.total_ms if self.total_ms else 0.0


@dataclass
class Predictor:
    """Predicts with one table. Keep the object: it caches the operators and laws that it has worked out."""

    table: LatencyTable
    _known: dict[Signature, tuple[OperatorTime, bool]] = field(default_factory=dict, init=False, repr=False)
    _laws: dict[Family, Law | None] = field(default_factory=dict, init=False, repr=False)

    def prepare(self) -> Predictor:
        """Fit the laws of growth now (a tenth of a second), so that no prediction has to wait for them."""
        for group in self._rows:
            self._law(group)
        return self

    def predict(self, network: Graph | Program) -> Prediction:
        """The latency of a network that was never built.

        Raises `Problem` that names every operator of which the table has no entry at all, and for a layer without a
        TFLite rule.
        """
        sums = self.sums(network)
        return Prediction(self._corrected_ms(sums), sums.interpolated, sums.operations, self.table.accuracy)

    def sums(self, network: Graph | Program) -> Sums:
        """The sums that a prediction is made of, before the correction."""
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
        """The law of a family; None where the table has too few entries of it."""
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


def fit(
    rows: Sequence[Sequence[float]],
    targets: Sequence[float],
    lowest: Sequence[float] | None = None,
    towards: Sequence[float] | None = None,
    pull: float = 0.0,
) -> list[float]:
    """Coefficients c with the least Σ (row · c / target - 1)² and each c ≥ its `lowest` (0 unless given).

    `pull` draws c `towards` values given: it counts as so many rows in which each feature has its usual share. Targets
    are positive. By coordinate descent on columns scaled to unit length, which converges because the problem is convex.
    """
    columns = [[row[k] / target for row, target in zip(rows, targets, strict=True)] for k in range(len(rows[0]))]
    scales = [sum([value * value for value in column]) ** 0.5 for column in columns]
    used = [k for k, scale in enumerate(scales) if scale > 0]
    unit = {k: [value / scales[k] for value in columns[k]] for k in used}
    gram = {j: {k: sum(map(float.__mul__, unit[j], unit[k])) for k in used} for j in used}
    right = {k: sum(unit[k]) for k in used}
    floor = {k: (0.0 if lowest is None else lowest[k]) * scales[k] for k in used}
    if pull and towards is not None:
        for k in used:
            gram[k][k] += pull / len(rows)
            right[k] += pull / len(rows) * towards[k] * scales[k]
    found = _descend(used, gram, right, floor)
    return [found[k] / scales[k] if k in found else 0.0 for k in range(len(scales))]


def _descend(
    used: list[int], gram: dict[int, dict[int, float]], right: dict[int, float], floor: dict[int, float]
) -> dict[int, float]:
    found = {k: max(0.0, floor[k]) for k in used}
    for _ in range(ROUNDS):
        change = 0.0
        for k in used:
            gradient = right[k] - sum([gram[k][j] * found[j] for j in used])
            value = max(floor[k], found[k] + gradient / gram[k][k])
            change = max(change, abs(value - found[k]))
            found[k] = value
        if change <= ENOUGH * max([1.0, *map(abs, found.values())]):
            break
    return found


def fit_correction(sums: Sequence[Sums], measured_ms: Sequence[float], known: Iterable[str] = ()) -> Correction:
    """The factors with which `sums` come nearest to what the same networks took. Raises `ValueError` without any.

    A code that is `known` but in none of the networks has a factor of 1: of it nothing but the time alone was measured.
    """
    if not sums:
        raise ValueError("no networks to fit a correction to")
    codes = [*_frequent(sums), OTHER]
    rows = [[*_by_factor(one, codes), one.colder_ms, float(one.operations)] for one in sums]
    towards = [*(1.0 for _ in codes), COLD_FACTOR, 0.0]
    call = -min(one.total_ms / one.operations for one in sums)  # a call of its own costs no more than all its time
    found = fit(rows, measured_ms, [*(0.0 for _ in codes), 0.0, call], towards, PULL)
    seen = {code for one in sums for code in one.warm_ms}
    alone = dict.fromkeys(sorted(set(known) - seen), ALONE)
    return Correction(dict(zip(codes, found, strict=False)) | alone, found[-2], found[-1], len(sums))


def _frequent(sums: Sequence[Sums]) -> list[str]:
    shares: dict[str, float] = {}
    for one in sums:
        for code, warm in one.warm_ms.items():
            shares[code] = shares.get(code, 0.0) + warm / one.total_ms / len(sums)
    return sorted(code for code, share in shares.items() if share >= OWN_FACTOR_SHARE)


def _by_factor(sums: Sums, codes: Sequence[str]) -> list[float]:
    own = [sums.warm_ms.get(code, 0.0) for code in codes[:-1]]
    return [*own, sums.total_ms - sum(own)]
