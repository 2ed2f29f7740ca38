"""TensorFlow's tensors with as much of NumPy's arrays as the recipes of constants use.

So the exporter's own recipes (batch norm folded, channels sorted as they lie) are run on variables in training, with
gradients, and what is trained through is what is exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.lower import tf


class TensorArray:
    """A tensor that can be calculated with, sorted, turned and cast as an array."""

    __array_ufunc__ = None  # NumPy's arrays leave sums and products with one of these to it
    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    def astype(self, dtype: str) -> TensorArray:
        """The same numbers in another type."""
        return TensorArray(tf.cast(self.tensor, dtype))

    def reshape(self, *shape: Any) -> TensorArray:
        """The same numbers in another shape."""
        return TensorArray(tf.reshape(self.tensor, shape[0] if len(shape) == 1 else shape))

    def transpose(self, *axes: int) -> TensorArray:
        """The axes in another order."""
        return TensorArray(tf.transpose(self.tensor, axes))

    @property
    def T(self) -> TensorArray:
        """The axes turned round."""
        return TensorArray(tf.transpose(self.tensor))

    def swapaxes(self, one: int, other: int) -> TensorArray:
        """Two axes exchanged."""
        order = list(range(len(self.tensor.shape)))
        order[one], order[other] = order[other], order[one]
        return TensorArray(tf.transpose(self.tensor, order))

    def __rmatmul__(self, other: Any) -> TensorArray:
        return TensorArray(tf.linalg.matmul(*reversed(_alike(self, other))))

    def __getitem__(self, key: Any) -> TensorArray:
        parts = key if isinstance(key, tuple) else (key,)
        sorting = [part for part in parts if isinstance(part, list)]
        if not sorting:
            return TensorArray(self.tensor[key])
        if Ellipsis in parts:
            return TensorArray(tf.gather(self.tensor, sorting[0], axis=-1))
        axis = next(number for number, part in enumerate(parts) if isinstance(part, list))
        return TensorArray(tf.gather(self.tensor, sorting[0], axis=axis))

    def __mul__(self, other: Any) -> TensorArray:
        return TensorArray(tf.multiply(*_alike(self, other)))

    def __add__(self, other: Any) -> TensorArray:
        return TensorArray(tf.add(*_alike(self, other)))

    __rmul__, __radd__ = __mul__, __add__

    def __neg__(self) -> TensorArray:
        return TensorArray(-self.tensor)

    def __pow__(self, power: float) -> TensorArray:
        if power != -0.5:
            raise TypeError(f"the power {power} of a tensor")
        return TensorArray(1.0 / tf.sqrt(self.tensor))


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """Both as tensors of the finer of their types, as NumPy does."""
    first, second = (tf.convert_to_tensor(getattr(each, "tensor", each), None) for each in (one, other))
    if not isinstance(other, TensorArray) and not hasattr(other, "dtype"):
        return first, tf.cast(second, first.dtype)
    wide = tf.float64 if tf.float64 in (first.dtype, second.dtype) else first.dtype
    return tf.cast(first, wide), tf.cast(second, wide)


class TensorWeights(Mapping[str, Any]):
    """Tensors by `node name/array name`, each as a `TensorArray`."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._tensors = tensors

    def __getitem__(self, key: str) -> TensorArray:
        return TensorArray(tf.convert_to_tensor(self._tensors[key]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)
