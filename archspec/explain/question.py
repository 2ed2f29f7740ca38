"""What a method is asked: which image, which scores, at which layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from archspec.arrays import Array


@dataclass(frozen=True)
class Question:
    """Which parts of one image speak for each of K scores.

    `model` is a flat `keras.Model` from `(N, H, W, C)` to logits `(N, h, w, classes)`; `image` `(1, H, W, C)`. Score k
    is the sum of the logits of class `classes[k]` times `weights[k]` `(h, w)`, which sum to 1: a mean over some pixels.
    `layer` is what class activation maps are made of. `samples` and `seed` are SmoothGrad's, `channels` Score-CAM's.
    """

    model: Any
    image: Array
    layer: str
    classes: tuple[int, ...]
    weights: Array
    samples: int = 20
    channels: int | None = None
    seed: int = 0

    def alone(self, index: int) -> Question:
        """Only the score of that index."""
        return replace(self, classes=(self.classes[index],), weights=self.weights[index : index + 1])

    @cached_property
    def images(self) -> Array:
        """The image once a score: `(K, H, W, C)`."""
        import numpy as np

        return np.repeat(self.image, len(self.classes), axis=0)

    @cached_property
    def _logit_weights(self) -> Array:
        """`(K, h, w, classes)`."""
        import numpy as np

        found = np.zeros((*self.weights.shape, self.model.output.shape[-1]), np.float32)
        for index, number in enumerate(self.classes):
            found[index, ..., number] = self.weights[index]
        return found

    def scores(self, logits: Any) -> Any:
        """Logits `(K, h, w, classes)`, one image a score, to the scores `(K,)`: tensors with a gradient."""
        from archspec.lower.framework import tf

        return tf.reduce_sum(logits * self._logit_weights, axis=(1, 2, 3))
