"""The weights of Keras models that a network is made of, beside those that its spec names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archspec.graph import Graph
    from archspec.weights import Imported

KERAS_MODEL = "Keras model"


def with_model_weights(found: Imported | None, graph: Graph) -> Imported | None:
    """What was found, and for the rest what the Keras models have that are in a graph. Raises `UserError`."""
    of_files: dict[str, set[str]] = {}
    for key, one in graph.variables.items():
        if one.file:
            of_files.setdefault(one.file, set()).add(key)
    for file, keys in of_files.items():
        if found is None or not keys.isdisjoint(found.fresh):
            found = _joined(found, _model_weights(file, graph))
    return found


def _model_weights(file: str, graph: Graph) -> Imported:
    from archspec.keras_model import published_application
    from archspec.weights import fit, hold_variables

    application = published_application(file)
    shown = file if application is None else f"keras.applications.{application.name}, ImageNet"
    return replace(fit(file, KERAS_MODEL, hold_variables(file, graph), graph), file=shown)


def _joined(first: Imported | None, second: Imported) -> Imported:
    """The arrays of the first, and those of the second that it lacks."""
    if first is None:
        return second
    new = {key: array for key, array in second.arrays.items() if key not in first.arrays}
    return replace(
        first,
        file=f"{first.file} and {second.file}",
        format=f"{first.format} and {second.format}",
        arrays={**first.arrays, **new},
        sources={**first.sources, **{key: second.sources[key] for key in new}},
        fresh={key: why for key, why in first.fresh.items() if key not in new},
        notes=(*first.notes, *second.notes),
    )
