"""Networks for tests: functions with the attributes of a `Network`, and tiny real ones with known weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from archspec.catalog import Catalog
from archspec.export import Precision, export
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.scoring.inference import Gives
from archspec.spec import Spec, dump, expand, override, parse
from archspec.weights import save_weights

Array = np.ndarray[Any, Any]
Size = tuple[int, int]

TINY = """
name: tiny
input: {size: [24, 32]}
classes: 11
output_stride: 8
backbone:
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 12, stride: 2}
- conv_bn: {filters: 16, stride: 2}
decoder: bilinear
output: argmax
"""


class Made:
    """A network out of a function from images to scores; it keeps the shapes of the images it was shown."""

    def __init__(
        self, function: Callable[[Array], Array], classes: int | None, *, size: Size | None = None,
        gives: Gives = "logits",
    ) -> None:  # fmt: skip
        self._function, self.classes, self.size, self.gives = function, classes, size, gives
        self.align_corners = True
        self.shown: list[Size] = []

    def __call__(self, image: Array) -> Array:
        self.shown.append(image.shape[:2])
        assert self.size is None or image.shape[:2] == self.size
        return self._function(image)

    def labels(self, image: Array) -> Array:
        scores = self(image)
        return scores if self.gives == "labels" else scores.argmax(-1)


def brightness(image: Array) -> Array:
    """Two logits a pixel: dark, bright; they depend on the pixel alone."""
    value = image.astype(np.float32).mean(-1) / 255
    return np.stack([1 - value, value], -1) * 8


def tiny_spec(*settings: str) -> Spec:
    return override(parse(TINY, file="tiny.yaml", catalog=Catalog()), settings)


def write_run(folder: Path, seed: int = 0, *settings: str) -> Path:
    """A training run's folder: the merged spec and weights."""
    spec = tiny_spec(*settings)
    graph = trace(expand(spec), Catalog())
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / "weights.npz", initialise(graph, seed, "random"), graph)
    (folder / "spec.yaml").write_text(dump(override(spec, {"weights": "weights.npz"})))
    return folder


def write_tflite(file: Path, seed: int = 0, precision: Precision = "float32", *settings: str) -> Path:
    """The same network as a `.tflite`."""
    graph = trace(expand(tiny_spec(*settings)), Catalog())
    file.write_bytes(export(graph, initialise(graph, seed, "random"), precision=precision).data)
    return file


def write_keras(file: Path, seed: int = 0, *settings: str) -> Path:
    """The same network as a Keras model."""
    from archspec import lower

    graph = trace(expand(tiny_spec(*settings)), Catalog())
    lower.save_keras(lower.to_keras(graph, initialise(graph, seed, "random")), file)
    return file
