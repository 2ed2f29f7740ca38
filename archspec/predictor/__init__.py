"""Predict how long a network takes, from what a device needs for each of its operators: no file, no TensorFlow.

`signatures(program)` says which operators a program runs; a `LatencyTable` holds what one device needs for them, as
`archspec.predictor.calibrate` measured it; `Predictor(table).predict(graph)` adds up. Every prediction carries the
error and the rank correlation that the table had on networks it was not fitted to.
"""

from archspec.predictor.accuracy import Outcome, equals, score, spearman
from archspec.predictor.correction import fit_correction
from archspec.predictor.prediction import CALIBRATE, Prediction, Predictor, Sums
from archspec.predictor.records import prediction_record
from archspec.predictor.signature import Operand, Signature, signatures
from archspec.predictor.table import OTHER, Conditions, Correction, LatencyTable, OperatorTime, Score
from archspec.predictor.table_file import read_or_none, read_table, table_path, write_table

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
