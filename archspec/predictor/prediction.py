"""A predicted latency: a corrected sum over operators, where those that were never measured are interpolated."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from archspec.errors import Problem
from archspec.graph import Graph, collector_paused
from archspec.predictor.correction import Sums
from archspec.predictor.laws import Known, Laws
from archspec.predictor.signature import Signature, kind, network_signatures
from archspec.predictor.table import Accuracy, LatencyTable, OperatorTime

CALIBRATE = "Calibrate again (archspec latency --calibrate): what the table holds is not measured twice"


@dataclass(frozen=True, slots=True)
class Prediction:
    """Milliseconds at batch 1, the shares of them that were interpolated and that lie beyond the longest operators
    measured, the mean number of doublings beyond these, and how good the table's predictions are."""

    latency_ms: float
    interpolated: float
    operations: int
    accuracy: Accuracy | None
    extrapolated: float = 0.0
    doublings: float = 0.0

    @property
    def expected_error(self) -> float | None:
        """The table's median error, widened for what lies beyond the sizes that it knows: the mean over the predicted
        time of `doublings`, each at the table's error of a doubling. None for a table that was never compared."""
        if self.accuracy is None:
            return None
        return self.accuracy.median_error + self.doublings * self.accuracy.doubling_error

    def __str__(self) -> str:
        accuracy = "never compared with whole networks" if self.accuracy is None else str(self.accuracy)
        beyond = ""
        if self.extrapolated and self.expected_error is not None:
            share = f"{100 * self.extrapolated:.0f} % beyond the sizes that were measured"
            beyond = f", {share} (expected error {100 * self.expected_error:.1f} %)"
        told = f"{self.latency_ms:.2f} ms predicted, {100 * self.interpolated:.0f} % of it interpolated{beyond}"
        return f"{told}; {accuracy}"


@dataclass
class Predictor:
    """Predicts with one table. Keep the object: it caches the operators and laws that it has worked out."""

    table: LatencyTable
    _known: dict[Signature, Known] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _laws(self) -> Laws:
        return Laws(self.table)

    def prepare(self) -> Predictor:
        """Fit the laws of growth now (a tenth of a second), so that no prediction has to wait for them."""
        self._laws.fit_all()
        return self

    def predict(self, graph: Graph) -> Prediction:
        """The latency of a network that was never built.

        Raises `Problem` that names every operator of which the table has no entry at all, and for a layer without a
        TFLite rule.
        """
        sums = self.sums(graph)
        return Prediction(
            self._corrected_ms(sums),
            sums.interpolated,
            sums.operations,
            self.table.accuracy,
            sums.share(sums.extrapolated_ms),
            sums.share(sums.doublings_ms),
        )

    def sums(self, graph: Graph) -> Sums:
        """The sums that a prediction is made of, before the correction."""
        with collector_paused():  # the program is gone at the end, so the collector never sees it
            operators = self.operators(graph)
            unknown = self._unknown(operators)
            if unknown:
                raise Problem(f"the latency table has no {', '.join(unknown)}", CALIBRATE)
            return self._summed(operators)

    def operators(self, graph: Graph) -> list[Signature]:
        """Those of a network's file, as the table has them."""
        return network_signatures(graph, self.table.operators_precision)

    def operator_time(self, signature: Signature) -> OperatorTime:
        """One operator alone, measured or interpolated. Raises `Problem` where neither can be."""
        return (self._known.get(signature) or self._look_up(signature)).time

    def _unknown(self, operators: list[Signature]) -> list[str]:
        """Kinds that the table has no entry of, in the order they come."""
        kinds = dict.fromkeys([kind(one) for one in operators if one not in self._known])
        return [one for one in kinds if not self._laws.knows(one)]

    def _summed(self, operators: list[Signature]) -> Sums:
        known = self._known
        warm: dict[str, float] = defaultdict(float)
        colder = interpolated = extrapolated = doublings = 0.0
        for signature in operators:
            own, (cold_ms, warm_ms), is_measured, doubled = known.get(signature) or self._look_up(signature)
            warm[own] += warm_ms
            colder += cold_ms - warm_ms
            if not is_measured:
                interpolated += warm_ms
            if doubled:
                extrapolated += warm_ms
                doublings += doubled * warm_ms
        return Sums(dict(warm), colder, interpolated, len(operators), extrapolated, doublings)

    def _corrected_ms(self, sums: Sums) -> float:
        correction = self.table.correction
        if correction is None:
            return sums.total_ms
        own = [correction.factor(one) * warm for one, warm in sums.warm_ms.items()]
        return sum(own) + correction.cold_factor * sums.colder_ms + correction.operation_ms * sums.operations

    def _look_up(self, signature: Signature) -> Known:
        entry = self.table.entries.get(signature)
        found = Known(kind(signature), entry, True) if entry is not None else self._laws.interpolated(signature)
        if found is None:
            raise Problem(f"the latency table has no {kind(signature)}", CALIBRATE)
        self._known[signature] = found
        return found
