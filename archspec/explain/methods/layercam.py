"""Layer-CAM: each activation weighted with its own positive gradient; also for early layers. IEEE TIP 2021, 9462463."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.explain.methods import Question, library
from archspec.explain.methods._gradients import activation_map

READS_LAYER = True


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0."""
    with library():
        from tf_keras_vis.layercam import Layercam

        return activation_map(Layercam, question)
