"""Score-CAM: channels weighted with the score of the image seen through each; no gradients. arXiv:1910.01279."""

from __future__ import annotations

from typing import Any

from archspec.arrays import Array
from archspec.errors import user_error
from archspec.explain.methods import Question, library

READS_LAYER = True
BATCH = 8
MOST_BYTES = 8 * 2**30
COPIES = 4  # of the masked images, while tf-keras-vis makes them


def attribute(question: Question) -> Array:
    """Maps `(K, H, W)` from 0. A channel's weight is the softmax probability of the class, logits averaged as the
    score says, of the image times that channel's map stretched to 0..1.

    Raises `UserError` when the masked images would not fit into 8 GiB.
    """
    import numpy as np

    _check_memory(question)
    pooled = PooledLogits(question)
    maps = []
    with library():
        from tf_keras_vis.scorecam import Scorecam

        for index in range(len(question.classes)):
            pooled.index = index
            found = Scorecam(pooled)(
                pooled.score,
                question.image,
                penultimate_layer=question.layer,
                seek_penultimate_conv_layer=False,
                batch_size=BATCH,
                max_N=question.channels,
                normalize_cam=False,
            )
            maps.append(np.asarray(found, np.float32)[0])
    return np.stack(maps)


class PooledLogits:
    """What Score-CAM takes for a model that gives one vector of logits an image; it reads no more of one than this.

    The masked images are the same for every class of an image: they go through the network once, and the logits are
    averaged over the pixels of each score at once.
    """

    def __init__(self, question: Question) -> None:
        self.index = 0
        self.layers = question.model.layers
        self.inputs = question.model.inputs
        self.outputs = question.model.outputs
        self._question = question
        self._pooled: Array | None = None

    def score(self, probabilities: Any) -> Any:
        """The class of the score that is asked about: `(N, classes)` -> `(N,)`."""
        return probabilities[:, self._question.classes[self.index]]

    def predict(self, images: list[Array], batch_size: int) -> Array:
        """Images `[(N, H, W, C)]` -> mean logits over the pixels of the score: `(N, classes)`."""
        import numpy as np

        if self._pooled is None:
            (whole,) = images
            parts = [whole[start : start + batch_size] for start in range(0, len(whole), batch_size)]
            self._pooled = np.concatenate([self._pool(part) for part in parts])
        return self._pooled[:, self.index]

    def _pool(self, images: Array) -> Array:
        """Each image's logits averaged over the pixels of each score: `(N, K, classes)`."""
        import numpy as np

        logits = self._question.model(images.astype(np.float32), training=False).numpy()
        weights = self._question.weights.reshape(len(self._question.classes), -1)
        pooled: Array = weights @ logits.reshape(len(logits), -1, logits.shape[-1])
        return pooled


def _check_memory(question: Question) -> None:
    every = question.model.get_layer(question.layer).output.shape[-1]
    channels = question.channels or every
    if channels > every:
        fact = f"layer '{question.layer}' has {every} channels, fewer than {channels}"
        raise user_error(fact, "Give a smaller --channels, or none for all")
    needed = COPIES * channels * question.image.nbytes
    if needed > MOST_BYTES:
        fact = f"Score-CAM with {channels} channels at this size needs about {needed / 2**30:.0f} GiB"
        fitting = MOST_BYTES // (COPIES * question.image.nbytes)
        raise user_error(fact, f"Give --channels {fitting} or fewer: those that vary most, which is Faster Score-CAM")
