"""A network with weights as a segmenter for images of any size: built anew, with the same weights, for each size."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from archspec.arrays import Array, Weights
from archspec.errors import Problem, UserError
from archspec.graph import gives_masks, next_multiple, padded
from archspec.network import Network
from archspec.scoring.inference import Gives, Size

if TYPE_CHECKING:
    from archspec.lower import KerasSegmenter

STEPS = (1, 8, 16, 32, 64, 128)  # sides are rounded up to a multiple of the first that the network can be built for
KEPT = 8  # sizes whose graphs are kept: a data set's images are mostly of one
KEPT_MULTIPLES = 32  # where sides are rounded up, sizes come again and again
MOST_NOTES = 4


class NetworkSegmenter:
    """Image `(H, W, C)`, numbers from 0 to 255 -> logits `(h, w, classes)`, whatever the spec's own `output` is.

    `size` is None for any: an image that the network cannot be built for is padded at its end up to the next size
    that it can, which `notes` then say. Otherwise images are of that size only. With `multiple` sides are padded up
    to the next multiple of it, so that a few graphs serve images of many sizes.
    """

    gives: Gives = "logits"

    def __init__(self, network: Network, weights: Weights, size: Size | None = None, multiple: int = 1) -> None:
        self._network, self._weights, self._multiple = network, weights, multiple
        self._sized: dict[Size, Network] = {}  # that no model is built of yet
        self._built: OrderedDict[Size, tuple[Any, KerasSegmenter]] = OrderedDict()
        self._rooms: dict[Size, Size] = {}
        self.align_corners = True  # as long as nothing is built
        self.classes: int | None = network.expanded.classes
        self.sigmoid = gives_masks(network.graph)
        self.channels = network.expanded.channels
        self.size = size

    def set_weights(self, weights: Weights) -> None:
        """Other weights of the same network, for every size."""
        from archspec.lower import set_weights

        self._weights = weights
        for model, _ in self._built.values():
            set_weights(model, weights)

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of images that did not fit."""
        found = [(size, room) for size, room in self._rooms.items() if size != room]
        if self._multiple > 1 and len(found) > MOST_NOTES:
            return (f"images of {len(found)} sizes padded to multiples of {self._multiple}",)
        return tuple(f"images of {_words(size)} padded to {_words(room)}" for size, room in found)

    def __call__(self, image: Array) -> Array:
        """Logits `(H, W, classes)`, float32, where the network gives them at the image's size."""
        scores = self._segmenter(image.shape[:2])(self._with_room(image))
        return self._without_room(scores, image.shape[:2])

    def labels(self, image: Array) -> Array:
        """The label of each pixel of the image `(H, W)`: logits of another size are resized first."""
        labels = self._segmenter(image.shape[:2]).labels(self._with_room(image))
        return self._without_room(labels, image.shape[:2])

    def _with_room(self, image: Array) -> Array:
        return padded(image, self._rooms[image.shape[:2]])

    def _without_room(self, values: Array, size: Size) -> Array:
        """What is given for the image, without its padding, in the proportion of what is given."""
        room = self._rooms[size]
        height, width = (-(-values.shape[axis] * size[axis] // room[axis]) for axis in (0, 1))
        return values[:height, :width]

    def _segmenter(self, size: Size) -> KerasSegmenter:
        from archspec.lower import KerasSegmenter

        if size not in self._rooms:
            self._rooms[size] = self._room(size)
        room = self._rooms[size]
        if room not in self._built:
            model = self._model(room)
            del self._sized[room]
            self._built[room] = model, KerasSegmenter(model, labels_size=room, channels=(self.channels,))
            if len(self._built) > (KEPT if self._multiple == 1 else KEPT_MULTIPLES):
                self._built.popitem(last=False)
        self._built.move_to_end(room)
        segmenter = self._built[room][1]
        self.align_corners = segmenter.align_corners
        return segmenter

    def _model(self, room: Size) -> Any:
        return self._at(room).to_keras(output="spec", weights=self._weights)

    def _room(self, size: Size) -> Size:
        """The size itself, or the next one that the network can be built for. Raises what is wrong with the size."""
        first: Exception | None = None
        for step in (one for one in STEPS if one >= self._multiple):
            room = next_multiple(size, step)
            try:
                self._at(room).graph  # noqa: B018
            except (UserError, Problem) as error:
                first = first or error
            else:
                return room
        raise first or AssertionError(size)

    def _at(self, size: Size) -> Network:
        """The network for images of that size, with logits as its output."""
        if size not in self._sized:
            self._sized[size] = self._network.changed({"input.size": list(size), "output": "logits"})
        return self._sized[size]


def _words(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
