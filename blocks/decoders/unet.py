"""U-Net, features to full-size logits: (N, h, w, C) -> (N, H, W, classes). arXiv:1803.02758."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from archspec.blocks.decoders._deconv import deconv_to, finer_tap, tap
from archspec.blocks.decoders._taps import check_usual_skips
from archspec.blocks.decoders.scores import scores
from archspec.blocks.units._biased import biased_conv_bn
from archspec.graph import Range, Tensor, layers

READS = "features"
SKIPS = ("stage3", "stage2", "max_pool_padded", "conv1_padded")  # of the published encoder


def unet(
    x: Tensor,
    *,
    skips: Sequence[str] = SKIPS,
    filters: Annotated[int, Range(ge=1)] | None = None,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.5,
    score_encoder: bool = False,
    classes: int = 19,
    input_size: tuple[int, int],
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """For each of `skips`: 1×1 to its width, upsampling to its size, its sum with it, 1×1. Then to full size, 1×1
    into `filters` (the last skip's width), dropout, and the logits.

    Everything is linear, and features are added, not concatenated. Say `classifier: none`. `score_encoder` also makes
    the scores at the backbone's end that the published code makes and never reads: their weights are in its
    checkpoints, and a runtime does not compute them.
    """
    check_usual_skips(skips, SKIPS, taps, x)
    y = x
    for number, skip in enumerate(skips, 1):
        low = finer_tap(taps, skip, y, f"upscale{number}")
        y = _linear(y, low.channels, f"{name}/expand{number}_1")
        y = deconv_to(
            y, low.size, low.stride, filters=low.channels, input_size=input_size, name=f"{name}/upscale{number}"
        )
        y = layers.Add(name=f"{name}/add{number}")([y, low])
        y = _linear(y, low.channels, f"{name}/expand{number}_2")
    number = len(skips) + 1
    if y.stride != 1:
        y = deconv_to(y, input_size, 1, filters=y.channels, input_size=input_size, name=f"{name}/upscale{number}")
    y = _linear(y, filters or y.channels, f"{name}/expand{number}")
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}/expand{number}/dropout")(y)
    y = scores(y, classes=classes, name=f"{name}/fscore")
    if score_encoder:
        unread = scores(tap(taps, "backbone"), classes=classes, name=f"{name}/score_fr")
        y = layers.Unread(name=f"{name}/unread")([y, unread])
    return y


def _linear(x: Tensor, filters: int, name: str) -> Tensor:
    return biased_conv_bn(x, filters=filters, kernel=1, activation="none", name=name)


EXAMPLES = [
    (
        {"x": (4, 5, 12, 16), "in8": (7, 10, 10, 8), "in2": (28, 39, 4, 2)},
        {"classes": 3, "input_size": (56, 77), "skips": ["in8", "in2"], "filters": 6},
    ),
    (
        {"x": (4, 5, 8, 4), "in1": (16, 18, 4, 1), "backbone": (2, 3, 6, 8)},
        {"classes": 3, "input_size": (16, 18), "skips": ["in1"], "score_encoder": True},
    ),
    (
        {"x": (4, 5, 8, 4), "in1": (16, 18, 4, 1)},
        {"classes": 3, "input_size": (16, 18), "skips": ["in1"], "dropout": 0.0},
    ),
]
