"""A classifier's `.tflite`, ours or not, as a function of images: opened once, run once an image."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.census import take_census
from archspec.export.operator_info import TensorInfo
from archspec.export.surgery import cut_argmax
from archspec.export.tflite_segmenter import RGB, Exit, Gives, ImageRange, Runner, image_range_of, own_channels

Size = tuple[int, int]
LAST = 3  # the axis of channels that a vector's scores are passed on as


class TfliteClassifier:
    """Images `(N, H, W, C)`, numbers from 0 to 255, of the file's `size` -> scores `(N, classes)`, float32.

    `gives` says what scores are: logits or probabilities. A final ArgMax is taken out of a copy. `image_range`, `size`
    and `channels` are as of a `TfliteSegmenter`. Raises `Problem` as that does, and for what is no classifier.
    """

    def __init__(
        self,
        data: bytes,
        *,
        threads: int = 1,
        image_range: ImageRange | None = None,
        channels: tuple[int, ...] = (RGB,),
    ) -> None:
        self.channels = own_channels(data, channels)
        cut = cut_argmax(data)
        self.image_range, self.image_range_source = image_range_of(data, cut.input_dtype, image_range)
        asked = None if image_range is None else self.image_range
        self._runner = Runner(cut.data, threads, self.image_range, asked, vector_exit)
        if self._runner.size is None:
            raise Problem("leaves the size of its image open", "Convert it for one size")
        self.size: Size = self._runner.size
        self.gives: Gives = self._runner.exit.gives
        self.classes: int = self._runner.exit.classes or 0

    def __call__(self, images: Array) -> Array:
        """Scores of each image."""
        return np.stack([self._runner(image).reshape(-1) for image in images])


def vector_exit(details: Sequence[dict[str, Any]], softmax: bool, _: Size) -> Exit:
    """The first output that is one score a class: `(N, classes)`, or that as a map of one place."""
    for one in details:
        shape, kind = [int(side) for side in one["shape"]], np.dtype(one["dtype"]).kind
        scaled = kind == "f" or one["quantization"][0] != 0.0
        if is_vector(shape) and scaled:
            gives: Gives = "probabilities" if softmax else "logits"
            return Exit(one["index"], one["quantization"], gives, shape[-1], LAST)
    found = ", ".join(f"{list(map(int, one['shape']))} {np.dtype(one['dtype']).name}" for one in details)
    raise Problem(f"gives no scores of whole images ({found})", "Needed is an output [1, classes]")


def is_vector(shape: Sequence[int]) -> bool:
    """Whether an output of this shape, the batch in front, is one score for each of several classes."""
    return len(shape) in (2, 4) and shape[-1] > 1 and prod(shape[1:-1]) == 1


def classifies(data: bytes) -> bool:
    """Whether a file gives one class, or scores of classes, for a whole image. Raises `Problem` for a damaged one."""
    outputs: tuple[TensorInfo, ...] = take_census(data).outputs
    return any(is_vector(one.shape) for one in outputs) or len(outputs[0].shape) == 1
