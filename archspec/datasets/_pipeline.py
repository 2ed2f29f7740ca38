"""Training batches: each a function of the seed and the step, so that a run can go on from any step bit for bit."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from archspec.datasets._ahead import Ahead
from archspec.datasets._augmentation import Augmentation
from archspec.datasets._carrying import carried
from archspec.datasets._check import read_pair
from archspec.datasets._contract import Dataset
from archspec.datasets._draws import permutation
from archspec.datasets._focus import Focus, class_numbers, pixel_of
from archspec.datasets._python_batches import python_batches
from archspec.datasets._sampling import draw, sample

if TYPE_CHECKING:
    import tensorflow as tf

Array = np.ndarray[Any, Any]
Cache = Literal["auto", "memory", "none"]

MEMORY_LIMIT_BYTES = 2 * 1024**3
"""With `cache="auto"` a split is kept in memory up to this size (uint8: 4 bytes a pixel, image and label)."""

_PROBED = 32  # examples whose size is looked at to guess the split's
_MOST_WORKERS = 4


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

    Each is `(images (B, h, w, 3) float32 in 0..255, labels (B, h, w) uint8 with 255 ignored)`. A run that starts at
    `first_step` gets exactly what an uninterrupted one would have had from there on. `cache`: `memory` keeps the
    decoded split, `none` decodes anew each time, `auto` keeps what is at most `MEMORY_LIMIT_BYTES`. Loop over the
    batches inside `reading_errors()`: then a bad file is a `UserError`. What is kept is given back by `close_batches`,
    or when nobody has the batches any more.
    """
    batches = Batches(dataset, split, augmentation, batch_size, seed, cache)
    ahead = Ahead(batches.batch, steps, min(_MOST_WORKERS, max(2, os.cpu_count() or 1)))
    labels = (batch_size, *augmentation.size)
    shapes, dtypes = ((*labels, 3), labels), ("float32", "uint8")
    return python_batches(carried(ahead), range(first_step, steps), shapes, dtypes, ahead.close)


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
        """Images `(B, h, w, 3)` float32 and labels `(B, h, w)` uint8 of a step. Raises `UserError` for a bad file."""
        numbers = np.arange(step * self._batch_size, (step + 1) * self._batch_size)
        images = np.empty((self._batch_size, *self._augmentation.size, 3), np.float32)
        labels = np.empty((self._batch_size, *self._augmentation.size), np.uint8)
        for place, (number, drawn) in enumerate(zip(numbers, draw(self._seed, numbers), strict=True)):
            images[place], labels[place] = self._sample(int(number), drawn)
        return images, labels

    def _sample(self, number: int, drawn: dict[str, float]) -> tuple[Array, Array]:
        chosen = self._focus.choose(drawn) if drawn["focus"] < self._augmentation.focus_share else None
        image, label = self._pair(self.index(number) if chosen is None else chosen[0])
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
        return 4 * len(self.examples) * sum(pixels) / len(pixels)
