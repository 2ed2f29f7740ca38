"""Arithmetic of the runtime's integer kernels, on int64 tensors: what they round, and how (gemmlowp's fixed point)."""

from __future__ import annotations

from typing import Any

import numpy as np

from archspec.lower import tf

INT16_LARGEST = 2**15 - 1
RELUISH_SCALE = np.float32(3.0 / 32768.0)
HIRES = np.float32(1.0 / 128.0)


def multiplier(real: Any) -> tuple[Any, Any]:
    """`(mantissa, exponent)`: real ≈ mantissa · 2^(exponent - 31), the mantissa a whole number of 31 bits."""
    real = tf.cast(real, tf.float64)
    exponent = tf.floor(tf.math.log(real) / np.log(2.0) + 1e-15) + 1
    mantissa = half_away(real / 2.0**exponent * 2.0**31)
    too_large = mantissa >= 2.0**31
    mantissa = tf.where(too_large, mantissa / 2, mantissa)
    exponent = tf.where(too_large, exponent + 1, exponent)
    return tf.cast(mantissa, tf.int64), tf.cast(exponent, tf.int64)


def multiplied(whole: Any, real: Any) -> Any:
    """A whole number times a real one below 2^31, rounded to 31 bits of the product first."""
    mantissa, exponent = multiplier(real)
    shifted = whole * _power(tf.maximum(exponent, 0))
    return divided(_high(shifted * mantissa, 31), tf.maximum(-exponent, 0))


def divided(whole: Any, exponent: Any) -> Any:
    """By a power of two, halves away from zero."""
    unit = _power(exponent)
    return tf.sign(whole) * tf.math.floordiv(tf.abs(whole) * 2 + unit, 2 * unit)


def hard_swish(whole: Any, source: Any, result: Any) -> Any:
    """The runtime's x · relu6(x + 3) / 6 on int8 steps without their zero point, from one scale to another."""
    hires_scale = HIRES * source
    own, own_exponent = _short(hires_scale / result)
    reluish_factor, exponent = _short(hires_scale / RELUISH_SCALE)
    hires = whole * 128
    value = _high(hires * own, 15)
    reluish = tf.where(exponent > 0, _saturated(hires * _power(tf.maximum(exponent - 1, 0))), hires)
    reluish = _high(reluish * reluish_factor, 15)
    reluish = tf.where(exponent > 0, _saturated(reluish * 2), reluish)
    reluish = tf.where(exponent < 0, divided(reluish, tf.maximum(-exponent, 0)), reluish)
    reluish = tf.math.floordiv(reluish + 2**15, 2)
    product = reluish * value
    value = tf.sign(product) * tf.math.floordiv(tf.abs(product), 2**15)
    return divided(value, tf.maximum(-own_exponent, 0))


def half_away(value: Any) -> Any:
    """The nearest whole number, halves away from zero."""
    return tf.sign(value) * tf.floor(tf.abs(value) + 0.5)


def _short(real: Any) -> tuple[Any, Any]:
    mantissa, exponent = multiplier(real)
    return tf.minimum(tf.math.floordiv(mantissa + 2**15, 2**16), INT16_LARGEST), exponent


def _saturated(whole: Any) -> Any:
    return tf.clip_by_value(whole, -INT16_LARGEST - 1, INT16_LARGEST)


def _high(product: Any, bits: int) -> Any:
    """The upper half of a doubled product, rounded to nearest: cut off towards zero after half a unit is added."""
    half = tf.constant(2 ** (bits - 1), tf.int64)
    nudged = product + tf.where(product >= 0, half, 1 - half)
    return tf.sign(nudged) * tf.math.floordiv(tf.abs(nudged), 2**bits)


def _power(exponent: Any) -> Any:
    return tf.bitwise.left_shift(tf.ones_like(exponent), exponent)
