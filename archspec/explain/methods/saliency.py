"""Saliency: how much each pixel of the image moves the score, the largest of its channels. arXiv:1312.6034."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.explain.methods import Question, library
from archspec.explain.methods._gradients import image_gradient

READS_LAYER = False  # only the image


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0."""
    with library():
        return image_gradient(question)
