"""The loss of a stage: a weighted sum of losses, each the file of its name; and the weight of each class in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.catalog import load, load_function, members
from archspec.datasets import Dataset
from archspec.datasets._check import label_counts, label_values
from archspec.train._recipe import LossTerm, Stage

Loss = Callable[[Any, Any], Any]
VECTORS = 2  # axes of logits (N, C)
MASK_AXES = 4  # (N, H, W, classes)
SOFTMAX, SIGMOID = "softmax", "sigmoid"


def class_weights(stage: Stage, dataset: Dataset) -> tuple[float, ...] | None:
    """The class weights of a stage; None where all classes count alike. `inverse_log` reads every label of the split.

    Raises `UserError` for labels that cannot be read.
    """
    asked = stage.class_weights
    if asked is None:
        return None
    if asked.inverse_log is not None:
        shares = class_shares(dataset, stage.split)
        return tuple(float(weight) for weight in 1.0 / np.log(asked.inverse_log + shares))
    return asked.values


def class_shares(dataset: Dataset, split: str) -> Array:
    """Each class's share of the labelled pixels of a split."""
    counts = np.zeros(label_values(dataset), np.int64)
    for example in dataset.examples(split):
        counts += label_counts(dataset, dataset.read_label(example))
    shares: Array = counts[: len(dataset.classes)] / max(1, counts[: len(dataset.classes)].sum())
    return shares


def loss_names() -> tuple[str, ...]:
    """The files of `losses`, none imported."""
    return tuple(members("losses"))


def loss_function(name: str) -> Callable[..., Any]:
    """The function of a loss's file."""
    return load_function("losses", name)


def loss_output(name: str) -> str:
    """Which scores a loss is of: those of `softmax`, of which one class holds, or of `sigmoid`, each by itself."""
    return str(getattr(load("losses", name), "OUTPUT", SOFTMAX))


def total_loss(
    terms: tuple[LossTerm, ...], class_weights: tuple[float, ...] | None, *, upsample_logits: bool = True
) -> Loss:
    """`(logits, labels) -> loss`: `(N, H, W, C)` of any precision and size, `(N, h, w)` of whole numbers, or masks
    `(N, h, w, C)`; of a classifier `(N, C)` and `(N,)`.

    Where their sizes differ, the logits are brought to that of the labels, or the nearest labels are taken.
    """
    from archspec.lower import tf

    weights = None if class_weights is None else tf.constant(class_weights, tf.float32)
    functions = [
        (term.weight, partial(loss_function(term.name), **term.arguments), weights if term.class_weights else None)
        for term in terms
    ]

    def loss(logits: Any, labels: Any) -> Any:
        logits, labels = at_one_size(logits, labels, upsample_logits=upsample_logits)
        return tf.add_n([weight * one(logits, labels, weighting) for weight, one, weighting in functions])

    return loss


def at_one_size(logits: Any, labels: Any, *, upsample_logits: bool) -> tuple[Any, Any]:
    """Float32 logits and int32 labels of one size: that of the labels, or that of the logits. Those of whole images
    have none."""
    from archspec.lower import tf

    logits, labels = tf.cast(logits, tf.float32), tf.cast(labels, tf.int32)
    if len(logits.shape) == VECTORS:
        return logits, labels
    if upsample_logits:
        return at_size(logits, labels.shape[1:3]), labels
    return logits, _nearest(labels, logits.shape[1:3])


def at_size(logits: Any, size: Any) -> Any:
    """Logits of another size are resized as the papers' decoders do: bilinearly, corners aligned."""
    from archspec.lower import tf

    if tuple(logits.shape[1:3]) == tuple(size):
        return logits
    return tf.compat.v1.image.resize(logits, size, align_corners=True)


def _nearest(labels: Any, size: Any) -> Any:
    from archspec.lower import tf

    if tuple(labels.shape[1:3]) == tuple(size):
        return labels
    masks = len(labels.shape) == MASK_AXES
    images = labels if masks else labels[..., None]
    resized = tf.raw_ops.ResizeNearestNeighbor(images=images, size=size, align_corners=True)
    return resized if masks else resized[..., 0]
