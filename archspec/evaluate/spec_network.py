"""A spec with weights as a network for images of any size: built anew, with the same weights, for each size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec.errors import Problem, UserError
from archspec.evaluate.resampling import Array, Size, padded
from archspec.graph.trace import trace
from archspec.spec import Spec, expand, override

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.evaluate.inference import Gives
    from archspec.graph import Graph
    from archspec.lower import KerasNetwork

STEPS = (1, 8, 16, 32, 64)  # sides are rounded up to a multiple of the first of these that the network can be built for
KEPT = 8  # sizes whose graphs are kept: a data set's images are mostly of one


class SpecNetwork:
    """A `Network`. Its output is logits, whatever the spec's own `output` is.

    `size` is None for any: an image that the network cannot be built for is padded at its end up to the next size
    that it can, which `notes` then say. Otherwise images are of that size only.
    """

    gives: Gives = "logits"

    def __init__(self, spec: Spec, weights: Mapping[str, Array], catalog: Catalog, size: Size | None = None) -> None:
        self._spec, self._weights, self._catalog = spec, weights, catalog
        self._built: OrderedDict[Size, KerasNetwork] = OrderedDict()
        self._rooms: dict[Size, Size] = {}
        self.classes: int | None = expand(spec).classes
        self.size = size

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of images that did not fit."""
        padded_ones = [(size, room) for size, room in self._rooms.items() if size != room]
        return tuple(f"images of {_words(size)} padded to {_words(room)}" for size, room in padded_ones)

    def __call__(self, image: Array) -> Array:
        """Logits `(H, W, classes)`, float32, where the network gives them at the image's size."""
        scores = self._network(image.shape[:2])(self._with_room(image))
        return self._without_room(scores, image.shape[:2])

    def labels(self, image: Array) -> Array:
        """The label of each pixel `(H, W)`."""
        labels = self._network(image.shape[:2]).labels(self._with_room(image))
        return self._without_room(labels, image.shape[:2])

    def _with_room(self, image: Array) -> Array:
        return padded(image, self._rooms[image.shape[:2]])

    def _without_room(self, values: Array, size: Size) -> Array:
        """What is given for the image, without its padding, in the proportion of what is given."""
        room = self._rooms[size]
        height, width = (-(-values.shape[axis] * size[axis] // room[axis]) for axis in (0, 1))
        return values[:height, :width]

    def _network(self, size: Size) -> KerasNetwork:
        if size not in self._rooms:
            self._rooms[size] = self._room(size)
        room = self._rooms[size]
        if room not in self._built:
            from archspec import lower

            self._built[room] = lower.KerasNetwork(lower.to_keras(self._graph(room), self._weights))
            if len(self._built) > KEPT:
                self._built.popitem(last=False)
        self._built.move_to_end(room)
        return self._built[room]

    def _room(self, size: Size) -> Size:
        """The size itself, or the next one that the network can be built for. Raises what is wrong with the size."""
        first: Exception | None = None
        for step in STEPS:
            room = (-(-size[0] // step) * step, -(-size[1] // step) * step)
            try:
                self._graph(room)
            except (UserError, Problem) as error:
                first = first or error
            else:
                return room
        raise first or AssertionError(size)

    def _graph(self, size: Size) -> Graph:
        changes: dict[str, Any] = {"input.size": list(size), "output": "logits"}
        return trace(expand(override(self._spec, changes)), self._catalog)


def _words(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
