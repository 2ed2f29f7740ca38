"""Training batches: each a function of the seed and the step, so that a run can go on from any step bit for bit.

The next few are made ahead in threads of our own: TensorFlow's (`prefetch`, parallel `map`) must not run Python, since
a process that ends while one of them waits for the interpreter never ends. TensorFlow passes on no more of an exception
than its message, so the faults of a `UserError` are written into one.

TensorFlow keeps every function that is given to `tf.numpy_function` in its default graph until the process ends, and
with it a decoded split or a memory map. So it is given one function for all, which looks up by number whom to ask; who
is asked is held by the data set that it was made for, and forgotten with it.
"""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets._augmentation import Augmentation, Focus, class_numbers, draw, permutation, pixel_of, sample
from archspec.datasets._check import read_pair
from archspec.datasets._class_samples import class_sample
from archspec.datasets._contract import Dataset
from archspec.errors import Fault, Place, UserError
from archspec.graph.task import CLASSIFICATION

if TYPE_CHECKING:
    import tensorflow as tf


Value = TypeVar("Value")
Result = TypeVar("Result")
_MARK = "archspec-faults: "
_FAULTS = re.compile(f"{_MARK}(\\[.*\\])$", re.MULTILINE)
Make = Callable[[int], Any]
_NUMBERS = count()
_LOCK = Lock()
_makers: dict[int, Make] = {}
_closers: weakref.WeakKeyDictionary[Any, weakref.finalize[Any, Any]] = weakref.WeakKeyDictionary()
Cache = Literal["auto", "memory", "none"]
MEMORY_LIMIT_BYTES = 2 * 1024**3
"""With `cache="auto"` a split is kept in memory up to this size (RGB: 4 bytes a pixel, image and label)."""
_PROBED = 32  # examples whose size is looked at to guess the split's
_MOST_WORKERS = 4


class Ahead(Generic[Value]):
    """Values of `make(number)`, made ahead in threads while they are asked for in order, up to `end` (exclusive)."""

    def __init__(self, make: Callable[[int], Value], end: int, workers: int) -> None:
        self._make = make
        self._end = end
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="archspec-batches")
        self._wanted = workers + 1
        self._started: dict[int, Future[Value]] = {}
        self._lock = Lock()

    def __call__(self, number: int) -> Value:
        """The value of that number; raises what `make` raised."""
        with self._lock:
            span = range(number, min(number + self._wanted, self._end))
            for passed in [one for one in self._started if one not in span]:
                self._started.pop(passed).cancel()
            for one in span:
                if one not in self._started:
                    self._started[one] = self._pool.submit(self._make, one)
            future = self._started.pop(number)
        return future.result()

    def close(self) -> None:
        """End the threads, and drop values that nobody asked for."""
        with self._lock:
            self._started.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _FaultsInMessage(Exception):
    """The faults of a `UserError`, as JSON in its message."""


def with_faults_in_message(function: Callable[[int], Result]) -> Callable[[int], Result]:
    """The function for TensorFlow to call: a `UserError` that it raises is raised again by `reading_errors`."""

    def call(number: int) -> Result:
        try:
            return function(int(number))
        except UserError as error:
            rows = [
                (one.message, one.remedy, one.path, one.place.file, one.place.line, one.place.column)
                for one in error.faults
            ]
            raise _FaultsInMessage(f"\n{_MARK}{json.dumps(rows)}\n") from None

    return call


@contextmanager
def reading_errors() -> Iterator[None]:
    """Around a loop over `training_batches`: a bad file found on the way is a `UserError` with the file's name."""
    try:
        yield
    except Exception as error:
        found = _FAULTS.search(str(error))
        if found is None:
            raise
        rows = json.loads(found.group(1))
        faults = [Fault(message, remedy, path, Place(*place)) for message, remedy, path, *place in rows]
        raise UserError(faults) from None


def python_batches(
    make: Make, steps: range, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[str], close: Callable[[], None]
) -> tf.data.Dataset:
    """A data set of `(inputs, labels)` for each step; several inputs are a tuple.

    `make(step)` gives all of them as arrays of these shapes and dtypes, labels last; TensorFlow calls it in a thread of
    its own. It is forgotten, and `close` called, once: by `close_batches`, or when the data set and every iterator over
    it are gone.
    """
    from archspec.lower import tf

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
    options.experimental_optimization.inject_prefetch = False  # TensorFlow's threads must not run Python
    batches = tf.data.Dataset.range(steps.start, steps.stop).map(load).with_options(options)
    _closers[batches] = weakref.finalize(batches, _forget, number, close)
    return batches


def close_batches(batches: Any) -> None:
    """Free what made these batches: nothing can be read from them any more."""
    closer = _closers.get(batches)
    if closer is not None:
        closer()


def _made(number: int, step: int) -> Any:
    return _makers[int(number)](int(step))


def _forget(number: int, close: Callable[[], None]) -> None:
    _makers.pop(number, None)
    close()


def training_batches(
    dataset: Dataset,
    split: str,
    *,
    augmentation: Augmentation,
    batch_size: int,
    seed: int,
    steps: int,
    first_step: int = 0,
    cache: Cache = "auto",
) -> tf.data.Dataset:
    """The batches of the steps `first_step` to `steps - 1` of a run of `steps` steps.

    Each is `(images (B, h, w, channels) float32 in 0..255, labels (B, h, w) uint8 with 255 ignored)`; of data for
    classification labels are `(B,)` int32. A run that starts at `first_step` gets exactly what an uninterrupted one
    would have had from there on. `cache`: `memory` keeps the decoded split, `none` decodes anew each time, `auto` keeps
    what is at most `MEMORY_LIMIT_BYTES`. Loop over the
    batches inside `reading_errors()`: then a bad file is a `UserError`. `close_batches` frees what is kept, and
    so does the end of the last reference to the batches.
    """
    batches = Batches(dataset, split, augmentation, batch_size, seed, cache)
    ahead = Ahead(batches.batch, steps, min(_MOST_WORKERS, max(2, os.cpu_count() or 1)))
    images = (batch_size, *augmentation.size, dataset.form.channels)
    labels = (batch_size, *dataset.label_shape(augmentation.size))
    shapes, dtypes = (images, labels), ("float32", _label_type(dataset))
    return python_batches(with_faults_in_message(ahead), range(first_step, steps), shapes, dtypes, ahead.close)


def _label_type(dataset: Dataset) -> str:
    return "int32" if dataset.task == CLASSIFICATION else "uint8"


class Batches:
    """The batches of a run as NumPy arrays, by their step. Asking is safe from several threads."""

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        cache: Cache = "auto",
    ) -> None:
        self.examples = dataset.examples(split)
        self._dataset = dataset
        self._augmentation = augmentation
        self._batch_size = batch_size
        self._seed = seed
        self._keep = cache == "memory" or (cache == "auto" and self._memory_bytes() <= MEMORY_LIMIT_BYTES)
        self._kept: dict[int, tuple[Array, Array]] = {}
        self._orders: dict[int, Array] = {}
        self._lock = Lock()
        self._focus_classes = class_numbers(augmentation.focus_classes, dataset)
        self._made_focus: Focus | None = None

    def batch(self, step: int) -> tuple[Array, Array]:
        """Images `(B, h, w, channels)` float32 and labels `(B, h, w)` uint8, or `(B,)` int32. Raises `UserError` for a
        bad file."""
        numbers = np.arange(step * self._batch_size, (step + 1) * self._batch_size)
        images = np.empty((self._batch_size, *self._augmentation.size, self._dataset.form.channels), np.float32)
        of_each = self._dataset.label_shape(self._augmentation.size)
        labels = np.empty((self._batch_size, *of_each), _label_type(self._dataset))
        for place, (number, drawn) in enumerate(zip(numbers, draw(self._seed, numbers), strict=True)):
            images[place], labels[place] = self._sample(int(number), drawn)
        return images, labels

    def _sample(self, number: int, drawn: dict[str, float]) -> tuple[Array, Array]:
        chosen = self._focus.choose(drawn) if drawn["focus"] < self._augmentation.focus_share else None
        image, label = self._pair(self.index(number) if chosen is None else chosen[0])
        if self._dataset.task == CLASSIFICATION:
            return class_sample(image, self._augmentation, drawn), label
        point = None if chosen is None else pixel_of(label, chosen[1], drawn)
        return sample(image, label, self._augmentation, drawn, point)

    @property
    def _focus(self) -> Focus:
        """Made when first needed, once."""
        with self._lock:
            if self._made_focus is None:
                self._made_focus = Focus(self._focus_classes, len(self.examples), self._label)
            return self._made_focus

    def _label(self, index: int) -> Array:
        return self._pair(index)[1] if self._keep else self._dataset.read_label(self.examples[index])

    def index(self, number: int) -> int:
        """Which example the sample of this number is: each epoch has an order of its own."""
        epoch, place = divmod(number, len(self.examples))
        order = self._orders.get(epoch)
        if order is None:
            order = permutation(self._seed, epoch, len(self.examples))
            self._orders = {past: kept for past, kept in self._orders.items() if past >= epoch - 1} | {epoch: order}
        return int(order[place])

    def _pair(self, index: int) -> tuple[Array, Array]:
        kept = self._kept.get(index)
        if kept is None:
            kept = read_pair(self._dataset, self.examples[index])
            if self._keep:
                self._kept[index] = kept
        return kept

    def _memory_bytes(self) -> float:
        """The decoded split's size, from that of some of its examples."""
        probed = self.examples[:: -(-len(self.examples) // _PROBED)]
        pixels = [width * height for height, width in map(self._dataset.image_size, probed)]
        form = self._dataset.form
        a_pixel = form.channels * (1 if form.deep_range is None else 4) + (
            len(self._dataset.classes) if self._dataset.multi_label else 1
        )
        return a_pixel * len(self.examples) * sum(pixels) / len(pixels)
