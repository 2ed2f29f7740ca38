"""PP-MobileSeg's aggregated attention: three maps, fine to coarse -> (N, H, W, filters). arXiv:2304.05152, §3.2."""

from collections.abc import Sequence
from typing import Literal

from archspec.blocks.units._attention import Count
from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Tensor, layers


def aggregated_attention(
    x: Sequence[Tensor], *, filters: Count = 256, gate: Literal["relu6", "sigmoid"] = "relu6", name: str
) -> Tensor:
    """`from: [fine, middle, coarse]`; the result has the size of `middle`. A 1×1 convolution of each map, with batch
    norm, is its value, another one its gate: the product of the three gates, times the sum of fine and middle values,
    plus the coarse value. `fine` is resized before its convolutions, `coarse` behind them; bilinearly.

    Gates are ReLU6, as the published configuration has them; the paper's figure has a sigmoid.
    """
    fine, middle, coarse = x
    sources = {"fine": _resized(fine, middle, f"{name}/fine/resize"), "middle": middle, "coarse": coarse}
    values, gates = {}, []
    for part, source in sources.items():
        value = torch_conv_bn(source, filters=filters, kernel=1, activation="none", name=f"{name}/{part}/value")
        one = torch_conv_bn(source, filters=filters, kernel=1, activation="none", name=f"{name}/{part}/gate")
        one = (
            layers.ReLU(max_value=6.0, name=f"{name}/{part}/relu6")
            if gate == "relu6"
            else layers.Activation("sigmoid", name=f"{name}/{part}/sigmoid")
        )(one)
        values[part] = _resized(value, middle, f"{name}/{part}/value/resize")
        gates.append(_resized(one, middle, f"{name}/{part}/gate/resize"))
    details = layers.Add(name=f"{name}/details")([values["fine"], values["middle"]])
    y = layers.Multiply(name=f"{name}/low_gates")(gates[:2])
    y = layers.Multiply(name=f"{name}/gates")([y, gates[2]])
    y = layers.Multiply(name=f"{name}/gated")([y, details])
    return layers.Add(name=f"{name}/add")([y, values["coarse"]])


def _resized(x: Tensor, like: Tensor, name: str) -> Tensor:
    if x.size == like.size:
        return x
    return layers.Resize(like.size, stride=like.stride, align_corners=False, name=name)(x)


EXAMPLES: list[tuple[tuple[tuple[int, ...], ...], dict[str, object]]] = [
    (((16, 24, 4), (8, 12, 6), (4, 6, 8)), {"filters": 5}),
    (((15, 13, 4), (8, 7, 6), (4, 4, 8)), {"filters": 6, "gate": "sigmoid"}),
]
