"""Batches that Python makes, as a `tf.data.Dataset` that lets go of what made them.

TensorFlow keeps every function that is given to `tf.numpy_function` in its default graph, until the process ends, and
with it a decoded split or a memory map. So it is given one function for all, which looks up by number whom to ask; who
is asked is held by the data set that it was made for, and forgotten with it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

Make = Callable[[int], Any]

_NUMBERS = count()
_LOCK = Lock()
_makers: dict[int, Make] = {}
_closers: weakref.WeakKeyDictionary[Any, weakref.finalize[Any, Any]] = weakref.WeakKeyDictionary()


def python_batches(
    make: Make, steps: range, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[str], close: Callable[[], None]
) -> tf.data.Dataset:
    """A data set of `(inputs, labels)` for each step; several inputs are a tuple.

    `make(step)` gives all of them as arrays of these shapes and dtypes, labels last; TensorFlow calls it in a thread of
    its own. It is forgotten, and `close` called, once: by `close_batches`, or when the data set and every iterator over
    it are gone.
    """
    from archspec.lower.framework import tf

    with _LOCK:
        number = next(_NUMBERS)
    _makers[number] = make

    @tf.autograph.experimental.do_not_convert
    def load(step: Any) -> tuple[Any, Any]:
        found = tf.numpy_function(_made, [number, step], [tf.as_dtype(dtype) for dtype in dtypes])
        *inputs, labels = (tf.ensure_shape(one, shape) for one, shape in zip(found, shapes, strict=True))
        return tuple(inputs) if len(inputs) > 1 else inputs[0], labels

    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False  # see _ahead.py
    batches = tf.data.Dataset.range(steps.start, steps.stop).map(load).with_options(options)
    _closers[batches] = weakref.finalize(batches, _forget, number, close)
    return batches


def close_batches(batches: Any) -> None:
    """Forget what made these batches, now: nothing can be read from them any more."""
    closer = _closers.get(batches)
    if closer is not None:
        closer()


def _made(number: int, step: int) -> Any:
    return _makers[int(number)](int(step))


def _forget(number: int, close: Callable[[], None]) -> None:
    _makers.pop(number, None)
    close()
