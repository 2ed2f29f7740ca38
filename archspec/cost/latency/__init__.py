"""Predict how long a network takes, from what a device needs for each of its operators: no file, no TensorFlow.

`signatures(program)` says which operators a program runs; a `LatencyTable` holds what one device needs for them, as
`archspec.evaluate.calibration` measured it; `Predictor(table).predict(graph)` adds up. Every prediction carries the
error and the rank correlation that the table had on networks it was not fitted to.
"""

from archspec.cost.latency.correction import fit_correction
from archspec.cost.latency.prediction import CALIBRATE, Prediction, Predictor, Sums
from archspec.cost.latency.records import prediction_record
from archspec.cost.latency.scoring import Outcome, equals, score, spearman
from archspec.cost.latency.signature import Operand, Signature, signatures
from archspec.cost.latency.table import OTHER, Conditions, Correction, LatencyTable, OperatorTime, Score
from archspec.cost.latency.table_file import read_or_none, read_table, table_path, write_table

__all__ = [
    "CALIBRATE",
    "OTHER",
    "Conditions",
    "Correction",
    "LatencyTable",
    "Operand",
    "OperatorTime",
    "Outcome",
    "Prediction",
    "Predictor",
    "Score",
    "Signature",
    "Sums",
    "equals",
    "fit_correction",
    "prediction_record",
    "read_or_none",
    "read_table",
    "score",
    "signatures",
    "spearman",
    "table_path",
    "write_table",
]
