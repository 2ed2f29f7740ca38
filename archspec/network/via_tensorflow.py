"""The same export through TensorFlow's own converter: slower to write and to run, and an independent oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.arrays import Weights
from archspec.errors import user_error
from archspec.export import Exported, check_census, take_census
from archspec.export.provenance import wrote
from archspec.export.representative import SYNTHETIC_NOTE, folder_images, synthetic_images
from archspec.network.build_options import BuildOptions

if TYPE_CHECKING:
    from archspec.graph import Graph


def export_with_tensorflow(graph: Graph, weights: Weights, options: BuildOptions) -> Exported:
    """The `.tflite` of the Keras model, shuffles as they stand in the papers, without our metadata.

    Raises `UserError` for what TensorFlow cannot convert, and for a result that a phone would stumble over.
    """
    from archspec import lower

    entrance = graph.inputs[0]
    if options.input_dtype not in (None, entrance.dtype):
        raise user_error(
            f"--via tensorflow reads what the spec says ({entrance.dtype}), not {options.input_dtype}",
            f"Use --set input.dtype={options.input_dtype}",
        )
    notes = ["written by TensorFlow's converter"]
    images = None
    if options.precision == "int8":
        if options.representative is None:
            images = synthetic_images(entrance.size, entrance.channels)
            notes.append(SYNTHETIC_NOTE)
        else:
            images = folder_images(options.representative, entrance.size, entrance.channels)
    model = lower.to_keras(graph, weights)
    data = wrote(lower.convert_with_tensorflow(model, precision=options.precision, representative_images=images))
    census = take_census(data)
    check_census(census)
    return Exported(data, options.precision, "transpose", entrance.dtype, census, tuple(notes))  # type: ignore[arg-type]
