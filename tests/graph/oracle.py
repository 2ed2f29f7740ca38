"""What layers compute, in NumPy and float64, one image `(H, W, C)` at a time: slow, plain, and nobody else's code.

A window is a table of indices: for each output position, where each tap lies, or OUTSIDE.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[int, int]
OUTSIDE = -1  # the last row and column of a padded map


def taps(size: int, kernel: int, stride: int, rate: int, padding: str) -> list[list[int]]:
    """Every position of a window on an axis of `size`, found by walking along it."""
    reach = (kernel - 1) * rate + 1
    if padding == "valid":
        starts = [start for start in range(size) if start % stride == 0 and start + reach <= size]
    else:
        count = len(range(0, size, stride))
        missing = max((count - 1) * stride + reach - size, 0)
        starts = [position * stride - missing // 2 for position in range(count)]
    places = [[start + tap * rate for tap in range(kernel)] for start in starts]
    return [[place if 0 <= place < size else OUTSIDE for place in row] for row in places]


def patches(x: Array, kernel: Pair, strides: Pair, rates: Pair, padding: str, fill: float) -> Array:
    """`(OH, OW, kh, kw, C)`: what each window sees; `fill` outside."""
    rows = np.array(taps(x.shape[0], kernel[0], strides[0], rates[0], padding))
    columns = np.array(taps(x.shape[1], kernel[1], strides[1], rates[1], padding))
    padded = np.pad(x.astype(np.float64), ((0, 1), (0, 1), (0, 0)), constant_values=fill)
    seen: Array = padded[rows[:, None, :, None], columns[None, :, None, :]]
    return seen


def conv2d(x: Array, kernel: Array, bias: Array, strides: Pair, rates: Pair, padding: str) -> Array:
    """`kernel (kh, kw, C / groups, filters)`; how many groups follows from the shapes."""
    inside, filters = kernel.shape[2], kernel.shape[3]
    groups = x.shape[2] // inside
    seen = patches(x, kernel.shape[:2], strides, rates, padding, 0.0)
    each = filters // groups
    parts = [
        np.einsum(
            "hwijc,ijcf->hwf",
            seen[..., group * inside : (group + 1) * inside],
            kernel[..., group * each : (group + 1) * each].astype(np.float64),
            optimize=True,
        )
        for group in range(groups)
    ]
    return np.asarray(np.concatenate(parts, axis=-1) + bias)


def depthwise(x: Array, kernel: Array, bias: Array, strides: Pair, rates: Pair, padding: str) -> Array:
    """`kernel (kh, kw, C, multiplier)`; a channel's copies stand beside one another."""
    seen = patches(x, kernel.shape[:2], strides, rates, padding, 0.0)
    found = np.einsum("hwijc,ijcm->hwcm", seen, kernel.astype(np.float64), optimize=True)
    return np.asarray(found.reshape(*found.shape[:2], -1) + bias)


def max_pool(x: Array, size: Pair, strides: Pair, padding: str) -> Array:
    """The largest inside the map."""
    found: Array = patches(x, size, strides, (1, 1), padding, -np.inf).max((2, 3))
    return found


def average_pool(x: Array, size: Pair, strides: Pair, padding: str) -> Array:
    """The mean of what is inside the map."""
    total = patches(x, size, strides, (1, 1), padding, 0.0).sum((2, 3))
    inside = patches(np.ones_like(x), size, strides, (1, 1), padding, 0.0).sum((2, 3))
    return np.asarray(total / inside)


def resize(x: Array, size: Pair, interpolation: str, align_corners: bool) -> Array:
    """Bilinear or nearest, corners aligned or pixel centres aligned."""
    for axis, length in enumerate(size):
        old = x.shape[axis]
        if align_corners:
            places = np.arange(length) * ((old - 1) / (length - 1) if length > 1 else 0.0)
        else:
            places = (np.arange(length) + 0.5) * old / length - 0.5
        if interpolation == "nearest":
            nearest = np.floor(places + 0.5).astype(int)
            x = np.take(x, np.clip(nearest, 0, old - 1), axis)
            continue
        below = np.floor(places).astype(int)
        shape = [1, 1, 1]
        shape[axis] = length
        share = (places - below).reshape(shape)
        low, high = np.clip(below, 0, old - 1), np.clip(below + 1, 0, old - 1)
        x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return x


def softmax(x: Array) -> Array:
    """Over the last axis."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def shuffle(x: Array, groups: int) -> Array:
    """Reshape, transpose, reshape."""
    height, width, channels = x.shape
    return x.reshape(height, width, groups, channels // groups).swapaxes(2, 3).reshape(height, width, channels)


def max_pool_indices(x: Array) -> tuple[Array, Array]:
    """2×2 windows one by one: the largest, and which of the four in reading order had it first; cut off at the end."""
    height, width, channels = x.shape
    maxima = np.full(((height + 1) // 2, (width + 1) // 2, channels), -np.inf)
    places = np.full(maxima.shape, -1)
    for row, column, channel in np.ndindex(*maxima.shape):
        for place in range(4):
            y, z = 2 * row + place // 2, 2 * column + place % 2
            if y < height and z < width and x[y, z, channel] > maxima[row, column, channel]:
                maxima[row, column, channel] = x[y, z, channel]
                places[row, column, channel] = place
    return maxima, places


def unpool(numbers: Array, places: Array, size: Pair) -> Array:
    """Each number where its place says, zeros elsewhere."""
    found = np.zeros((*size, numbers.shape[2]))
    for row, column, channel in np.ndindex(*numbers.shape):
        place = int(places[row, column, channel])
        found[2 * row + place // 2, 2 * column + place % 2, channel] = numbers[row, column, channel]
    return found


def transposed(x: Array, kernel: Array, bias: Array, strides: Pair) -> Array:
    """SAME; `kernel (kh, kw, filters, C)`: every input position stamps the kernel, times its numbers, on the output."""
    (height, width, _), (kh, kw, filters, _) = x.shape, kernel.shape
    found = np.zeros((height * strides[0], width * strides[1], filters))
    before = max(kh - strides[0], 0) // 2, max(kw - strides[1], 0) // 2
    for row, column, up, left in np.ndindex(height, width, kh, kw):
        y, z = row * strides[0] + up - before[0], column * strides[1] + left - before[1]
        if 0 <= y < found.shape[0] and 0 <= z < found.shape[1]:
            found[y, z] += kernel[up, left].astype(np.float64) @ x[row, column]
    return np.asarray(found + bias)


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-x)))


def hard_swish(x: Array) -> Array:
    """x times a line from 0 at -3 to 1 at 3."""
    return np.asarray(x * np.clip(x + 3, 0, 6) / 6)


def space_to_depth(x: Array) -> Array:
    """2×2 positions behind one another, in reading order: `(H, W, C)` to `(H / 2, W / 2, 4 C)`."""
    return np.concatenate([x[row::2, column::2] for row in (0, 1) for column in (0, 1)], axis=-1)


def depth_to_space(x: Array) -> Array:
    """The way back."""
    found = np.zeros((2 * x.shape[0], 2 * x.shape[1], x.shape[2] // 4))
    for place, part in enumerate(np.split(x, 4, axis=-1)):
        found[place // 2 :: 2, place % 2 :: 2] = part
    return found
