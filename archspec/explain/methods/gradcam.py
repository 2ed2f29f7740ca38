"""Grad-CAM: channels weighted with the mean gradient, summed, positive part. arXiv:1610.02391."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.explain.methods import library
from archspec.explain.methods._gradients import activation_map

if TYPE_CHECKING:
    import numpy as np

    from archspec.explain.methods import Question


READS_LAYER = True


def attribute(question: Question) -> np.ndarray[Any, Any]:
    """Maps `(K, H, W)` from 0."""
    with library():
        from tf_keras_vis.gradcam import Gradcam

        return activation_map(Gradcam, question)
