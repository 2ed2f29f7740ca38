"""The spec of a Keras model: the mapping that stands for a `.keras` file wherever a spec is wanted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from archspec.errors import Place, Problem, UserError
from archspec.graph import Graph
from archspec.graph.layers import Input
from archspec.graph.surgery import scores_of
from archspec.keras_model.config_file import read_config
from archspec.keras_model.connections import input_layers, input_shape
from archspec.keras_model.conversion import convert
from archspec.record import write_text

USUAL_STRIDES = (8, 16, 32)
USUAL_SIDE = 224
MAP_AXES = 3
BLOCK = "keras_model"


def spec_of_model(path: str | os.PathLike[str]) -> dict[str, Any]:
    """`{input: …, classes: …, backbone: {keras_model: {file: …}}, …}` of the model in a file: the whole network.

    The image goes in as the model takes it, and what the model gives comes out. A model that leaves its height and
    width open gets 224 × 224. Raises `UserError` for a model that takes no image, and with every layer that has no
    rule.
    """
    config, place = read_config(path), Place(str(path))
    try:
        size, channels, dtype = _image(config)
    except Problem as problem:
        raise UserError(problem.at(place)) from None
    image = Input((*size, channels), dtype, name="image").enter(Graph(Path(path).stem))
    found = convert(config, [image], name="backbone", file=str(path))
    model: dict[str, Any] = {"file": Path(path).name}  # beside the document, as every path in one
    end = scores_of(found.outputs[0])
    largest = max([1, *(2 ** int(tap.removeprefix("stage")) for tap in found.taps)])
    return {
        "input": {"size": list(size), "channels": channels, "dtype": dtype, "preprocess": "none"},
        "classes": end.channels,
        "output_stride": next((one for one in USUAL_STRIDES if one >= largest), USUAL_STRIDES[-1]),
        "backbone": {BLOCK: model},
        "classifier": "none",
        "decoder": "none",
        "output": "logits",
    }


def with_models_in(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    """A spec in plain Python whose Keras models lie in `folder`: their configurations are written there, without
    weights. Raises `UserError` for one that cannot be read."""
    return {**values, "backbone": _moved(values.get("backbone"), folder)}


def _moved(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_moved(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _moved(item, folder) for key, item in value.items()}
    arguments = found.get(BLOCK)
    if isinstance(arguments, dict) and isinstance(arguments.get("file"), str):
        name = f"{Path(arguments['file']).stem}.json"
        write_text(folder / name, json.dumps(read_config(arguments["file"])))
        found[BLOCK] = {**arguments, "file": name}
    return found


def _image(config: dict[str, Any]) -> tuple[tuple[int, int], int, str]:
    entrances = input_layers(config)
    if len(entrances) != 1:
        raise Problem(f"the model takes {len(entrances)} inputs, a network takes one image")
    shape = input_shape(entrances[0])
    if shape is None or len(shape) != MAP_AXES or shape[2] is None:
        raise Problem(f"the model takes {list(shape or ())}, not an image (H, W, C)", "Only models of images are read")
    dtype = str(entrances[0].get("config", {}).get("dtype") or "float32")
    if dtype not in ("float32", "uint8"):
        raise Problem(f"the model takes an image of {dtype}", "Save it with an input of float32 or uint8")
    return (shape[0] or USUAL_SIDE, shape[1] or USUAL_SIDE), int(shape[2]), dtype
