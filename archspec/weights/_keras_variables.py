"""The arrays of a Keras model by layer and number: in a `.keras`, a `.weights.h5`, or an `.h5` that Keras publishes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from archspec.arrays import Array
from archspec.errors import Problem, first_line
from archspec.files import check_archive, check_unpacked
from archspec.graph import Graph, weight_specs
from archspec.graph.tensor import Variable
from archspec.keras_model import published_application, stored_layers
from archspec.weights._contents import Holding
from archspec.weights._files import need_file, unreadable

Key = tuple[str, str, int]
"""The layer (`a.b` is `b` in the nested model `a`), the layer inside it, the number of the array in that."""
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
REMEDY = "Name a .keras, .weights.h5 or .h5 file that Keras saved"


def hold_variables(file: str, graph: Graph) -> Holding:
    """What a file holds for the nodes of a graph that are layers of a Keras model, by their names.

    `file` may also stand for published weights, which Keras downloads. Raises `UserError` for one that cannot be read,
    and for arrays that it lacks.
    """
    wanted = {key: one for key, one in graph.variables.items() if one.file == file}
    found = read_variables(file)
    shapes = {key: spec.shape for key, _, spec in weight_specs(graph)}
    missing = sorted({one.layer for one in wanted.values() if one[:3] not in found})
    if missing:
        fact = f"it has no weights of {len(missing)} layers of the model: {', '.join(missing[:3])}"
        raise unreadable(file, fact, "Name the weights of this very network")
    arrays = {key: _shaped(found[one[:3]], shapes[key], file, one) for key, one in wanted.items() if key in shapes}
    sources = {key: (_shown(one),) for key, one in wanted.items() if key in arrays}
    used = {_shown(one) for one in wanted.values()}
    skipped = {_shown(Variable(*key)): "of a layer that the network does not have" for key in found}
    skipped = {name: why for name, why in skipped.items() if name not in used}
    nodes = tuple(dict.fromkeys(key.rpartition("/")[0] for key in arrays))
    return Holding(arrays, sources, skipped, {}, None, covers=nodes)


def _shaped(array: Array, shape: tuple[int, ...], file: str, one: Variable) -> Array:
    """The array as our layer holds it: the same numbers in the same order."""
    if array.size != _count(shape):
        fact = f"'{_shown(one)}' is {list(array.shape)} in it, and the network needs {list(shape)}"
        raise unreadable(file, fact, "Name the weights of this very network")
    return array.reshape(shape).astype("float32")


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _shown(one: Variable) -> str:
    return "/".join(part for part in (one.layer, one.inner, str(one.number)) if part)


def read_variables(file: str) -> dict[Key, Array]:
    """Every array of the model. Nothing that is in a file is run. Raises `UserError`."""
    application = published_application(file)
    if application is not None:
        from archspec.lower.applications import application_arrays

        return application_arrays(application, "imagenet")
    need_file(file)
    try:
        if not zipfile.is_zipfile(file):
            return _of_weights(file)
        with zipfile.ZipFile(file) as archive:
            check_archive(archive)
            config = json.loads(archive.read(CONFIG))
            groups = {group: path for path, group in stored_layers(config).items()}
            return _arrays(io.BytesIO(archive.read(WEIGHTS)), groups)
    except Problem as problem:
        raise unreadable(file, problem.fact, problem.remedy or REMEDY) from None
    except KeyError as error:
        raise unreadable(file, f"it lacks {error}", REMEDY) from None
    except Exception as error:  # a broken file raises anything
        raise unreadable(file, first_line(error), REMEDY) from error


def _of_weights(file: str) -> dict[Key, Array]:
    """A file of weights alone: of Keras 3, by the names of its layers; of Keras 2, by its groups."""
    import h5py

    with h5py.File(file, "r") as opened:
        if "layer_names" in opened.attrs:
            return _legacy(opened)
        groups = _named_groups(opened)
    return _arrays(file, groups)


def _arrays(source: Any, groups: Mapping[str, str]) -> dict[Key, Array]:
    """The arrays in the groups of layers, and of the layers inside these."""
    import h5py
    import numpy as np

    found: dict[Key, Array] = {}
    with h5py.File(source, "r") as opened:
        _check_sizes(opened)

        def visit(name: str, one: Any) -> None:
            group, _, index = name.rpartition("/vars/")
            if not isinstance(one, h5py.Dataset) or not group:
                return
            layer = group
            while layer not in groups and "/" in layer:
                layer = layer.rpartition("/")[0]
            if layer in groups:
                inner = group.removeprefix(layer).removeprefix("/")
                found[groups[layer], inner, int(index)] = np.array(one, np.float32)

        opened.visititems(visit)
    return found


def _named_groups(opened: Any) -> dict[str, str]:
    """Group to path, by the names that Keras wrote beside the arrays. Raises `Problem` where it wrote none."""
    names: dict[str, str] = {}

    def visit(group: str, one: Any) -> None:
        if group.endswith("/vars"):
            names[group.removesuffix("/vars")] = str(one.attrs.get("name", ""))

    opened.visititems(visit)
    found = {}
    for group in names:
        parts = group.split("/")
        if len(parts) % 2 or set(parts[::2]) != {"layers"}:
            continue  # a layer inside a layer
        path = [names.get("/".join(parts[:end]), "") for end in range(2, len(parts) + 1, 2)]
        if not all(path):
            raise Problem(f"layer '{group}' has no name in it", "Save it with Keras 3.12 or newer, or as .keras")
        found[group] = ".".join(path)
    return found


def _legacy(opened: Any) -> dict[Key, Array]:
    """A file of Keras 2: a group for each layer, whose attribute lists its arrays in order."""
    import numpy as np

    _check_sizes(opened)
    found: dict[Key, Array] = {}
    for word in opened.attrs["layer_names"]:
        layer = word.decode() if isinstance(word, bytes) else str(word)
        for index, array in enumerate(opened[layer].attrs["weight_names"]):
            name = array.decode() if isinstance(array, bytes) else str(array)
            found[layer, "", index] = np.array(opened[layer][name], np.float32)
    return found


def _check_sizes(opened: Any) -> None:
    """Raises `Problem` for arrays that unpack to far more than they take."""
    import h5py

    sizes: list[Any] = []
    opened.visititems(lambda _, one: sizes.append(one) if isinstance(one, h5py.Dataset) else None)
    unpacked = sum(one.size * one.dtype.itemsize for one in sizes)
    check_unpacked(unpacked, sum(one.id.get_storage_size() for one in sizes))
