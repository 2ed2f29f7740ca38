"""Saliency: how much each pixel of the image moves the score, the largest of its channels. arXiv:1312.6034."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.explain.methods import library
from archspec.explain.methods._gradients import image_gradient

if TYPE_CHECKING:
    import numpy as np

    from archspec.explain.methods import Question


READS_LAYER = False  # only the image


def attribute(question: Question) -> np.ndarray[Any, Any]:
    """Maps `(K, H, W)` from 0."""
    with library():
        return image_gradient(question)
