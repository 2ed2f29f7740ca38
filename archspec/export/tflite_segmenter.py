"""A segmentation `.tflite`, ours or not, as a function of images: opened once, run once an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Literal

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.census import take_census
from archspec.export.input_size import Size, input_size, sized
from archspec.export.interpreter import enter, leave, opened
from archspec.export.metadata import read_metadata
from archspec.export.operator_info import TensorInfo
from archspec.export.surgery import cut_argmax
from archspec.export.tflite_file import enumeration_names, object_model, operator_codes

Gives = Literal["labels", "logits", "probabilities"]
ImageRange = tuple[float, float]
BYTES: ImageRange = (0.0, 255.0)
RGB = 3
SOFTMAX, SIGMOID = "SOFTMAX", "LOGISTIC"
IMAGE_TYPES = ("FLOAT32", "FLOAT16", "FLOAT64", "UINT8", "INT8", "INT16", "UINT16", "INT32", "UINT32", "INT64")
PIXELS_FROM = 128.0  # an input of so wide a range is meant in numbers from 0 to 255
TRIED: Size = (256, 256)  # what a file of open size is opened at, to see what it gives
_PASSED_ON = ("DEQUANTIZE", "QUANTIZE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "CAST", "TRANSPOSE")


@dataclass(frozen=True, slots=True)
class Exit:
    """The output that is a map: where it is in the interpreter, how its numbers are meant and where its channels are
    (0 of a map without any).
    """

    index: int
    quantization: tuple[float, int]
    gives: Gives
    classes: int | None
    channel_axis: int


FindExit = Callable[[Sequence[dict[str, Any]], bool, Size], Exit]


class TfliteSegmenter:
    """Image `(H, W, C)`, numbers from 0 to 255, of the file's `size` -> what the file gives at each pixel.

    `channels` are those that the images can be read as; of an opened one it is the file's own number.

    `gives` says what that is: labels, logits or probabilities; `classes` how many (None where it gives labels). A
    final ArgMax is taken out of a copy, so that a network that gives labels gives its logits too. `image_range` is
    what a float input takes for black and white: None is what the file says of itself, else 0 to 255. `size` is the
    one to run a file at that leaves it open; None then takes every image at its own. `align_corners` is how the file
    resizes its scores itself. Raises `Problem` for a damaged file, for one that LiteRT refuses or dies of, and for one
    that is no segmentation network.
    """

    def __init__(
        self,
        data: bytes,
        *,
        threads: int = 1,
        image_range: ImageRange | None = None,
        size: Size | None = None,
        channels: tuple[int, ...] = (RGB,),
    ) -> None:
        self.channels = own_channels(data, channels)
        if size is not None:
            data = sized(data, size)
        cut = cut_argmax(data)
        self.image_range, self.image_range_source = image_range_of(data, cut.input_dtype, image_range)
        asked = None if image_range is None else self.image_range
        self._scores = Runner(cut.data, threads, self.image_range, asked)
        self._labels = Runner(data, threads, self.image_range, asked) if cut.had_argmax else self._scores
        self.size = self._scores.size
        self.gives = self._scores.exit.gives
        self.classes = self._scores.exit.classes
        self.sigmoid = self.gives == "probabilities" and last_activation(cut.data) == SIGMOID
        self.align_corners = aligns_corners(cut.data)

    def __call__(self, image: Array) -> Array:
        """Scores `(h, w, classes)`, float32, or labels `(h, w)`. Raises `Problem` for an image of another size."""
        return self._scores(image)

    def labels(self, image: Array) -> Array:
        """The label of each pixel `(h, w)`, by the file's own ArgMax where it has one."""
        found = self._labels(image)
        if found.ndim == 3 and found.shape[2] == 1:  # the foreground's score
            return (found[..., 0] > (0.5 if self.sigmoid else 0.0)).astype(np.int64)
        labels: Array = found if found.ndim == 2 else found.argmax(-1)
        return labels


class Runner:
    """An interpreter with an image in front and what `find_exit` finds behind, a map if not told otherwise; one of open
    size is opened anew for another size."""

    def __init__(
        self,
        data: bytes,
        threads: int,
        image_range: ImageRange,
        asked: ImageRange | None,
        find_exit: FindExit | None = None,
    ) -> None:
        self._data, self._threads = data, threads
        self._find_exit = find_exit or _exit
        self._probabilities = last_activation(data) in (SOFTMAX, SIGMOID)
        self._image_range, self._asked = image_range, asked
        entrance = input_size(data)
        self._first = entrance.height_axis == 2
        self._channels = entrance.shape[1 if self._first else -1]
        self._batch = entrance.batch
        self.size: Size | None = None if entrance.open else entrance.size
        self._open(self.size or TRIED)

    def __call__(self, image: Array) -> Array:
        size: Size = (int(image.shape[0]), int(image.shape[1]))
        if self.size not in (None, size):
            raise Problem(f"an image of {size[0]} x {size[1]} for a network of {self.size}")
        if size != self._at:
            self._open(size)
        self._interpreter.set_tensor(self._entrance["index"], self._entered(image))
        self._interpreter.invoke()
        output: Array = self._interpreter.get_tensor(self.exit.index)[0]
        if self.exit.gives == "labels":
            axis = self.exit.channel_axis
            labels: Array = output[..., 0] if axis == 3 else output[0] if axis == 1 else output
            whole: Array = np.rint(labels).astype(np.int64)
            return whole
        scores = leave(output, self.exit.quantization).astype(np.float32, copy=False)
        found: Array = np.moveaxis(scores, 0, -1) if self.exit.channel_axis == 1 else scores
        return found

    def _open(self, size: Size) -> None:
        data = self._data if self.size is not None else sized(self._data, size)
        self._at = size
        try:
            self._interpreter = opened(data, self._threads)
            details = self._interpreter.get_output_details()
            (self._entrance,) = self._interpreter.get_input_details()
            self._table = _byte_table(self._entrance, self._asked)
            if any((one["shape_signature"] < 0).any() for one in details):  # shapes are known after a run only
                self._interpreter.set_tensor(
                    self._entrance["index"], self._entered(np.zeros((*size, self._channels), np.uint8))
                )
                self._interpreter.invoke()
                details = [
                    {**one, "shape": np.array(self._interpreter.get_tensor(one["index"]).shape)} for one in details
                ]
        except Problem as problem:
            if self.size is not None:
                raise
            fact = f"cannot be run at {size[0]} x {size[1]}: {problem.fact}"
            raise Problem(fact, "Name a size that it can be run at: --size H,W") from problem
        self.exit = self._find_exit(details, self._probabilities, size)

    def _entered(self, image: Array) -> Array:
        """What goes in for an image, as often as the batch is large; its first answer is taken."""
        if self._first:
            image = np.moveaxis(image, -1, 0)
        values = self._values(np.ascontiguousarray(image))
        return np.ascontiguousarray(np.broadcast_to(values, (self._batch, *values.shape)))

    def _values(self, image: Array) -> Array:
        dtype = np.dtype(self._entrance["dtype"])
        if dtype.kind != "f":
            whole = image if image.dtype == np.uint8 else np.rint(image).astype(np.uint8)
            values: Array = self._table[whole]
            return values
        scaled: Array = image.astype(dtype)
        black, white = self._image_range
        if (black, white) != BYTES:
            scaled *= (white - black) / 255
            scaled += black
        return scaled


def _byte_table(entrance: dict[str, Any], asked: ImageRange | None) -> Array:
    """What a whole-number input takes for each of the 256 values of a byte.

    Where its scale reaches past 128 it is meant in numbers from 0 to 255, and the scale is followed; else the bytes
    themselves go in, whatever the scale says, as all converters mean it. `asked` is a range that was asked for.
    """
    dtype = np.dtype(entrance["dtype"])
    scale, zero_point = entrance["quantization"]
    pixels = np.arange(256, dtype=np.float64)
    if dtype.kind == "f":
        return pixels
    limits = np.iinfo(dtype)
    if scale and (asked is not None or _means_pixels(scale, dtype.name)):
        black, white = asked or BYTES
        real = black + pixels / 255 * (white - black)
        table: Array = np.clip(np.rint(real / scale) + zero_point, limits.min, limits.max).astype(dtype)
        return table
    if scale and dtype.itemsize > 1:
        raise Problem(f"takes {dtype.name} of a range that the file does not say", "Say it: --image-range LOW,HIGH")
    return enter(pixels.astype(np.float32), dtype.type)


def _means_pixels(scale: float, dtype: str) -> bool:
    """Whether the range of a quantised input is that of pixels: as wide as 0 to 128 at least."""
    limits = np.iinfo(dtype.lower())
    return scale * (int(limits.max) - int(limits.min)) >= PIXELS_FROM


def own_channels(data: bytes, channels: tuple[int, ...]) -> int:
    """Raises `Problem` unless one such image goes in, channels last or first, as often as the batch is large."""
    entrance = input_size(data)
    inputs = [one.shape for one in _inputs(data)]
    dtype = _inputs(data)[0].dtype
    if dtype not in IMAGE_TYPES:
        raise Problem(f"does not take an image (its input is of {dtype})", f"Needed is one of {', '.join(IMAGE_TYPES)}")
    axis = {1: 3, 2: 1}.get(entrance.height_axis or 0)
    if len(inputs) != 1 or axis is None or entrance.shape[axis] not in channels:
        found = ", ".join(str(list(one)) for one in inputs)
        what = "RGB image" if channels == (RGB,) else f"image of {' or '.join(map(str, channels))} channels"
        fact = f"does not take one {what} (its input is {found})"
        raise Problem(fact, f"Needed is an input [1, H, W, {channels[0]}]")
    return entrance.shape[axis]


def _inputs(data: bytes) -> Sequence[TensorInfo]:
    return take_census(data).inputs


def _exit(details: Sequence[dict[str, Any]], probabilities: bool, size: Size) -> Exit:
    """The first output that is a map: scores, or integers of one value for each pixel; a single score is the
    foreground's."""
    for one in details:
        shape, kind = [int(side) for side in one["shape"]], np.dtype(one["dtype"]).kind
        index, quantization = one["index"], one["quantization"]
        scaled = kind == "f" or quantization[0] != 0.0
        axis = _channel_axis(shape, size)
        if axis and scaled and (shape[axis] > 1 or probabilities):
            return Exit(index, quantization, "probabilities" if probabilities else "logits", shape[axis], axis)
        if len(shape) == 3 or (axis and shape[axis] == 1 and not scaled):
            return Exit(index, quantization, "labels", None, axis)
    found = ", ".join(f"{list(map(int, one['shape']))} {np.dtype(one['dtype']).name}" for one in details)
    raise Problem(
        f"gives no scores and no labels of pixels ({found})", "Needed is an output [1, H, W, classes] or [1, H, W]"
    )


def _channel_axis(shape: Sequence[int], size: Size) -> int:
    """3 for (N, h, w, C), 1 for (N, C, h, w), whichever is nearer to the image's proportions; 0 for no map."""
    if len(shape) != 4 or min(shape) < 1:
        return 0
    last, first = (abs(log(height / size[0] * size[1] / width)) for height, width in (shape[1:3], shape[2:]))
    return 1 if first < last - 1e-6 else 3


def image_range_of(data: bytes, dtype: str, wanted: ImageRange | None) -> tuple[ImageRange, str]:
    """What black and white are for the network, and how that is known."""
    if not dtype.startswith("FLOAT"):
        scale = _inputs(data)[0].scale
        if wanted not in (None, BYTES) and not scale:
            raise Problem(f"takes the image's bytes ({dtype.lower()})", "Leave out --image-range")
        if wanted is not None:
            return wanted, "as asked"
        return BYTES, "by the scale in the file" if _means_pixels(
            scale, dtype
        ) else "the bytes of the image as they are"
    if wanted is not None:
        return wanted, "as asked"
    found = read_metadata(data).normalisation
    if found is None or not found[0]:
        return BYTES, "the file does not say"
    means, deviations = set(found[0]), set(found[1])
    if len(means) != 1 or len(deviations) != 1:
        raise Problem("scales the colours differently", "Convert it with the scaling inside the network")
    mean, deviation = means.pop(), deviations.pop()
    return ((0 - mean) / deviation, (255 - mean) / deviation), "as the file says"


def last_activation(data: bytes) -> str:
    """The operator that makes the first output, but for changes of type, order or size behind it: SOFTMAX, LOGISTIC."""
    return next((name for name, _ in _last_operators(data) if name not in _PASSED_ON), "")


def aligns_corners(data: bytes) -> bool:
    """Whether the file's last operators resize bilinearly with corners aligned; also where none resizes, as DeepLab's
    loss does then. What stands behind the resizing changes types or takes a softmax."""
    for name, operator in _last_operators(data):
        if name == "RESIZE_BILINEAR":
            return bool(getattr(operator.builtinOptions, "alignCorners", False))
        if name not in (*_PASSED_ON, SOFTMAX, SIGMOID):
            break
    return True


def _last_operators(data: bytes) -> Iterator[tuple[str, Any]]:
    """Name and operator of what makes the first output, then of what makes its first input, and so on."""
    model, schema = object_model(data)
    names = enumeration_names(schema.BuiltinOperator)
    graph = model.subgraphs[0]
    codes = [names.get(code, "") for code in operator_codes(model)]
    makers = {int(output): operator for operator in graph.operators for output in operator.outputs}
    operator = makers.pop(int(graph.outputs[0]), None)
    while operator is not None:
        yield codes[operator.opcodeIndex], operator
        operator = makers.pop(int(operator.inputs[0]), None) if len(operator.inputs) else None  # no operator twice
