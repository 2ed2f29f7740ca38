"""The door to tf-keras-vis: its warnings silenced, a clear error where it is missing, and what several methods ask."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from archspec.errors import UserError, user_error

if TYPE_CHECKING:
    import numpy as np

    from archspec.explain.explanation import Question

    Array = np.ndarray[Any, Any]


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


def activation_map(visualization: Any, question: Question, scores: Any = None) -> Array:
    """A class of tf-keras-vis that makes class activation maps, asked for plain numbers: `(K, H, W)`.

    It resizes the layer's map to the image, corners on corners. A layer that a score does not depend on gives zeros.
    """
    import numpy as np

    found = visualization(question.model, clone=False)(
        scores or question.scores,
        question.images,
        penultimate_layer=question.layer,
        seek_penultimate_conv_layer=False,  # the layer that was asked for, not the nearest convolution before it
        normalize_cam=False,
        unconnected_gradients="zero",
    )
    return np.asarray(found, np.float32)


def image_gradient(question: Question, samples: int = 0) -> Array:
    """The largest magnitude over channels of the score's gradient, `(K, H, W)`; of `samples` noisy copies the mean.

    Raises `UserError` for a model that reads integers, which have no gradient.
    """
    import numpy as np
    from tf_keras_vis.saliency import Saliency

    dtype = str(question.model.input.dtype)
    if not dtype.startswith("float"):
        fact = f"the model reads {dtype} images, through which no gradient goes"
        raise user_error(fact, "Use a method of activation maps, such as gradcam++, or a model that reads float32")
    found = Saliency(question.model, clone=False)(
        question.scores, question.images, smooth_samples=samples, normalize_map=False, unconnected_gradients="zero"
    )
    return np.asarray(found, np.float32)
