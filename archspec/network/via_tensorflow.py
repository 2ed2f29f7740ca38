"""The same export through TensorFlow's own converter: slower to write and to run, and an independent oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.arrays import PLAIN_CALIBRATION, Calibration, Weights
from archspec.errors import user_error
from archspec.export import Exported, Precision, check_census, take_census
from archspec.export.calibration import SYNTHETIC_NOTE
from archspec.export.exporter import Representative, representative_images
from archspec.export.tflite_file import wrote

if TYPE_CHECKING:
    from archspec.graph import Graph


def export_with_tensorflow(
    graph: Graph,
    weights: Weights,
    *,
    precision: Precision,
    input_dtype: str | None,
    representative: Representative | None,
    deep_range: tuple[float, float] | None = None,
    calibration: Calibration = PLAIN_CALIBRATION,
    **_: object,
) -> Exported:
    """The `.tflite` of the Keras model, shuffles as they stand in the papers, without our metadata.

    Raises `UserError` for what TensorFlow cannot convert, and for a result that a phone would stumble over.
    """
    from archspec import lower

    entrance = graph.inputs[0]
    if input_dtype not in (None, entrance.dtype):
        raise user_error(
            f"--via tensorflow reads what the spec says ({entrance.dtype}), not {input_dtype}",
            f"Use --set input.dtype={input_dtype}",
        )
    if precision == "int8" and (graph.kept_float or calibration != PLAIN_CALIBRATION):
        fact = "TensorFlow's converter knows nothing of what the spec says under 'quantization'"
        raise user_error(fact, "Leave out --via tensorflow, or use --set quantization={}")
    notes = ["written by TensorFlow's converter"]
    images = None
    if precision == "int8":
        images = representative_images(representative, entrance.size, entrance.channels, deep_range)
        if representative is None:
            notes.append(SYNTHETIC_NOTE)
    model = lower.to_keras(graph, weights)
    data = wrote(lower.convert_with_tensorflow(model, precision=precision, representative_images=images))
    census = take_census(data)
    check_census(census)
    return Exported(data, precision, "transpose", entrance.dtype, census, tuple(notes))  # type: ignore[arg-type]
