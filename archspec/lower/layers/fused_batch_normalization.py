"""Keras's batch normalization by TensorFlow's fused operator, for training: the same mathematics, faster.

Keras 3 writes mean, variance and scaling as operators of their own. On a processor their gradients take longer than the
convolutions of a mobile network.
"""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf

IMAGE_AXES = 4
SMALL, STEP = 16, 4  # channels: more than few that are no multiple are slower in one operator than in several


@keras.saving.register_keras_serializable(package="archspec")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """As its parent; maps `(N, H, W, C)` in training take the fused operator, anything else its parent's way."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fused = training and self.trainable and mask is None and len(inputs.shape) == IMAGE_AXES
        channels = inputs.shape[-1]
        if not fused or inputs.dtype == tf.float64 or (channels > SMALL and channels % STEP):
            return super().call(inputs, training=training, mask=mask)
        found = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.ones([channels]) if self.gamma is None else self.gamma.value,
            offset=tf.zeros([channels]) if self.beta is None else self.beta.value,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        self._follow(found.batch_mean, found.batch_variance * _population(inputs))
        return found.y

    def _follow(self, mean: Any, variance: Any) -> None:
        """Bring the moving statistics nearer to those of the batch, as the parent does."""
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))


def _population(inputs: Any) -> Any:
    """What makes the operator's variance, a sum over n - 1, that over n, which Keras takes."""
    count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
    return tf.maximum(count - 1.0, 1.0) / count
