"""Squeeze-and-excite, a gate on channels: (N, H, W, C) -> (N, H, W, C). arXiv:1709.01507; arXiv:1905.02244, §5.3."""

from typing import Annotated, Literal

from archspec.graph import Range, Tensor, layers


def squeeze_excite(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    gate: Literal["hard_sigmoid", "sigmoid"] = "hard_sigmoid",
    name: str,
) -> Tensor:
    """The mean of the map, 1×1 to `filters` with ReLU, 1×1 back, and the gate; both with a bias and no batch norm."""
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/mean")(x)
    y = layers.Conv2D(filters, 1, name=f"{name}/squeeze")(y)
    y = layers.ReLU(name=f"{name}/relu")(y)
    y = layers.Conv2D(x.channels, 1, name=f"{name}/excite")(y)
    y = layers.Activation(gate, name=f"{name}/{gate}")(y)
    return layers.Multiply(name=f"{name}/scale")([x, y])


EXAMPLES = [((14, 15, 8), {"filters": 4}), ((9, 9, 8), {"filters": 2, "gate": "sigmoid"})]
