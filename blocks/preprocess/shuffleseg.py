"""0..255 RGB to blue, green, red, mean off, by 255: (N, H, W, 3) -> (N, H, W, 3). ShuffleSeg's published code."""

from archspec.errors import Problem
from archspec.graph import Tensor, layers

# Cityscapes' means of red, green and blue, in this order, but the published code takes them off blue, green and red.
MEANS_OF_BGR = (73.29132098, 83.04442645, 72.5238962)


def shuffleseg(x: Tensor, *, name: str) -> Tensor:
    """`(bgr - mean) / 255`. Turned round last, so that the next convolution's kernel can be turned round instead."""
    if x.channels != len(MEANS_OF_BGR):
        fact = f"the means of shuffleseg are of 3 channels (RGB), and the image has {x.channels}"
        raise Problem(fact, "Write preprocess: unit or symmetric")
    offset = [-mean / 255 for mean in reversed(MEANS_OF_BGR)]
    x = layers.Rescaling(1 / 255, offset, name=f"{name}/scale")(x)
    return layers.ChannelReverse(name=f"{name}/bgr")(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 33, 3), {})]
