"""What a file of weights holds, in the conventions of one network, ready to be fitted to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, UserError
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import expand, load
from archspec.weights._image import ImageScale, image_scale
from archspec.weights._placing import Placing
from archspec.weights._readings import Reading, graph_parts, read_parts

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_FAULTS = 6


@dataclass(frozen=True)
class Holding:
    """Arrays by the names of our graph, and how the network they were made for reads them.

    `covers`: the sections that are in the file whole, none for all. `spec` with `settings` is a bundled network that
    they fit; `settings` are also the remedy for one that they do not. `exact_rate`: trained for just this dilation.
    """

    arrays: Mapping[str, Array]
    sources: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    readings: Mapping[str, Reading]
    image: ImageScale | None
    covers: tuple[str, ...] = ()
    spec: str = ""
    settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exact_rate: bool = False


@dataclass(frozen=True)
class Origin:
    """The bundled network that a format's weights are for."""

    spec: str
    settings: tuple[str, ...]
    covers: tuple[str, ...]
    exact_rate: bool = False


def hold(
    file: str,
    tensors: Mapping[str, Array],
    origin: Origin,
    place: Callable[[Placing], None],
    output_stride: int | None = None,
    extra: tuple[str, ...] = (),
) -> Holding:
    """Trace the network that a file's weights are for, and put them into it.

    `extra` settings follow the network that is wanted (its output stride does too, so that dilation can be compared).
    Raises `UserError` unless every tensor has its place and every array of the covered sections its tensor.
    """
    graph = _traced(origin, (*extra, *(() if output_stride is None else (f"output_stride={output_stride}",))))
    placing = Placing(tensors, graph)
    place(placing)
    refuse(file, placing.faults(origin.covers), f"It must be of the network {origin.spec} {' '.join(origin.settings)}")
    parts = graph_parts(graph)
    return Holding(
        placing.arrays,
        placing.sources,
        placing.skipped,
        read_parts(parts),
        image_scale(parts),
        origin.covers,
        origin.spec,
        origin.settings,
        tuple(placing.notes),
        origin.exact_rate,
    )


def refuse(file: str, facts: list[str], remedy: str) -> None:
    """Raise `UserError` with these facts about a file, when there are any."""
    if not facts:
        return
    place = Place(file)
    shown = [Fault(fact, place=place) for fact in facts[:MOST_FAULTS]]
    more = f"and {len(facts) - MOST_FAULTS} more" if len(facts) > MOST_FAULTS else f"{len(facts)} in all"
    raise UserError([*shown, Fault(f"the weights do not fit ({more})", remedy, place=place)])


def _traced(origin: Origin, extra: tuple[str, ...]) -> Graph:
    catalog = Catalog()
    spec = load(origin.spec, (*origin.settings, *extra), catalog=catalog)
    return trace(expand(spec), catalog)
