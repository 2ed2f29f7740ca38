"""From an image of any size to the label of each of its pixels: whole, resized, padded or in windows; at several
scales, and mirrored; scores resized as logits, averaged as probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.graph.padding import padded
from archspec.scoring.resample import Size, logits_of, nearest, resized_image, resized_scores, softmax

Fit = Literal["whole", "resize", "pad", "window"]
Gives = Literal["labels", "logits", "probabilities"]
Resized = Literal["logits", "probabilities"]


class Network(Protocol):
    """A network as a function: image `(H, W, 3)`, uint8 RGB -> scores `(h, w, classes)`, float32, or labels `(h, w)`.

    `size` is the only size of image that it takes, None when it takes any; `classes` is None where it gives labels.
    `align_corners` is how it resizes its own scores.
    """

    gives: Gives
    classes: int | None

    @property
    def align_corners(self) -> bool:
        """Whether corners lie on corners; else pixels are areas with centres."""
        ...

    @property
    def size(self) -> Size | None:
        """Height and width."""
        ...

    def __call__(self, image: Array) -> Array:
        """What it gives."""
        ...

    def labels(self, image: Array) -> Array:
        """The label of each pixel of what it gives, or, where it can resize that itself, of the image."""
        ...


@dataclass(frozen=True, slots=True)
class Viewing:
    """How a network is shown an image.

    `fit` when the network has one size: `whole` only images of that size; `resize` the image to it, and scores back;
    `pad` below and at the right with grey, then cut off; `window` in windows of it, evenly laid, that overlap by at
    least `overlap` of their length (their probabilities are averaged). None is `whole` where it can be, else `resize`.
    `scales` are sizes at which the image is seen, as shares of its own; `flip` shows it mirrored too. `resized` is
    what is brought to the image's size: logits, as an exported network does it, or their softmax; `align_corners` None
    is as the network resizes its scores itself.
    """

    fit: Fit | None = None
    overlap: float = 1 / 3
    scales: tuple[float, ...] = (1.0,)
    flip: bool = False
    resized: Resized = "logits"
    align_corners: bool | None = None

    @property
    def as_exported(self) -> bool:
        """Whether scores are resized as an exported network does it."""
        return self.resized == "logits" and self.align_corners is None

    @property
    def once(self) -> bool:
        """Whether the image is seen once, as it is."""
        return self.scales == (1.0,) and not self.flip

    def said(self) -> str:
        """In words."""
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        parts: list[str] = [self.fit or "whole image, resized where a network has another size"]
        if self.fit == "window":
            parts.append(f"overlap {self.overlap:g}")
        parts.append(f"scales {scales}")
        if self.flip:
            parts.append("mirrored too")
        corners = {None: "", True: ", corners aligned", False: ", between the centres of pixels"}[self.align_corners]
        return f"{', '.join(parts)}; {self.resized} resized{corners}"


def label_map(network: Network, image: Array, viewing: Viewing) -> Array:
    """The label of each pixel of an image `(H, W)`, uint8. Raises `Problem` when the network cannot be shown it."""
    size: Size = image.shape[:2]
    if viewing.once and viewing.as_exported and network.size in (None, size):
        labels = network.labels(image)
        if labels.shape == size:
            return labels.astype(np.uint8)
    if network.gives == "labels":
        return _resized_labels(network, image, viewing)
    if viewing.once:
        scores = _one_view(network, image, viewing, size).values
    else:
        scores = probability_map(network, image, viewing)
    found: Array = scores.argmax(-1)
    return found.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Logits or probabilities `(h, w, classes)`, float32."""

    values: Array
    what: Resized

    def probabilities(self) -> Array:
        return softmax(self.values) if self.what == "logits" else self.values

    def resized(self, network: Network, viewing: Viewing, size: Size) -> _Scores:
        """At another size, as what the viewing wants resized; as they are where they have it."""
        if self.values.shape[:2] == size:
            return self
        wanted = viewing.resized
        if self.what == wanted:
            values = self.values
        else:
            values = logits_of(self.values) if wanted == "logits" else softmax(self.values)
        aligned = network.align_corners if viewing.align_corners is None else viewing.align_corners
        return _Scores(resized_scores(values, size, aligned), wanted)


def probability_map(network: Network, image: Array, viewing: Viewing) -> Array:
    """The mean probability of each class at each pixel `(H, W, classes)`, float32. Raises `Problem`."""
    size: Size = image.shape[:2]
    total: Any = None
    views = 0
    for scale in viewing.scales:
        seen = image if scale == 1.0 else resized_image(image, _scaled(size, scale))
        for mirrored in (False, True) if viewing.flip else (False,):
            found = _one_view(network, seen[:, ::-1] if mirrored else seen, viewing, size).probabilities()
            found = found[:, ::-1] if mirrored else found
            total, views = found if total is None else total + found, views + 1
    mean: Array = total / views
    return mean


def _one_view(network: Network, image: Array, viewing: Viewing, size: Size) -> _Scores:
    """The scores of an image as it is seen, at `size`."""
    seen: Size = image.shape[:2]
    if network.size in (None, seen):
        return _scores(network, image, viewing, size)
    fit = viewing.fit or "resize"
    if fit == "window":
        return _windows(network, image, viewing).resized(network, viewing, size)
    if viewing.scales != (1.0,):
        fact = f"a network of one size ({_words(network.size)}) cannot be shown an image at several scales as a whole"
        raise Problem(fact, "Use --fit window")
    if fit == "pad":
        wanted = _need_room(network, seen)
        found = _scores(network, padded(image, wanted), viewing, wanted)
        return _Scores(found.values[: seen[0], : seen[1]], found.what)
    if fit == "whole":
        fact = f"the image has {_words(seen)} pixels, the network takes {_words(network.size)}"
        raise Problem(fact, "Use --fit resize, pad or window")
    return _scores(network, resized_image(image, network.size or seen), viewing, size)


def _scores(network: Network, image: Array, viewing: Viewing, size: Size) -> _Scores:
    """What the network gives for an image that it takes, brought to `size` in one resizing."""
    if network.gives == "labels":
        raise Problem("gives labels only, and labels cannot be averaged", "Leave out --scales, --flip and --fit window")
    return _Scores(network(image), network.gives).resized(network, viewing, size)


def _resized_labels(network: Network, image: Array, viewing: Viewing) -> Array:
    """For a network that gives nothing but labels: the nearest one."""
    size: Size = image.shape[:2]
    if not viewing.once or viewing.fit == "window":
        raise Problem("gives labels only, and labels cannot be averaged", "Leave out --scales, --flip and --fit window")
    if network.size in (None, size):
        return nearest(network.labels(image), size).astype(np.uint8)
    if viewing.fit == "pad":
        wanted = _need_room(network, size)
        return nearest(network.labels(padded(image, wanted)), wanted)[: size[0], : size[1]].astype(np.uint8)
    if viewing.fit == "whole":
        fact = f"the image has {_words(size)} pixels, the network takes {_words(network.size)}"
        raise Problem(fact, "Use --fit resize or pad")
    return nearest(network.labels(resized_image(image, network.size or size)), size).astype(np.uint8)


def _windows(network: Network, image: Array, viewing: Viewing) -> _Scores:
    """Windows of the network's size over the image, padded where it is smaller; where they overlap, the mean of their
    probabilities."""
    size: Size = image.shape[:2]
    window = network.size or size
    room = padded(image, (max(size[0], window[0]), max(size[1], window[1])))
    total = np.zeros((*room.shape[:2], network.classes or 0), np.float32)
    seen = np.zeros((*room.shape[:2], 1), np.float32)
    for top in starts(room.shape[0], window[0], viewing.overlap):
        for left in starts(room.shape[1], window[1], viewing.overlap):
            here = (slice(top, top + window[0]), slice(left, left + window[1]))
            total[here] += _scores(network, room[here], viewing, window).probabilities()
            seen[here] += 1
    return _Scores((total / seen)[: size[0], : size[1]], "probabilities")


def starts(length: int, window: int, overlap: float) -> Iterator[int]:
    """Where windows begin: as few as overlap by at least that share of their length, evenly laid from end to end."""
    rest = length - window
    step = max(1, int(window * (1 - overlap)))
    count = -(-rest // step) if rest > 0 else 0
    yield from (round(rest * number / count) if count else 0 for number in range(count + 1))


def _scaled(size: Size, scale: float) -> Size:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _need_room(network: Network, size: Size) -> Size:
    wanted = network.size or size
    if size[0] > wanted[0] or size[1] > wanted[1]:
        fact = f"an image of {_words(size)} does not fit into a network of {_words(wanted)}"
        raise Problem(fact, "Use --fit resize or window")
    return wanted


def _words(size: Size | None) -> str:
    return "any size" if size is None else f"{size[0]} x {size[1]}"
