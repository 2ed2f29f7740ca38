"""What the methods that follow gradients share."""

from __future__ import annotations

from typing import Any

from archspec.arrays import Array
from archspec.errors import user_error
from archspec.explain.methods import Question


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
