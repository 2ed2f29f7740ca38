"""Calibration: the smallest and largest value that each tensor takes on representative images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.flatbuffer import encode
from archspec.export.model import Model

Range = tuple[float, float]


def calibrate(model: Model, images: Iterable[Array]) -> dict[int, Range]:
    """`(lowest, highest)` of each computed tensor of a float32 model, by its number; images `(1, H, W, C)`, 0..255.

    Raises `Problem` for no image at all, and for one of another shape than the model's.
    """
    from ai_edge_litert.interpreter import Interpreter

    watched = [index for operation in model.operations for index in operation.outputs]
    watched = [index for index in watched if model.tensors[index].dtype == "float32"]
    names = tuple(f"tensor_{index}" for index in watched)
    bare = replace(model, outputs=tuple(watched), output_names=names)  # as outputs, the runtime keeps them all
    interpreter = Interpreter(model_content=encode(bare), num_threads=1)
    interpreter.allocate_tensors()
    outputs = [interpreter.tensor(detail["index"]) for detail in interpreter.get_output_details()]
    lowest = np.full(len(watched), np.inf)
    highest = np.full(len(watched), -np.inf)
    count = 0
    entrance = interpreter.get_input_details()[0]
    for image in images:
        interpreter.set_tensor(entrance["index"], _checked(image, tuple(entrance["shape"].tolist())))
        interpreter.invoke()
        lowest = np.minimum(lowest, [output().min() for output in outputs])
        highest = np.maximum(highest, [output().max() for output in outputs])
        count += 1
    if not count:
        raise Problem("calibration needs at least one image", "Give some, like those the network will see")
    ranges = zip(lowest.tolist(), highest.tolist(), strict=True)
    return dict(zip(watched, ranges, strict=True))


def _checked(image: Array, shape: tuple[int, ...]) -> Array:
    image = np.asarray(image, np.float32)
    if image.shape == shape[1:]:
        image = image[None]
    if image.shape != shape:
        raise Problem(f"a representative image of shape {list(image.shape)}, the network takes {list(shape)}")
    return image
