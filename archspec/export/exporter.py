"""Graph and weights -> a finished `.tflite`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archspec.arrays import PLAIN_CALIBRATION, PRECISIONS, Array, Calibration, Precision, Weights
from archspec.errors import Problem, nearest
from archspec.export.calibration import SYNTHETIC_NOTE, folder_images, synthetic_images
from archspec.export.census import Census, check_census, take_census
from archspec.export.flatbuffer import encode
from archspec.export.metadata import append_files, describe
from archspec.export.model import fill
from archspec.export.precision import to_dynamic, to_float16, to_int8, to_int8_by_training
from archspec.graph import Graph, split_ranges
from archspec.graph.layers.arg_max import scores_of
from archspec.graph.program import build_program
from archspec.record import write_bytes

if TYPE_CHECKING:
    from archspec.export.model import Model


TRAINED_NOTE = "the ranges of int8 are those of the training, no images were needed"
BESIDE = "Leave the images out; or take the arrays '.../int8_range' out of the weights, to calibrate anew"
Representative = str | os.PathLike[str] | Iterable["Array"]


@dataclass(frozen=True, slots=True)
class Exported:
    """A `.tflite` and what is known of it. `notes` say what a reader of its numbers should know."""

    data: bytes
    precision: Precision
    shuffle: Literal["follow", "transpose"]
    input_dtype: Literal["float32", "uint8"]
    census: Census
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        return len(self.data)


def export(
    graph: Graph,
    weights: Weights,
    *,
    precision: Precision = "float32",
    shuffle: Literal["follow", "transpose"] = "follow",
    input_dtype: Literal["float32", "uint8"] | None = None,
    representative: Representative | None = None,
    calibration: Calibration = PLAIN_CALIBRATION,
    labels: Sequence[str] | None = None,
    spec_text: str | None = None,
    deep_range: tuple[float, float] | None = None,
) -> Exported:
    """The network as a `.tflite`: image `(1, H, W, C)` in 0..255, as `input_dtype` (None: as the graph says).

    `representative` is a folder of images, or images `(N, H, W, C)`, for int8 only; a stated synthetic default
    stands in; `calibration` says how ranges are found in them. `labels` and `spec_text` go into the file's metadata,
    and `deep_range`, the numbers of images of more than 8 bits that become 0 and 255.
    Raises `Problem` for a layer without a TFLite rule and for weights that do not fit, `UserError` for a file that a
    phone would stumble over.
    """
    if precision not in PRECISIONS:
        raise Problem(f"unknown precision '{precision}'", nearest(precision, PRECISIONS))
    entrance = graph.inputs[0]
    wanted: Any = input_dtype or entrance.dtype
    notes: tuple[str, ...] = ()
    program = build_program(graph, shuffle, "float32" if precision == "int8" else wanted)
    weights, trained = split_ranges(weights)
    model = fill(program, weights)
    if precision == "int8" and trained:
        if representative is not None:
            raise Problem("the weights have int8 ranges of a training, and representative images are given", BESIDE)
        model, notes = to_int8_by_training(model, trained, wanted), (TRAINED_NOTE,)
    elif precision == "int8":
        images = representative_images(representative, entrance.size, entrance.channels, deep_range)
        model = to_int8(model, images, wanted, calibration)
        notes = (SYNTHETIC_NOTE,) if representative is None else ()
        notes += () if calibration == PLAIN_CALIBRATION else (f"calibration: {calibration}",)
    else:
        model = _convert(model, precision)
    model = describe(model, graph, precision=precision, labels=labels, spec_text=spec_text, deep_range=deep_range)
    data = append_files(encode(model), labels, spec_text)
    census = take_census(data)
    check_census(census)
    return Exported(data, precision, shuffle, wanted, census, notes)


def write(exported: Exported, path: str | os.PathLike[str]) -> None:
    """The file at `path`, all of it or none. Raises `UserError` when it cannot be written."""
    write_bytes(path, exported.data)


def logits_node(graph: Graph) -> str:
    """The name of the node whose output the equality check compares: what the label map is taken from."""
    node = graph.outputs[0].node
    return scores_of(node).node.name if type(node.layer).__name__ == "ArgMax" else node.name


def _convert(model: Model, precision: Precision) -> Model:
    if precision == "float16":
        return to_float16(model)
    return to_dynamic(model) if precision == "dynamic" else model


def representative_images(
    representative: Representative | None,
    size: tuple[int, int],
    channels: int,
    deep_range: tuple[float, float] | None = None,
) -> Iterable[Array]:
    """The images that the ranges of int8 are found with: `(1, H, W, C)`, synthetic ones where none are named.

    Raises `Problem` for an array of another shape.
    """
    if representative is None:
        return synthetic_images(size, channels)
    if isinstance(representative, str | os.PathLike):
        return folder_images(Path(representative), size, channels, deep_range)
    return (_batch_of_one(image, size, channels) for image in representative)


def _batch_of_one(image: Array, size: tuple[int, int], channels: int) -> Array:
    """`(H, W, C)` or `(1, H, W, C)` as `(1, H, W, C)`."""
    if image.shape[-3:] != (*size, channels) or image.size != size[0] * size[1] * channels:
        fact = f"a representative image of shape {list(image.shape)}, the network takes {[1, *size, channels]}"
        raise Problem(fact, "Give images of the network's input")
    return image.reshape(1, *size, channels).astype("float32", copy=False)
