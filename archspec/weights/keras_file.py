"""Our own Keras models: `.keras`, whose layers are compared with the network's, or `.weights.h5`, taken on trust."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, cast

from archspec.arrays import Array
from archspec.errors import Problem, first_line
from archspec.files import check_archive, check_unpacked
from archspec.weights._contents import Holding
from archspec.weights._files import TensorShape, need_file, unreadable
from archspec.weights._readings import Part, image_scale, read_parts

# In Keras's order.
ARRAYS = {
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "conv2d": ("kernel", "bias"),
    "conv2d_transpose": ("kernel", "bias"),
    "depthwise_conv2d": ("kernel", "bias"),
    "p_re_lu": ("alpha",),
}
REMEDY = "Name a .keras or .weights.h5 file that Keras saved"
CONVENTIONS = (
    "as ours: layers are called as in the network",
    ".keras: how its layers are wired is compared; .weights.h5 says nothing of that and must be of the whole network",
)


def read(file: str) -> dict[str, Array]:
    """The arrays by `layer/array`; nothing in the file is run. Raises `UserError`."""
    import numpy as np

    checked = False

    def array_of(file: Any, dataset: Any) -> Array:
        nonlocal checked
        if not checked:
            check_unpacked(*_sizes(file))
            checked = True
        return np.array(dataset, np.float32)

    return cast("dict[str, Array]", _read(file, array_of))


def shapes(file: str) -> dict[str, TensorShape]:
    """What the arrays are, without their numbers. Raises `UserError`."""
    return cast("dict[str, TensorShape]", _read(file, lambda _, dataset: TensorShape(dataset.shape, dataset.dtype)))


def _read(file: str, part: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """`part(file, dataset)` of every array by `layer/array`."""
    need_file(file)
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                check_archive(archive)
                return _arrays(io.BytesIO(archive.read("model.weights.h5")), part)
        return _arrays(file, part)
    except Problem as problem:
        raise unreadable(file, problem.fact, problem.remedy or REMEDY) from None
    except Exception as error:  # a broken file raises anything
        raise unreadable(file, first_line(error), REMEDY) from error


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Holding:  # noqa: ARG001
    """All of it, as its own layers read it. Raises `UserError`."""
    sources = {key: (key,) for key in tensors}
    if not zipfile.is_zipfile(file):
        note = "a .weights.h5 does not say how its layers are wired: that it is of this very spec is taken on trust"
        return Holding(tensors, sources, {}, {}, None, notes=(note,))
    try:
        with zipfile.ZipFile(file) as archive:
            parts = keras_parts(json.loads(archive.read("config.json")), tensors)
        return Holding(tensors, sources, {}, read_parts(parts), image_scale(parts))
    except Exception as error:  # whatever else stands in the JSON raises anything
        raise unreadable(file, f"its config.json is not of a flat functional model: {error}", REMEDY) from error


def keras_parts(config: Mapping[str, Any], tensors: Mapping[str, Array]) -> dict[str, Part]:
    """The layers in a saved model's configuration, as the graph's are."""
    held_by: dict[str, list[str]] = {}
    for key in tensors:
        layer, _, array = key.rpartition("/")
        held_by.setdefault(layer, []).append(array)
    found = {}
    for layer in config["config"]["layers"]:
        name = layer["name"]
        inputs = tuple(_histories(layer["inbound_nodes"]))
        found[name] = Part(layer["class_name"], layer["config"], inputs, tuple(held_by.get(name, ())))
    return found


def _histories(value: Any) -> list[tuple[str, int]]:
    """Every tensor that is called with, in order, wherever it stands."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            name, _, index = value["config"]["keras_history"]
            return [(str(name), int(index))]
        return [one for item in value.values() for one in _histories(item)]
    return [one for item in value for one in _histories(item)] if isinstance(value, list) else []


def _sizes(file: Any) -> tuple[int, int]:
    """The bytes of all arrays, and those that they take in the file."""
    import h5py

    found: list[Any] = []
    file.visititems(lambda name, one: found.append(one) if isinstance(one, h5py.Dataset) else None)
    return sum(one.size * one.dtype.itemsize for one in found), sum(one.id.get_storage_size() for one in found)


def _arrays(source: Any, part: Callable[[Any, Any], Any]) -> dict[str, Any]:
    import h5py

    found: dict[str, Any] = {}
    with h5py.File(source, "r") as file:
        for group, layer in file["layers"].items():
            if "vars" not in layer or not len(layer["vars"]):
                continue
            kind = group.rstrip("0123456789").removesuffix("_") if group[-1:].isdigit() else group
            kind = group if group in ARRAYS else kind
            name, count = layer["vars"].attrs.get("name"), len(layer["vars"])
            names = ARRAYS.get(kind)
            if name is None:
                raise Problem(f"layer '{group}' has no name in it", "Save it with Keras 3.12 or newer")
            if names is None or count > len(names) or (kind == "batch_normalization" and count != len(names)):
                raise Problem(f"layer '{name}' is a {kind} of {count} arrays, which is not known here")
            for index in range(count):
                found[f"{name}/{names[index]}"] = part(file, layer["vars"][str(index)])
    if not found:
        raise Problem("it holds no arrays")
    return found
