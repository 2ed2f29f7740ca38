"""ImageNet mean and deviation a channel, RGB: (N, H, W, 3) -> (N, H, W, 3)."""

from archspec.errors import Problem
from archspec.graph import Tensor, layers

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def imagenet(x: Tensor, *, name: str) -> Tensor:
    """`(x / 255 - mean) / deviation`, torchvision's convention."""
    if x.channels != len(MEAN):
        fact = f"the means of imagenet are of 3 channels (RGB), and the image has {x.channels}"
        raise Problem(fact, "Write preprocess: unit or symmetric")
    scale = [1 / (255 * deviation) for deviation in DEVIATION]
    offset = [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)]
    return layers.Rescaling(scale, offset, name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 33, 3), {})]
