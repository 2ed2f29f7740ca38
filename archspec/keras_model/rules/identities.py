"""What does nothing at inference: dropout, noise, augmentation; dropout alone is kept for training."""

from __future__ import annotations

from typing import Any

from archspec.graph import Tensor, layers
from archspec.keras_model.call import Call


def same(call: Call) -> Tensor:
    """Its input."""
    return call.x


def dropout(call: Call) -> Tensor:
    """`Dropout`; with the shape of its noise, it is the stochastic depth of EfficientNet."""
    rate, noise = float(call.get("rate", 0.0)), call.get("noise_shape")
    if rate == 0:
        return call.x
    given: dict[str, Any] = {} if noise is None else {"noise_shape": tuple(noise)}
    return call.add(layers.Dropout, rate=rate, **given)


def spatial_dropout(call: Call) -> Tensor:
    """`SpatialDropout2D`."""
    call.need_channels_last()
    return call.add(layers.SpatialDropout2D, rate=float(call.get("rate", 0.0)))


_SAME = (
    "ActivityRegularization", "AlphaDropout", "AugMix", "CutMix", "GaussianDropout", "GaussianNoise", "Identity",
    "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
    "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue",
    "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation",
    "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Solarization", "StochasticDepth",
)  # fmt: skip
LAYERS = {**dict.fromkeys(_SAME, same), "Dropout": dropout, "SpatialDropout2D": spatial_dropout}
OPERATIONS = {"Copy": same, "StopGradient": same}
