"""Ways to attribute a score to pixels: one file each, found by its stem, with `attribute(question)`.

It gives the maps `(K, H, W)`, float32, from 0, one a score, of the image's size; their scale is their own.
`READS_LAYER` says whether they are made of a layer's map, or of the image alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any, cast

from archspec.arrays import Array
from archspec.catalog import load, members
from archspec.errors import Place, UserError, nearest, user_error

PLUS_PLUS = ("++", "_plus_plus")  # on the command line, in a file's name


@dataclass(frozen=True)
class Question:
    """Which parts of one image speak for each of K scores.

    `model` is a flat `keras.Model` from `(N, H, W, C)` to logits `(N, h, w, classes)`; `image` `(1, H, W, C)`. Score k
    is the sum of the logits of class `classes[k]` times `weights[k]` `(h, w)`, which sum to 1: a mean over some pixels.
    `layer` is what class activation maps are made of. `samples` and `seed` are SmoothGrad's, `channels` Score-CAM's.
    """

    model: Any
    image: Array
    layer: str
    classes: tuple[int, ...]
    weights: Array
    samples: int = 20
    channels: int | None = None
    seed: int = 0

    def alone(self, index: int) -> Question:
        """Only the score of that index."""
        return replace(self, classes=(self.classes[index],), weights=self.weights[index : index + 1])

    @cached_property
    def images(self) -> Array:
        """The image once a score: `(K, H, W, C)`."""
        import numpy as np

        return np.repeat(self.image, len(self.classes), axis=0)

    @cached_property
    def _logit_weights(self) -> Array:
        """`(K, h, w, classes)`."""
        import numpy as np

        found = np.zeros((*self.weights.shape, self.model.output.shape[-1]), np.float32)
        for index, number in enumerate(self.classes):
            found[index, ..., number] = self.weights[index]
        return found

    def scores(self, logits: Any) -> Any:
        """Logits `(K, h, w, classes)`, one image a score, to the scores `(K,)`: tensors with a gradient."""
        from archspec.lower import tf

        return tf.reduce_sum(logits * self._logit_weights, axis=(1, 2, 3))


def methods() -> tuple[str, ...]:
    """The names of all methods as they are written on the command line: the files of this folder, none imported."""
    return tuple(sorted(name.replace(*PLUS_PLUS[::-1]) for name in members("methods")))


def method_name(asked: str) -> str:
    """The name as `methods` has it; case, `-` and `_` do not matter (`Grad-CAM++`). Raises `UserError`."""
    plain = asked.lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain not in methods():
        raise user_error(f"unknown method '{asked}'", nearest(plain, methods()), place=Place("--method"))
    return plain


def attribute(name: str, question: Question) -> Array:
    """The maps `(K, H, W)` of the method of that name. Raises `UserError` where it cannot be."""
    return cast("Callable[[Question], Array]", _module(name).attribute)(question)


def reads_layer(name: str) -> bool:
    """Whether the method's maps are made of a layer's."""
    return bool(_module(name).READS_LAYER)


def _module(name: str) -> Any:
    return load("methods", name.replace(*PLUS_PLUS))


@contextmanager
def library() -> Iterator[None]:
    """Import and call tf-keras-vis inside. Raises `UserError` where it, or the SciPy it needs, is missing.

    It warns of a module that SciPy 2 removes, and that it gives a model of one input a list of one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise _missing(str(error)) from error


def _missing(why: str) -> UserError:
    return user_error(
        f"explanations need tf-keras-vis, which cannot be imported ({why})",
        "Install it: pip install 'tf-keras-vis>=0.8.7,<0.9' 'scipy<2'",
    )


def need_library() -> None:
    """Raises `UserError` where tf-keras-vis is missing: before anything that takes long."""
    if find_spec("tf_keras_vis") is None:
        raise _missing("No module named 'tf_keras_vis'")
    from archspec import lower  # noqa: F401  (Keras chooses its backend, and TensorFlow is silenced, before it comes in)

    with library():
        import tf_keras_vis.gradcam  # noqa: F401
