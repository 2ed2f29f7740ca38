"""BiSeNetV2's context embedding: (N, H, W, C) -> (N, H, W, C). arXiv:2004.02147, §4."""

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.blocks.units.batch_norm import batch_norm
from archspec.graph import Tensor, layers


def context_embedding(x: Tensor, *, name: str) -> Tensor:
    """The mean of the map, normalised and convolved, added at every position, and a 3×3 convolution.

    The last has batch norm and ReLU, as in public code; the paper's figure shows neither.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/mean")(x)
    y = batch_norm(y, activation="none", name=f"{name}/mean")
    y = torch_conv_bn(y, filters=x.channels, kernel=1, name=f"{name}/context")
    y = layers.Resize(x.size, stride=x.stride, name=f"{name}/spread")(y)
    y = layers.Add(name=f"{name}/add")([y, x])
    return torch_conv_bn(y, filters=x.channels, name=f"{name}/last")


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((9, 10, 8), {})]
