"""Images, scores and labels at other sizes."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array

Size = tuple[int, int]


def softmax(logits: Array) -> Array:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    shares: Array = powers / powers.sum(-1, keepdims=True)
    return shares


def resized_image(image: Array, size: Size) -> Array:
    """Bilinear, averaging where it gets smaller (Pillow)."""
    from PIL import Image

    if image.shape[:2] == size:
        return image
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR))


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
