"""A prediction as a record: the metric `predicted_latency_ms`, which needs no build."""

from __future__ import annotations

from dataclasses import asdict

from archspec.graph.identity import canonical_hash
from archspec.graph.tensor import Graph
from archspec.predictor.prediction import Prediction
from archspec.predictor.table import LatencyTable
from archspec.record import Record, timestamp

METRIC = "predicted_latency_ms"


def prediction_record(graph: Graph, prediction: Prediction, table: LatencyTable) -> Record:
    """What was predicted for a network, under the table's conditions, with the table's score as circumstances."""
    height, width = graph.inputs[0].size
    known = {} if prediction.score is None else asdict(prediction.score)
    return Record(
        hash=canonical_hash(graph),
        metric=METRIC,
        value=prediction.latency_ms,
        unit="ms",
        name=graph.name,
        conditions={**asdict(table.conditions), "input_height": height, "input_width": width, "batch": 1},
        circumstances={
            "interpolated": prediction.interpolated,
            "entries": len(table.entries),
            **{f"table_{name}": value for name, value in known.items()},
        },
        time=timestamp(),
    )
