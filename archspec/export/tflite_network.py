"""A segmentation `.tflite`, ours or not, as a function of images: opened once, run once an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from archspec.errors import Problem
from archspec.export.metadata import read_metadata
from archspec.export.model import Array
from archspec.export.running import enter, leave, opened
from archspec.export.surgery import cut_argmax

Gives = Literal["labels", "logits", "probabilities"]
ImageRange = tuple[float, float]
BYTES: ImageRange = (0.0, 255.0)
_PASSED_ON = ("DEQUANTIZE", "QUANTIZE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "CAST")


@dataclass(frozen=True, slots=True)
class _Exit:
    """The output that is a map: where it is in the interpreter, and how its numbers are meant."""

    index: int
    quantization: tuple[float, int]
    gives: Gives
    classes: int | None


class TfliteNetwork:
    """Image `(H, W, 3)`, uint8 RGB, of the file's `size` -> what the file gives at each pixel.

    `gives` says what that is: labels, logits or probabilities; `classes` how many (None where it gives labels). A
    final ArgMax is taken out of a copy, so that a network that gives labels gives its logits too. `image_range` is
    what a float input takes for black and white: None is what the file says of itself, else 0 to 255. `align_corners`
    is how the file resizes its scores itself.
    Raises `Problem` for a file that LiteRT refuses, and for one that is no segmentation network.
    """

    def __init__(self, data: bytes, *, threads: int = 1, image_range: ImageRange | None = None) -> None:
        cut = cut_argmax(data)
        self.image_range, self.image_range_said = _image_range(data, cut.input_dtype, image_range)
        self._scores = _Opened(cut.data, threads, self.image_range)
        self._labels = _Opened(data, threads, self.image_range) if cut.had_argmax else self._scores
        self.size = self._scores.size
        self.gives = self._scores.exit.gives
        self.classes = self._scores.exit.classes
        self.align_corners = aligns_corners(cut.data)

    def __call__(self, image: Array) -> Array:
        """Scores `(h, w, classes)`, float32, or labels `(h, w)`. Raises `Problem` for an image of another size."""
        return self._scores(image)

    def labels(self, image: Array) -> Array:
        """The label of each pixel `(h, w)`, by the file's own ArgMax where it has one."""
        found = self._labels(image)
        labels: Array = found if found.ndim == 2 else found.argmax(-1)
        return labels


class _Opened:
    """An interpreter with an image in front and a map behind."""

    def __init__(self, data: bytes, threads: int, image_range: ImageRange) -> None:
        self._interpreter = opened(data, threads)
        self._entrance = _entrance(self._interpreter.get_input_details())
        self._image_range = image_range
        self.size: tuple[int, int] = (int(self._entrance["shape"][1]), int(self._entrance["shape"][2]))
        self.exit = _exit(self._interpreter.get_output_details(), ends_in_softmax(data))

    def __call__(self, image: Array) -> Array:
        if image.shape[:2] != self.size:
            raise Problem(f"an image of {image.shape[0]} x {image.shape[1]} for a network of {self.size}")
        self._interpreter.set_tensor(self._entrance["index"], self._entered(image[None]))
        self._interpreter.invoke()
        output: Array = self._interpreter.get_tensor(self.exit.index)[0]
        if self.exit.gives == "labels":
            labels = output[..., 0] if output.ndim == 3 else output
            return np.rint(labels).astype(np.int64)
        return leave(output, self.exit.quantization).astype(np.float32, copy=False)

    def _entered(self, image: Array) -> Array:
        """Whole numbers take the image's bytes, whatever their scale says, as all converters mean it."""
        dtype = self._entrance["dtype"]
        if dtype == np.uint8:
            return image
        if np.dtype(dtype).kind != "f":
            return enter(image.astype(np.float32), dtype)
        scaled: Array = image.astype(dtype)
        black, white = self._image_range
        if (black, white) != BYTES:
            scaled *= (white - black) / 255
            scaled += black
        return scaled


def _entrance(details: Sequence[dict[str, Any]]) -> dict[str, Any]:
    shape = details[0]["shape"].tolist() if len(details) == 1 else []
    if len(shape) != 4 or shape[0] != 1 or shape[3] != 3:
        found = ", ".join(str(one["shape"].tolist()) for one in details)
        raise Problem(f"does not take one RGB image (its input is {found})", "Needed is an input [1, H, W, 3]")
    if (details[0]["shape_signature"] < 0).any():
        raise Problem("leaves the size of its image open", "Convert it for images of one size")
    return details[0]


def _exit(details: Sequence[dict[str, Any]], softmax: bool) -> _Exit:
    """The first output that is a map: scores of at least two classes, or integers of one value a pixel."""
    for one in details:
        shape, kind = one["shape"].tolist(), np.dtype(one["dtype"]).kind
        index, quantization = one["index"], one["quantization"]
        scaled = kind == "f" or quantization[0] != 0.0
        if len(shape) == 4 and shape[3] > 1 and scaled:
            return _Exit(index, quantization, "probabilities" if softmax else "logits", shape[3])
        if len(shape) == 3 or (len(shape) == 4 and shape[3] == 1 and not scaled):
            return _Exit(index, quantization, "labels", None)
    found = ", ".join(f"{one['shape'].tolist()} {one['dtype'].__name__}" for one in details)
    raise Problem(
        f"gives no scores and no labels of pixels ({found})", "Needed is an output [1, H, W, classes] or [1, H, W]"
    )


def _image_range(data: bytes, dtype: str, wanted: ImageRange | None) -> tuple[ImageRange, str]:
    """What black and white are for the network, and how that is known."""
    if not dtype.startswith("FLOAT"):
        if wanted not in (None, BYTES):
            raise Problem(f"takes the image's bytes ({dtype.lower()})", "Leave out --image-range")
        return BYTES, "the bytes of the image as they are"
    if wanted is not None:
        return wanted, "as asked"
    found = read_metadata(data).normalisation
    if found is None or not found[0]:
        return BYTES, "the file does not say"
    means, deviations = set(found[0]), set(found[1])
    if len(means) > 1 or len(deviations) > 1:
        raise Problem("scales the colours differently", "Convert it with the scaling inside the network")
    mean, deviation = means.pop(), deviations.pop()
    return ((0 - mean) / deviation, (255 - mean) / deviation), "as the file says"


def ends_in_softmax(data: bytes) -> bool:
    """Whether what makes the first output is a softmax, but for changes of type or size behind it."""
    last = next((name for name, _ in _last_operators(data) if name not in _PASSED_ON), "")
    return last == "SOFTMAX"


def aligns_corners(data: bytes) -> bool:
    """Whether the file's last operators resize bilinearly with corners aligned; also where none resizes, as DeepLab's
    loss does then. What stands behind the resizing changes types or takes a softmax."""
    for name, operator in _last_operators(data):
        if name == "RESIZE_BILINEAR":
            return bool(operator.builtinOptions.alignCorners)
        if name not in (*_PASSED_ON, "SOFTMAX"):
            break
    return True


def _last_operators(data: bytes) -> Iterator[tuple[str, Any]]:
    """Name and operator of what makes the first output, then of what makes its first input, and so on."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    model = schema.ModelT.InitFromPackedBuf(data)
    graph = model.subgraphs[0]
    codes = [names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "") for code in model.operatorCodes]
    makers = {int(output): operator for operator in graph.operators for output in operator.outputs}
    operator = makers.get(int(graph.outputs[0]))
    while operator is not None:
        yield codes[operator.opcodeIndex], operator
        operator = makers.get(int(operator.inputs[0])) if len(operator.inputs) else None
