"""A Keras model as a classifier: images in, scores of the classes of each out."""

from __future__ import annotations

from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.lower.framework import tf
from archspec.lower.keras_segmenter import RGB, Gives, Size, ends_in_softmax, own_channels, without_argmax


class KerasClassifier:
    """Images `(N, H, W, C)`, numbers from 0 to 255, of the model's `size` (None: of any) -> scores `(N, classes)`.

    A final ArgMax of ours is left out. `image_range` is what the model takes for black and white. Raises `Problem` for
    a model that is no classifier.
    """

    def __init__(
        self, model: Any, *, image_range: tuple[float, float] = (0.0, 255.0), channels: tuple[int, ...] = (RGB,)
    ) -> None:
        part = without_argmax(model)
        self.channels = own_channels(model, channels)
        height, width = part.inputs[0].shape[1:3]
        self.size: Size | None = None if None in (height, width) else (int(height), int(width))
        shape = tuple(part.outputs[0].shape)
        if len(shape) != 2 or (shape[1] or 0) < 2:
            raise Problem(f"gives no scores of whole images (its output is {list(shape)})", "Needed is [N, classes]")
        self.gives: Gives = "probabilities" if ends_in_softmax(part) else "logits"
        self.classes = int(shape[1])
        black, white = image_range
        dtype = part.inputs[0].dtype

        @tf.function(autograph=False, reduce_retracing=True)
        def scores(images: Any) -> Any:
            values = tf.cast(images, tf.float32) * ((white - black) / 255) + black
            return tf.cast(part(tf.cast(values, dtype), training=False), tf.float32)

        self._scores = scores

    def __call__(self, images: Array) -> Array:
        """Scores of each image, float32."""
        found: Array = self._scores(tf.constant(np.ascontiguousarray(images), tf.float32)).numpy()
        return found
