"""SmoothGrad: the mean saliency of copies with noise, a fifth of the image's range. arXiv:1706.03825."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

from archspec.arrays import Array
from archspec.explain.methods import Question, library
from archspec.explain.methods._gradients import image_gradient

READS_LAYER = False  # only the image


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0. One score after the other: each sees the same noise, and memory is that of one."""
    import numpy as np

    question = replace(question, model=_traced(question.model))
    maps = []
    for index in range(len(question.classes)):
        with library(), _seeded(question.seed):
            maps.append(image_gradient(question.alone(index), question.samples)[0])
    return np.stack(maps)


class TracedModel:
    """What SmoothGrad takes for a model, and all that it reads of one: the model as one graph, made at the first call.

    Making it costs as much as twenty calls layer by layer; then a call takes half the time.
    """

    def __init__(self, model: Any) -> None:
        from archspec.lower import tf

        self.input, self.output = model.input, model.output
        self.inputs, self.outputs = model.inputs, model.outputs
        self._run = tf.function(lambda images: model(images, training=False), reduce_retracing=True)

    def __call__(self, images: list[Any], training: bool) -> Any:
        """Images `[(N, H, W, C)]` -> logits."""
        return self._run(images[0])


@lru_cache(maxsize=1)
def _traced(model: Any) -> TracedModel:
    """One graph for all pictures."""
    return TracedModel(model)


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
