"""Layer-CAM: each activation weighted with its own positive gradient; also for early layers. IEEE TIP 2021, 9462463."""

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
        from tf_keras_vis.layercam import Layercam

        return activation_map(Layercam, question)
