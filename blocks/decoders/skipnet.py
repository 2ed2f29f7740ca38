"""SkipNet (FCN-8s), features to full-size logits: (N, h, w, C) -> (N, H, W, classes). arXiv:1411.4038."""

from collections.abc import Mapping, Sequence

from archspec.blocks.decoders._deconv import deconv_to, finer_tap
from archspec.blocks.decoders._taps import check_usual_skips
from archspec.blocks.decoders.scores import scores
from archspec.graph import Tensor, layers

READS = "features"
SKIPS = ("stage3", "stage2")  # of the published encoder


def skipnet(
    x: Tensor,
    *,
    skips: Sequence[str] = SKIPS,
    classes: int = 19,
    input_size: tuple[int, int],
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """The features' scores, upsampled and added to the scores of each of `skips` in turn; then to full size.

    Everything is linear. It makes the logits itself: say `classifier: none`.
    """
    check_usual_skips(skips, SKIPS, taps, x)
    y = scores(x, classes=classes, name=f"{name}/score_fr")
    for number, skip in enumerate(skips, 1):
        upscore = f"upscore{2**number}"
        feed = finer_tap(taps, skip, y, upscore)
        y = deconv_to(y, feed.size, feed.stride, filters=classes, input_size=input_size, name=f"{name}/{upscore}")
        feed = scores(feed, batch_norm=True, classes=classes, name=f"{name}/score_feed{number}")
        y = layers.Add(name=f"{name}/fuse_feed{number}")([feed, y])
    last = f"{name}/upscore{2 ** (len(skips) + 1)}"
    if y.stride == 1:
        return y
    return deconv_to(y, input_size, 1, filters=classes, input_size=input_size, batch_norm=False, name=last)


EXAMPLES = [
    (
        {"x": (4, 5, 12, 32), "stage3": (7, 10, 10, 16), "stage2": (14, 19, 6, 8)},
        {"classes": 5, "input_size": (109, 152)},
    ),
    ({"x": (4, 5, 8, 16), "early": (16, 20, 6, 4)}, {"classes": 3, "input_size": (64, 78), "skips": ["early"]}),
]
