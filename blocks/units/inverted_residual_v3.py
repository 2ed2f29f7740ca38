"""MobileNetV3's inverted residual: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1905.02244, Figure 4."""

from typing import Annotated

from archspec.blocks.units._pytorch import Conventions, conventions_of
from archspec.blocks.units.conv_bn import Activation, conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.blocks.units.squeeze_excite import USUAL_SLOPE, squeeze_excite
from archspec.graph import Range, Tensor, layers
from archspec.spec import make_divisible

SQUEEZE = 4  # how many expanded channels come to one squeezed
INITIALIZER = "glorot_uniform"


def inverted_residual_v3(
    x: Tensor,
    *,
    expanded: Annotated[int, Range(ge=1)],
    filters: Annotated[int, Range(ge=1)],
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Activation = "relu",
    squeeze: bool = False,
    always_expand: bool = False,
    squeeze_divisor: Annotated[int, Range(ge=1)] = 8,
    gate_slope: Annotated[float, Range(gt=0)] = USUAL_SLOPE,
    conventions: Conventions = "tensorflow",
    name: str,
) -> Tensor:
    """1×1 to `expanded` channels (left out where x has them, unless `always_expand`), depthwise, squeeze-and-excite to
    a quarter (rounded to multiples of `squeeze_divisor`), linear 1×1 projection; added to its input where the shapes
    allow. `gate_slope` is that of squeeze-and-excite's hard sigmoid.
    """
    usual = conventions_of(conventions, INITIALIZER)
    y = x
    if always_expand or expanded != x.channels:
        y = conv_bn(y, filters=expanded, kernel=1, activation=activation, **usual, name=f"{name}/expand")
    y = depthwise_bn(
        y,
        kernel=kernel,
        stride=stride,
        dilation_rate=dilation_rate,
        activation=activation,
        **usual,
        name=f"{name}/depthwise",
    )
    if squeeze:
        squeezed = make_divisible(expanded / SQUEEZE, squeeze_divisor)
        y = squeeze_excite(y, filters=squeezed, slope=gate_slope, name=f"{name}/squeeze_excite")
    y = conv_bn(y, filters=filters, kernel=1, activation="none", **usual, name=f"{name}/project")
    if stride == 1 and filters == x.channels:
        y = layers.Add(name=f"{name}/add")([x, y])
    return y


EXAMPLES = [
    ((14, 14, 8), {"expanded": 24, "filters": 8, "activation": "hard_swish", "squeeze": True}),
    ((15, 14, 8), {"expanded": 8, "filters": 16, "kernel": 5, "stride": 2}),
    ((14, 15, 8), {"expanded": 16, "filters": 8, "kernel": 5, "dilation_rate": 2}),
    (
        (14, 15, 8),
        {
            "expanded": 8,
            "filters": 16,
            "stride": 2,
            "squeeze": True,
            "always_expand": True,
            "squeeze_divisor": 1,
            "gate_slope": 0.2,
            "conventions": "pytorch",
        },
    ),
]
