"""Squeeze-and-excite, a gate on channels: (N, H, W, C) -> (N, H, W, C). arXiv:1709.01507; arXiv:1905.02244, §5.3."""

from typing import Annotated, Literal

from archspec.graph import Range, Tensor, layers

USUAL_SLOPE = 1 / 6  # of hard sigmoid: clip(slope · x + 1/2, 0, 1)


def squeeze_excite(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    gate: Literal["hard_sigmoid", "sigmoid"] = "hard_sigmoid",
    slope: Annotated[float, Range(gt=0)] = USUAL_SLOPE,
    name: str,
) -> Tensor:
    """The mean of the map, 1×1 to `filters` with ReLU, 1×1 back, and the gate; both with a bias and no batch norm.

    `slope` is that of hard sigmoid: 1/6 in the paper, 0.2 in networks written in Paddle.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/mean")(x)
    y = layers.Conv2D(filters, 1, name=f"{name}/squeeze")(y)
    y = layers.ReLU(name=f"{name}/relu")(y)
    y = layers.Conv2D(x.channels, 1, name=f"{name}/excite")(y)
    if gate == "hard_sigmoid" and slope != USUAL_SLOPE:
        y = layers.Rescaling(slope / USUAL_SLOPE, name=f"{name}/steeper")(y)
    y = layers.Activation(gate, name=f"{name}/{gate}")(y)
    return layers.Multiply(name=f"{name}/scale")([x, y])


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((14, 15, 8), {"filters": 4}),
    ((9, 9, 8), {"filters": 2, "gate": "sigmoid"}),
    ((9, 9, 8), {"filters": 2, "slope": 0.2}),
]
