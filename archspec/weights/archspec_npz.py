"""Our own .npz: arrays by the network's own names, and how the network they are for reads them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

from archspec.arrays import Array
from archspec.graph import Graph, weight_specs
from archspec.record import write_bytes
from archspec.weights._contents import Holding
from archspec.weights._files import TensorShape, npz_shapes, read_npz, unreadable
from archspec.weights._readings import ImageScale, graph_parts, image_scale, read_parts, reading_from_json

ABOUT = "__archspec__"
VERSION = 1
CONVENTIONS = ("as ours: how the layers are wired is written beside the arrays, and compared",)


def read(file: str) -> dict[str, Array]:
    """The arrays by `layer/array`. Raises `UserError`."""
    return {name: array for name, array in read_npz(file, (ABOUT,)).items() if name != ABOUT}


def shapes(file: str) -> dict[str, TensorShape]:
    """What the arrays are, without their numbers. Raises `UserError`."""
    return {name: one for name, one in npz_shapes(file, (ABOUT,)).items() if name != ABOUT}


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Holding:  # noqa: ARG001
    """All of it. Raises `UserError`."""
    everything = read_npz(file, (ABOUT,))
    sources = {key: (key,) for key in tensors}
    if ABOUT not in everything:
        note = "this .npz does not say how its layers are wired: that it is of this very spec is taken on trust"
        return Holding(tensors, sources, {}, {}, None, notes=(note,))
    try:
        about = json.loads(str(everything[ABOUT]))
        if about["version"] != VERSION:
            raise unreadable(file, f"version {about['version']}, and {VERSION} is known", "Update archspec")
        image = about["image"]
        return Holding(
            tensors,
            sources,
            {},
            {name: reading_from_json(fields) for name, fields in about["readings"].items()},
            None if image is None else ImageScale(*(tuple(numbers) for numbers in image)),
            tuple(about["covers"]),
            about["spec"],
            tuple(about["settings"]),
        )
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise unreadable(file, f"what is written about it is broken: {error}", "Import the weights again") from error


def save_weights(
    path: str | Path,
    arrays: Mapping[str, Array],
    graph: Graph,
    *,
    spec: str = "",
    settings: tuple[str, ...] = (),
    source: str = "",
) -> None:
    """Write arrays of a graph, all or some, as one .npz with how the graph reads them, atomically.

    `spec` and `settings` are a bundled network that they fit, for messages; `source` is where they come from.
    Raises `UserError` when the file cannot be written.
    """
    import numpy as np

    parts = graph_parts(graph)
    given = {key.rpartition("/")[0] for key in arrays}
    sections: dict[str, bool] = {}
    for key, node, _ in weight_specs(graph):
        section = node.name.partition(".")[0]
        sections[section] = sections.get(section, True) and key in arrays
    about = {
        "version": VERSION,
        "source": source,
        "spec": spec,
        "settings": list(settings),
        "covers": [section for section, whole in sections.items() if whole],
        "image": image_scale(parts),
        "readings": {name: reading.to_json() for name, reading in read_parts(parts).items() if name in given},
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{ABOUT: np.array(json.dumps(about))}, **arrays)
    write_bytes(path, buffer.getvalue())
