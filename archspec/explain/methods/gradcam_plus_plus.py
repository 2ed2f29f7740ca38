"""Grad-CAM++: as Grad-CAM, with each pixel's positive gradient weighted on its own. arXiv:1710.11063."""

from __future__ import annotations

from typing import Any

from archspec.arrays import Array
from archspec.explain.methods import Question, library
from archspec.explain.methods._gradients import activation_map

READS_LAYER = True


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0, divided by exp(score).

    The method takes the gradients of exp(score), and so multiplies the whole map with it, which overflows float32 at a
    score of 89 and underflows for bad ones. Of a score less its own value, exp is 1 and the gradient the same.
    """
    from archspec.lower import tf

    def scores(logits: Any) -> Any:
        found = question.scores(logits)
        return found - tf.stop_gradient(found)

    with library():
        from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

        return activation_map(GradcamPlusPlus, question, scores)
