"""Grad-CAM: channels weighted with the mean gradient, summed, positive part. arXiv:1610.02391."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.explain.methods import Question, library
from archspec.explain.methods._gradients import activation_map

READS_LAYER = True


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0."""
    with library():
        from tf_keras_vis.gradcam import Gradcam

        return activation_map(Gradcam, question)
