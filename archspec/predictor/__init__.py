"""Predict how long a network takes, from what a device needs for each of its operators: no file, no TensorFlow.

`network_signatures(graph, precision)` says which operators a network's file runs; a `LatencyTable` holds what one
device needs for them, as `calibrate_file` measured it; `Predictor(table).predict(graph)` adds up. Every prediction
carries the error and the rank correlation that the table had on networks it was not fitted to.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec.predictor.accuracy import PredictionResult, accuracy_of, equals, spearman
from archspec.predictor.correction import ALONE, Sums, fit_correction
from archspec.predictor.prediction import CALIBRATE, Prediction, Predictor
from archspec.predictor.signature import Operand, Signature, network_signatures, signatures
from archspec.predictor.table import (
    OTHER,
    Accuracy,
    Conditions,
    Correction,
    LatencyTable,
    OperatorTime,
    read_or_none,
    read_table,
    table_path,
    write_table,
)

if TYPE_CHECKING:
    from archspec.predictor.calibration import (
        CalibrationProgress,
        calibrate,
        calibrate_file,
        fill,
        measure_networks,
        operators_of,
        prediction_results,
        predictor_for,
        table_of,
    )
    from archspec.predictor.calibration_models import further_operators, sampled_networks
    from archspec.predictor.tables import TablePlace, calibration_table, predictions_table
    from archspec.predictor.transfer import transfer_file
    from archspec.predictor.turns import NETWORK_TURNS, OPERATOR_TURNS, Turns

__all__ = [
    "ALONE", "CALIBRATE", "NETWORK_TURNS", "OPERATOR_TURNS", "OTHER", "Accuracy", "CalibrationProgress", "Conditions",
    "Correction", "LatencyTable", "Operand", "OperatorTime", "Prediction", "PredictionResult", "Predictor",
    "Signature", "Sums", "TablePlace", "Turns", "accuracy_of", "calibrate", "calibrate_file", "calibration_table",
    "equals", "fill", "fit_correction", "further_operators", "measure_networks", "network_signatures", "operators_of",
    "prediction_results", "predictions_table", "predictor_for", "read_or_none", "read_table", "sampled_networks",
    "signatures", "spearman", "table_of", "table_path", "transfer_file", "write_table",
]  # fmt: skip

_MODELS = ("further_operators", "sampled_networks")
_TABLES = ("TablePlace", "calibration_table", "predictions_table")
_TURNS = ("NETWORK_TURNS", "OPERATOR_TURNS", "Turns")


def __getattr__(name: str) -> Any:
    """What calibrates needs NumPy and devices, and is imported when it is asked for: predicting needs neither."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    homes = (("calibration_models", _MODELS), ("tables", _TABLES), ("transfer", ("transfer_file",)), ("turns", _TURNS))
    home = next((home for home, names in homes if name in names), "calibration")
    return getattr(import_module(f"{__name__}.{home}"), name)
