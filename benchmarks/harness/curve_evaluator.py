"""A network in a worker process: its costs and its learning curve as an evaluation, and that as a row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.experiment.engines import WorkResult
from archspec.measures import Evaluation, Settings
from archspec.search.candidates import Candidate
from harness.curve_table import COSTS, Conditions, CurveRow, score_column

PREDICTED = "predicted_latency_ms"
CPU_SECONDS = "cpu_seconds"


@dataclass(frozen=True)
class CurveEvaluator:
    """Prices, times and trains a network. Without a latency table no latency is predicted."""

    recipe: str
    data: str
    steps: tuple[int, ...]
    decay: float
    seeds: tuple[int, ...]
    latency_table: str = ""
    timeout_s: float | None = 3600.0
    evaluations_per_process: int = 8  # TensorFlow keeps some memory of every network

    @property
    def preload(self) -> tuple[str, ...]:
        """TensorFlow and Keras."""
        from archspec.measures import preload

        return preload(Settings(("miou",)))

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """Costs, scores by their columns, and the processor time of it. What raises fails the network."""
        from archspec.datasets import open_dataset
        from archspec.measures import evaluate, prepare_worker
        from archspec.search.fidelity import Fidelity
        from archspec.spec import parse
        from archspec.train import parse_recipe
        from harness.learning_curve import LearningCurve

        prepare_worker(settings)
        spec = parse(spec_text, file="<candidate>")
        asked = tuple(name for name in COSTS if name != PREDICTED or self.latency_table)
        costs = evaluate(spec, Settings(asked, latency_table=self.latency_table))
        if costs.fault or costs.rejected:
            raise ValueError(costs.fault or costs.rejected)
        curve = LearningCurve(
            spec, parse_recipe(self.recipe, "recipe"), {self.data: open_dataset(self.data)},
            Fidelity(self.steps, decay=self.decay), self.seeds,
        )  # fmt: skip
        scores = curve.scores()
        named = {score_column(self.steps[rung], seed): score for (rung, seed), score in scores.items()}
        return Evaluation({**costs.values, **named, CPU_SECONDS: curve.cpu_seconds})


def curve_row(ended: WorkResult, candidate: Candidate, conditions: Conditions) -> CurveRow:
    """What became of a network, as a row."""
    network = candidate.network
    what = ended.number, network.hash, candidate.key, candidate.genome
    if ended.evaluation is None:
        return CurveRow(*what, fault=ended.reason or ended.ended)
    values = ended.evaluation.values
    scores = {
        (rung, seed): value
        for rung, steps in enumerate(conditions.steps)
        for seed in conditions.seeds
        if (value := values[score_column(steps, seed)]) is not None
    }
    return CurveRow(*what, {name: values.get(name) for name in COSTS}, scores, values[CPU_SECONDS] or 0.0)
