"""From an image of any size to the label of each of its pixels.

The image is taken whole, resized, padded or in windows, at several scales and mirrored; scores are resized as logits
and averaged as probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log
from typing import Any, Literal, Protocol

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.graph import padded

Size = tuple[int, int]
Fit = Literal["whole", "resize", "pad", "window"]
Gives = Literal["labels", "logits", "probabilities"]
Resized = Literal["logits", "probabilities"]
THRESHOLD = 0.5


class Segmenter(Protocol):
    """What predicts label maps: image `(H, W, C)`, 0 to 255 -> scores `(h, w, classes)`, float32, or labels `(h, w)`.

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
    is as the network resizes its scores itself. A mask holds where its probability is above `threshold`.
    """

    fit: Fit | None = None
    overlap: float = 1 / 3
    scales: tuple[float, ...] = (1.0,)
    flip: bool = False
    resized: Resized = "logits"
    align_corners: bool | None = None
    threshold: float = THRESHOLD

    @property
    def as_exported(self) -> bool:
        """Whether scores are resized as an exported network does it."""
        return self.resized == "logits" and self.align_corners is None

    @property
    def once(self) -> bool:
        """Whether the image is seen once, as it is."""
        return self.scales == (1.0,) and not self.flip

    def describe(self) -> str:
        """In words."""
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        parts: list[str] = [self.fit or "whole image, resized where a network has another size"]
        if self.fit == "window":
            parts.append(f"overlap {self.overlap:g}")
        parts.append(f"scales {scales}")
        if self.flip:
            parts.append("mirrored too")
        corners = {None: "", True: ", corners aligned", False: ", between the centres of pixels"}[self.align_corners]
        above = "" if self.threshold == THRESHOLD else f"; masks above {self.threshold:g}"
        return f"{', '.join(parts)}; {self.resized} resized{corners}{above}"


def makes_masks(segmenter: Segmenter) -> bool:
    """Whether its scores are of each class by itself (sigmoid), so that several may hold at a pixel."""
    return bool(getattr(segmenter, "sigmoid", False))


def label_count(segmenter: Segmenter) -> int | None:
    """How many labels its maps hold: two where the only score is the foreground's. None where that is not known."""
    return 2 if makes_masks(segmenter) and segmenter.classes == 1 else segmenter.classes


def mask_map(segmenter: Segmenter, image: Array, viewing: Viewing) -> Array:
    """Which classes hold at each pixel `(H, W, classes)`, uint8 of 0 and 1: whose probability is above the threshold.

    Raises `Problem` when the network cannot be shown the image.
    """
    if not viewing.once:
        return (probability_map(segmenter, image, viewing) > viewing.threshold).astype(np.uint8)
    scores = _one_view(segmenter, image, viewing, image.shape[:2])
    least = viewing.threshold if scores.what == "probabilities" else log(viewing.threshold / (1 - viewing.threshold))
    return (scores.values > least).astype(np.uint8)


def label_map(segmenter: Segmenter, image: Array, viewing: Viewing) -> Array:
    """The label of each pixel of an image `(H, W)`, uint8. Raises `Problem` when the network cannot be shown it."""
    size: Size = image.shape[:2]
    if makes_masks(segmenter) and segmenter.classes == 1:
        return mask_map(segmenter, image, viewing)[..., 0]
    if viewing.once and viewing.as_exported and segmenter.size in (None, size):
        labels = segmenter.labels(image)
        if labels.shape == size:
            return labels.astype(np.uint8)
    if segmenter.gives == "labels":
        return _resized_labels(segmenter, image, viewing)
    if viewing.once:
        scores = _one_view(segmenter, image, viewing, size).values
    else:
        scores = probability_map(segmenter, image, viewing)
    found: Array = scores.argmax(-1)
    return found.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Logits or probabilities `(h, w, classes)`, float32; of `sigmoid` each class by itself."""

    values: Array
    what: Resized
    sigmoid: bool = False

    def probabilities(self) -> Array:
        if self.what == "probabilities":
            return self.values
        return sigmoid(self.values) if self.sigmoid else softmax(self.values)

    def resized(self, segmenter: Segmenter, viewing: Viewing, size: Size) -> _Scores:
        """At another size, as what the viewing wants resized; as they are where they have it."""
        if self.values.shape[:2] == size:
            return self
        wanted = viewing.resized
        if self.what == wanted:
            values = self.values
        else:
            to_logits = sigmoid_logits if self.sigmoid else logits_of
            values = to_logits(self.values) if wanted == "logits" else self.probabilities()
        aligned = segmenter.align_corners if viewing.align_corners is None else viewing.align_corners
        return replace(self, values=resized_scores(values, size, aligned), what=wanted)


def probability_map(segmenter: Segmenter, image: Array, viewing: Viewing) -> Array:
    """The mean probability of each class at each pixel `(H, W, classes)`, float32. Raises `Problem`."""
    size: Size = image.shape[:2]
    total: Any = None
    views = 0
    for scale in viewing.scales:
        seen = image if scale == 1.0 else resized_image(image, _scaled(size, scale))
        for mirrored in (False, True) if viewing.flip else (False,):
            found = _one_view(segmenter, seen[:, ::-1] if mirrored else seen, viewing, size).probabilities()
            found = found[:, ::-1] if mirrored else found
            total, views = found if total is None else total + found, views + 1
    mean: Array = total / views
    return mean


def _one_view(segmenter: Segmenter, image: Array, viewing: Viewing, size: Size) -> _Scores:
    """The scores of an image as it is seen, at `size`."""
    seen: Size = image.shape[:2]
    if segmenter.size in (None, seen):
        return _scores(segmenter, image, viewing, size)
    fit = viewing.fit or "resize"
    if fit == "window":
        return _windows(segmenter, image, viewing).resized(segmenter, viewing, size)
    if viewing.scales != (1.0,):
        fact = f"a network of one size ({_words(segmenter.size)}) cannot be shown an image at several scales as a whole"
        raise Problem(fact, "Use --fit window")
    if fit == "pad":
        wanted = _need_room(segmenter, seen)
        found = _scores(segmenter, padded(image, wanted), viewing, wanted)
        return replace(found, values=found.values[: seen[0], : seen[1]])
    if fit == "whole":
        fact = f"the image has {_words(seen)} pixels, the network takes {_words(segmenter.size)}"
        raise Problem(fact, "Use --fit resize, pad or window")
    return _scores(segmenter, resized_image(image, segmenter.size or seen), viewing, size)


def _scores(segmenter: Segmenter, image: Array, viewing: Viewing, size: Size) -> _Scores:
    """What the network gives for an image that it takes, brought to `size` in one resizing."""
    if segmenter.gives == "labels":
        raise Problem("gives labels only, and labels cannot be averaged", "Leave out --scales, --flip and --fit window")
    found = _Scores(segmenter(image), segmenter.gives, makes_masks(segmenter))
    return found.resized(segmenter, viewing, size)


def _resized_labels(segmenter: Segmenter, image: Array, viewing: Viewing) -> Array:
    """For a network that gives nothing but labels: the nearest one."""
    size: Size = image.shape[:2]
    if not viewing.once or viewing.fit == "window":
        raise Problem("gives labels only, and labels cannot be averaged", "Leave out --scales, --flip and --fit window")
    if segmenter.size in (None, size):
        return nearest(segmenter.labels(image), size).astype(np.uint8)
    if viewing.fit == "pad":
        wanted = _need_room(segmenter, size)
        return nearest(segmenter.labels(padded(image, wanted)), wanted)[: size[0], : size[1]].astype(np.uint8)
    if viewing.fit == "whole":
        fact = f"the image has {_words(size)} pixels, the network takes {_words(segmenter.size)}"
        raise Problem(fact, "Use --fit resize or pad")
    return nearest(segmenter.labels(resized_image(image, segmenter.size or size)), size).astype(np.uint8)


def _windows(segmenter: Segmenter, image: Array, viewing: Viewing) -> _Scores:
    """Windows of the network's size over the image, padded where it is smaller; where they overlap, the mean of their
    probabilities."""
    size: Size = image.shape[:2]
    window = segmenter.size or size
    room = padded(image, (max(size[0], window[0]), max(size[1], window[1])))
    total = np.zeros((*room.shape[:2], segmenter.classes or 0), np.float32)
    seen = np.zeros((*room.shape[:2], 1), np.float32)
    for top in starts(room.shape[0], window[0], viewing.overlap):
        for left in starts(room.shape[1], window[1], viewing.overlap):
            here = (slice(top, top + window[0]), slice(left, left + window[1]))
            total[here] += _scores(segmenter, room[here], viewing, window).probabilities()
            seen[here] += 1
    return _Scores((total / seen)[: size[0], : size[1]], "probabilities", makes_masks(segmenter))


def starts(length: int, window: int, overlap: float) -> Iterator[int]:
    """Where windows begin: as few as overlap by at least that share of their length, evenly laid from end to end."""
    rest = length - window
    step = max(1, int(window * (1 - overlap)))
    count = -(-rest // step) if rest > 0 else 0
    yield from (round(rest * number / count) if count else 0 for number in range(count + 1))


def _scaled(size: Size, scale: float) -> Size:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _need_room(segmenter: Segmenter, size: Size) -> Size:
    wanted = segmenter.size or size
    if size[0] > wanted[0] or size[1] > wanted[1]:
        fact = f"an image of {_words(size)} does not fit into a network of {_words(wanted)}"
        raise Problem(fact, "Use --fit resize or window")
    return wanted


def _words(size: Size | None) -> str:
    return "any size" if size is None else f"{size[0]} x {size[1]}"


def softmax(logits: Array) -> Array:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    shares: Array = powers / powers.sum(-1, keepdims=True)
    return shares


def sigmoid(logits: Array) -> Array:
    """Of each by itself."""
    powers = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + powers), powers / (1 + powers)).astype(np.float32)


def sigmoid_logits(probabilities: Array) -> Array:
    """Scores whose sigmoid they are. One that was rounded to 0 or 1 counts as half a step of eight bits off it."""
    inside = np.clip(probabilities, 1 / 512, 1 - 1 / 512)
    logits: Array = np.log(inside / (1 - inside))
    return logits


def resized_image(image: Array, size: Size) -> Array:
    """Bilinear, averaging where it gets smaller (Pillow)."""
    from archspec.datasets import resized_pixels

    return resized_pixels(image, size)


def logits_of(probabilities: Array) -> Array:
    """Scores whose softmax they are. One that was rounded to 0 counts as half the smallest of the others, at most as
    half a step of eight bits."""
    smallest = probabilities.min(where=probabilities > 0, initial=1 / 256)
    logits: Array = np.log(np.maximum(probabilities, smallest / 2))
    return logits


def resized_scores(scores: Array, size: Size, align_corners: bool) -> Array:
    """`(h, w, C)` to `(*size, C)`, bilinearly: between corners that lie on corners, or else between the centres of
    pixels (TensorFlow's `half_pixel_centers`)."""
    for axis in (0, 1):
        if scores.shape[axis] != size[axis]:
            scores = _stretched(scores, size[axis], axis, align_corners)
    return scores


def nearest(labels: Array, size: Size) -> Array:
    """The label of the nearest centre."""
    rows, columns = (
        (np.arange(new) * 2 + 1) * old // (2 * new) for new, old in zip(size, labels.shape, strict=True)
    )  # the middle of each new pixel, in old ones
    found: Array = labels[rows[:, None], columns]
    return found


def _stretched(values: Array, length: int, axis: int, align_corners: bool) -> Array:
    old = values.shape[axis]
    where = np.arange(length) * ((old - 1) / max(1, length - 1))
    if not align_corners:
        where = np.clip((np.arange(length) + 0.5) * (old / length) - 0.5, 0, old - 1)
    before = np.minimum(where.astype(np.int64), max(old - 2, 0))
    shape = [1, 1, 1]
    shape[axis] = length
    share = (where - before).reshape(shape).astype(np.float32)
    first, second = np.take(values, before, axis), np.take(values, np.minimum(before + 1, old - 1), axis)
    stretched: Array = first + (second - first) * share
    return stretched
