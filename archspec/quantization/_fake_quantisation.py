"""Fake quantisation: what int8 makes of a number on the way there, and gradients that pass straight through.

Numbers are held as steps from the zero point, whole ones in float32: sums of their products are exact below 2^24, so
they are those of an integer kernel. `steps · scale` is the number that they stand for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from archspec.export.int8_plan import HIGHEST, LOWEST, STEPS
from archspec.export.precision import LARGEST_BIAS, LARGEST_INT8, SMALLEST_RESCALING
from archspec.lower import tf


class Scale(NamedTuple):
    """`step`, and the `lowest` and `highest` number of steps from the zero point."""

    step: Any
    lowest: Any
    highest: Any


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def rounded(numbers: Any) -> Any:
    """The nearest whole numbers, ties to even; the gradient is that of the numbers themselves."""
    return tf.round(numbers), lambda upstream: upstream


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def clipped(numbers: Any, lowest: Any, highest: Any) -> Any:
    """Numbers within bounds: the gradient passes inside, and outside it is that of the bound."""

    def gradient(upstream: Any) -> tuple[Any, Any, Any]:
        below, above = numbers < lowest, numbers > highest
        zero = tf.zeros_like(upstream)
        inside = tf.where(tf.logical_or(below, above), zero, upstream)
        of_lowest = tf.reduce_sum(tf.where(below, upstream, zero))
        return inside, of_lowest, tf.reduce_sum(tf.where(above, upstream, zero))

    return tf.minimum(tf.maximum(numbers, lowest), highest), gradient


def replaced(numbers: Any, exact: Any) -> Any:
    """The values of `exact` with the gradient of `numbers`: a kernel that rounds in a way of its own."""
    return numbers + tf.stop_gradient(exact - numbers)


def quantised(steps: Any, scale: Scale) -> Any:
    """Steps as an int8 tensor holds them."""
    return rounded(clipped(steps, scale.lowest, scale.highest))


def range_scale(low: Any, high: Any) -> Scale:
    """The scale of a range, as `archspec.export.int8_plan.asymmetric` has it; its gradient is the range's (LSQ)."""
    low, high = tf.minimum(low, 0.0), tf.maximum(high, 0.0)
    wide = tf.cast(high, tf.float64) - tf.cast(low, tf.float64)
    step = tf.where(wide > 0, tf.cast(wide / STEPS, tf.float32), tf.ones([]))
    zero = tf.clip_by_value(rounded(LOWEST - low / step), float(LOWEST), float(HIGHEST))
    return Scale(step, LOWEST - zero, HIGHEST - zero)


def fixed_scale(step: float, zero_point: int) -> Scale:
    """A scale that is known: a kernel's, or the image's."""
    return Scale(tf.constant(step), tf.constant(float(LOWEST - zero_point)), tf.constant(float(HIGHEST - zero_point)))


def quantised_kernel(kernel: Any, bias: Any, axis: int, source: Any, output: Any) -> tuple[Any, Any, Any]:
    """Steps of a kernel and of its bias, and the kernel's scale of each output channel, as the exporter has them."""
    others = [index for index in range(len(kernel.shape)) if index != axis]
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axis=others))
    fine = tf.where(largest > 0, largest / LARGEST_INT8, tf.ones_like(largest))
    wide = tf.cast(tf.stop_gradient(source), tf.float64)
    floor = tf.maximum(
        tf.abs(tf.cast(tf.stop_gradient(bias), tf.float64)) / (LARGEST_BIAS * wide),
        SMALLEST_RESCALING * tf.cast(tf.stop_gradient(output), tf.float64) / wide,
    )
    scales = tf.cast(tf.maximum(tf.cast(fine, tf.float64), floor), tf.float32)
    shape = [-1 if index == axis else 1 for index in range(len(kernel.shape))]
    steps = clipped(rounded(kernel / tf.reshape(scales, shape)), -float(LARGEST_INT8), float(LARGEST_INT8))
    products = tf.cast(scales, tf.float64) * tf.cast(source, tf.float64)
    terms = rounded(tf.cast(bias, tf.float64) / products)
    return steps, tf.cast(terms, tf.float32), scales


def quantised_constant(numbers: Any, scale: Scale | None) -> tuple[Any, Any]:
    """Steps of a constant and their size; `scale` is that of the values it is moved beside, None for its own."""
    if scale is None:
        fixed = tf.stop_gradient(numbers)
        scale = range_scale(tf.reduce_min(fixed), tf.reduce_max(fixed))
    return quantised(numbers / scale.step, scale), scale.step
