"""Where the weights of a network come from: the key `weights` of its spec, and Keras models that it is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archspec.graph import Graph
    from archspec.spec import ExpandedSpec
    from archspec.weights import Holding, Imported

KERAS_MODEL = "Keras model"


def hold_weights(file: str, format_name: str, output_stride: int | None = None) -> Holding:
    """What a file of weights holds, by our names, before it is fitted to a network. Raises `UserError`."""
    from archspec.catalog import Catalog
    from archspec.network.network import Network
    from archspec.weights import Contents, read_contents

    found = read_contents(file, format_name, output_stride)
    if not isinstance(found, Contents):
        return found
    return found.holding(Network.load(found.spec, found.settings, catalog=Catalog()).graph)


def import_weights(
    file: str | Path, format_name: str, graph: Graph, *, output_stride: int | None = None, only: tuple[str, ...] = ()
) -> Imported:
    """The weights in a file, fitted to a graph. `only` names sections (`backbone`) or layers to load.

    `output_stride` is that of the graph's network. Raises `UserError` with everything that does not fit.
    """
    from archspec.weights import fit

    return fit(str(file), format_name, hold_weights(str(file), format_name, output_stride), graph, only)


def spec_weights(expanded: ExpandedSpec, graph: Graph) -> Imported | None:
    """What the key `weights` of a spec asks for, and for the rest what the Keras models in it have; None when neither
    is there. Raises `UserError`."""
    from archspec.weights import usual_format

    asked = expanded.weights
    found = None
    if asked is not None:
        name = asked.format or usual_format(asked.file)
        found = import_weights(asked.file, name, graph, output_stride=expanded.output_stride, only=asked.only)
    for file in dict.fromkeys(one.file for one in graph.variables.values()):
        if file and (found is None or any(graph.variables[key].file == file for key in found.fresh if key in graph.variables)):
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
