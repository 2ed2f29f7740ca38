"""Networks and pictures that are small enough to explain in a moment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from archspec.catalog import Catalog
from archspec.explain import Asked, LogitsModel, Picture
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, parse
from archspec.weights import save_weights

Array = np.ndarray[Any, Any]

CLASSES = 4
SIZE = (33, 40)
TINY = """
name: tiny
input: {size: [33, 40]}
classes: 4
output_stride: 8
backbone:
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 12, stride: 2}
decoder: bilinear
"""
LAST = "backbone.2_conv_bn.relu"


@cache
def graph_of(output: str) -> Graph:
    """The tiny network's."""
    return trace(expand(parse(TINY, overrides=[f"output={output}"])), Catalog())


@cache
def weights() -> dict[str, Array]:
    """Random ones, with statistics as after training, and logits of mean 0: so every class is predicted somewhere."""
    from archspec import lower

    graph = graph_of("logits")
    found = initialise(graph, 3, "random")
    found["classifier.logits/kernel"] = found["classifier.logits/kernel"] * 30
    model = lower.to_keras(graph, found)
    logits = model(picture().image[None].astype(np.float32)).numpy()
    found["classifier.logits/bias"] = found["classifier.logits/bias"] - logits.mean((0, 1, 2))
    return found


def write_run(folder: Path) -> Path:
    """A training run's folder: spec and weights of the tiny network."""
    folder.mkdir()
    (folder / "spec.yaml").write_text(TINY)
    save_weights(folder / "weights.npz", weights(), graph_of("argmax"))
    return folder


def keras_model(output: str = "logits") -> Any:
    """The tiny network as a Keras model."""
    from archspec import lower

    return lower.to_keras(graph_of(output), weights())


@cache
def tiny() -> LogitsModel:
    """The tiny network, opened."""
    return LogitsModel("tiny", keras_model(), SIZE, "random")


def picture(size: tuple[int, int] = SIZE, seed: int = 0, label: bool = True) -> Picture:
    """Three bands of colours with noise, and a label of three classes with some ignored."""
    generator = np.random.default_rng(seed)
    rows = np.arange(size[0]) * 3 // size[0]
    colours = np.array([(40, 90, 200), (120, 120, 120), (60, 160, 50)])
    image = colours[rows][:, None] + generator.normal(0, 40, (*size, 3))
    labels = np.repeat(rows[:, None], size[1], axis=1).astype(np.uint8)
    labels[:, -3:] = 255
    return Picture(f"scene{seed}", image.clip(0, 255).astype(np.uint8), labels if label else None)


def asked(method: str, classes: tuple[int, ...], layer: str = LAST, **more: Any) -> Asked:
    """What is asked of the tiny network."""
    return Asked(method, layer, classes, **more)


def red_network() -> Any:
    """Features (red, green) / 255; logits 3 x red and 2 x green - 0.5; nothing reads blue."""
    from archspec.lower.framework import keras

    image = keras.Input((None, None, 3), name="image")
    features = keras.layers.Conv2D(2, 1, use_bias=False, activation="relu", name="features")(image)
    model = keras.Model(image, keras.layers.Conv2D(2, 1, name="logits")(features))
    model.get_layer("features").set_weights([np.array([[1, 0], [0, 1], [0, 0]], np.float32)[None, None] / 255])
    model.get_layer("logits").set_weights(
        [np.array([[3, 0], [0, 2]], np.float32)[None, None], np.array([0, -0.5], np.float32)]
    )
    return model


def red_image() -> Array:
    """Red grows to the right, green is low but in the last row: `(1, 6, 8, 3)`; the other rows are predicted as red."""
    image = np.zeros((1, 6, 8, 3), np.float32)
    image[..., 0] = np.linspace(20, 200, 8)
    image[..., 1] = 10
    image[:, -1, :, 1] = 255
    image[:, -1, :, 0] = 5
    return image
