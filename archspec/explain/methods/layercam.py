"""Layer-CAM: each activation weighted with its own positive gradient; also for early layers. IEEE TIP 2021, 9462463."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.arrays import Array
from archspec.explain.library import library
from archspec.explain.methods._gradients import activation_map

if TYPE_CHECKING:
    from archspec.explain.question import Question

READS_LAYER = True


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0."""
    with library():
        from tf_keras_vis.layercam import Layercam

        return activation_map(Layercam, question)
