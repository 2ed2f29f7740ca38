"""SmoothGrad: the mean saliency of copies with noise, a fifth of the image's range. arXiv:1706.03825."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archspec.explain.library import library
from archspec.explain.methods._gradients import image_gradient

if TYPE_CHECKING:
    import numpy as np

    from archspec.explain.question import Question


READS_LAYER = False  # only the image


def attribute(question: Question) -> np.ndarray[Any, Any]:
    """Maps `(K, H, W)` from 0; the same for the same seed and scores."""
    with library(), _seeded(question.seed):
        return image_gradient(question, question.samples)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """tf-keras-vis draws its noise from NumPy's global generator, which is afterwards as it was."""
    import numpy as np

    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
