"""Distillation: what a stage's network learns from its teacher, beside the labels.

On logits: the Kullback-Leibler divergence of the student's class distribution from the teacher's, both softened by the
temperature T, times T² so that gradients keep their size (arXiv:1503.02531); the mean over the labelled pixels. Where
classes hold each by itself (`output: sigmoid`) the same of every class and its absence, the mean over classes too. On
features: the mean squared difference of the two maps, each channel of each image brought to mean 0 and variance 1 over
its positions (arXiv:2207.02039), the student's first projected to the teacher's channels.
"""

from __future__ import annotations

from typing import Any

from archspec import lower
from archspec.datasets import IGNORE
from archspec.lower import tf
from archspec.train._losses import at_one_size, at_size
from archspec.train._recipe import Teacher
from archspec.train._teacher import TeacherNetwork
from archspec.train.losses._masks import mask_targets
from archspec.train.losses._pixels import mean_over

EPSILON = 1e-6  # of a channel that is the same everywhere


class Distillation:
    """The teacher's part of a loss. The teacher is never trained, computes in float32, and its batch norms use their
    moving statistics; `cached` when what it teaches comes with each batch, as the last of its inputs."""

    def __init__(
        self,
        teacher: Teacher,
        network: TeacherNetwork,
        *,
        upsample_logits: bool = True,
        masks: bool = False,
        cached: bool = False,
    ) -> None:
        self._teacher, self._network = teacher, network
        self._upsample_logits, self._cached = upsample_logits, cached
        self._divergence = masks_loss if masks else logits_loss
        self._model: Any = None

    def build(self) -> None:
        """Make the teacher's model, unless what it teaches is cached; called where the student's model is made."""
        if not self._cached:
            self._model = lower.to_keras(self._network.graph, self._network.weights)
            self._model.trainable = False

    def split(self, inputs: Any) -> tuple[Any, Any]:
        """The student's inputs, and what the teacher makes of the same."""
        if not self._cached:
            return inputs, tf.stop_gradient(self._model(inputs, training=False))
        *rest, taught = inputs
        return rest if len(rest) > 1 else rest[0], taught

    def loss(self, scores: Any, projected: Any, taught: Any, labels: Any) -> Any:
        """By its weight. `scores` are the student's, `projected` its features, None for a teacher on logits."""
        if projected is not None:
            return self._teacher.weight * features_loss(projected, taught)
        scores, labels = at_one_size(scores, labels, upsample_logits=self._upsample_logits)
        return self._teacher.weight * self._divergence(scores, taught, labels, self._teacher.temperature)


def logits_loss(scores: Any, taught: Any, labels: Any, temperature: float) -> Any:
    """`scores` `(N, H, W, C)` and `labels` `(N, H, W)` of one size; the teacher's scores are brought to it."""
    taught = at_size(tf.cast(taught, tf.float32), scores.shape[1:3]) / temperature
    target, ours = tf.nn.log_softmax(taught), tf.nn.log_softmax(scores / temperature)
    divergence = temperature**2 * tf.reduce_sum(tf.exp(target) * (target - ours), -1)
    counted = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)
    return mean_over(divergence * counted, counted)


def masks_loss(scores: Any, taught: Any, labels: Any, temperature: float) -> Any:
    """The same where each class holds by itself; labels are masks `(N, H, W, C)`, or classes `(N, H, W)`."""
    taught, ours = at_size(tf.cast(taught, tf.float32), scores.shape[1:3]) / temperature, scores / temperature
    there, absent = tf.math.log_sigmoid(taught), tf.math.log_sigmoid(-taught)
    divergence = tf.exp(there) * (there - tf.math.log_sigmoid(ours))
    divergence += tf.exp(absent) * (absent - tf.math.log_sigmoid(-ours))
    _, counted = mask_targets(scores, labels)
    return mean_over(temperature**2 * divergence * counted, counted)


def features_loss(projected: Any, taught: Any) -> Any:
    """Both `(N, h, w, C)`; the teacher's features are brought to the size of the student's."""
    projected = tf.cast(projected, tf.float32)
    taught = at_size(tf.cast(taught, tf.float32), projected.shape[1:3])
    return tf.reduce_mean(tf.square(_standardised(projected) - _standardised(taught)))


def _standardised(features: Any) -> Any:
    mean, variance = tf.nn.moments(features, [1, 2], keepdims=True)
    return (features - mean) * tf.math.rsqrt(variance + EPSILON)
