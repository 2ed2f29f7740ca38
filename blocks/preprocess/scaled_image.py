"""The image at a share of its size, bilinearly: (N, H, W, C) -> (N, scale · H, scale · W, C)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers


def scaled_image(x: Tensor, *, scale: Annotated[float, Range(gt=0, le=1)] = 0.5, name: str) -> Tensor:
    """What `input.scale` adds to the preprocessing. Sizes are rounded. Pixels' centres are kept, so 0.5 is the mean of
    2 × 2 pixels.

    Strides are counted from the scaled image: what is behind sees an image of that size.
    """
    size = [max(1, round(side * scale)) for side in x.size]
    return layers.Resize(size, stride=1, align_corners=False, name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((16, 20, 3), {}), ((15, 21, 3), {"scale": 0.7})]
