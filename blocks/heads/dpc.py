"""Dense prediction cell: (N, H, W, C) -> (N, H, W, filters). arXiv:1809.04184; arXiv:1902.07476, Figure 4."""

from collections.abc import Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.separable_conv_bn import separable_conv_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

MOMENTUM, EPSILON = 0.9997, 1e-5
RATE_STRIDE = 16  # the output stride that the published rates are meant for


class Branch(TypedDict):
    """One branch, in DeepLab's JSON encoding. `input` is -1 (the features) or the number of an earlier branch."""

    op: Literal["conv", "pyramid_pooling"]
    input: Annotated[int, Range(ge=-1)]
    kernel: NotRequired[Literal[1, 3]]
    rate: NotRequired[tuple[Annotated[int, Range(ge=1)], Annotated[int, Range(ge=1)]]]
    grid_size: NotRequired[tuple[Annotated[int, Range(ge=1)], Annotated[int, Range(ge=1)]]]


BEST_CELL: tuple[Branch, ...] = (
    {"op": "conv", "kernel": 3, "rate": (1, 6), "input": -1},
    {"op": "conv", "kernel": 3, "rate": (18, 15), "input": 0},
    {"op": "conv", "kernel": 3, "rate": (6, 3), "input": 1},
    {"op": "conv", "kernel": 3, "rate": (1, 1), "input": 0},
    {"op": "conv", "kernel": 3, "rate": (6, 21), "input": 0},
)


def dpc(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 256,
    branches: Sequence[Branch] = BEST_CELL,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.1,
    variant: str = "paper",
    name: str,
) -> Tensor:
    """Each branch reads the features or an earlier branch; all are concatenated in order, dropped out, projected.

    Rates are meant for output stride 16: they double at 8. At 32 the published code refuses (it would
    multiply by 16 // 32 = 0), and so does `variant: reference`; `variant: paper` halves them, not below 1.
    """
    if not branches:
        raise Problem("a dense prediction cell needs at least one branch")
    found: list[Tensor] = []
    for index, branch in enumerate(branches):
        if branch["input"] >= index:
            raise Problem(
                f"branches[{index}].input must be -1 or an earlier branch ({branch['input']})", "Branches count from 0"
            )
        source = x if branch["input"] < 0 else found[branch["input"]]
        found.append(_branch(source, branch, filters, x, variant, f"branches[{index}]", f"{name}/branch{index}"))
    y = found[0] if len(found) == 1 else layers.Concatenate(name=f"{name}/concat")(found)
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}/dropout")(y)
    return conv_bn(y, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/concat_projection")


def _branch(
    source: Tensor, branch: Branch, filters: int, features: Tensor, variant: str, where: str, name: str
) -> Tensor:
    if branch["op"] == "pyramid_pooling":
        return _pyramid_pooling(source, branch, filters, features, where, name)
    if "grid_size" in branch:
        raise Problem(f"{where}: grid_size belongs to op pyramid_pooling, not conv", "Remove grid_size")
    rate = branch.get("rate", (1, 1))
    if branch.get("kernel", 3) == 1:
        if tuple(rate) != (1, 1):
            raise Problem(f"{where}: a 1×1 convolution has no rate ({list(rate)})", "Use kernel 3, or leave rate out")
        return conv_bn(source, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=name)
    dilation_rate = _scaled(rate[0], features.stride, variant), _scaled(rate[1], features.stride, variant)
    return separable_conv_bn(source, filters=filters, dilation_rate=dilation_rate, name=name)


def _scaled(rate: int, stride: int, variant: str) -> int:
    if stride <= RATE_STRIDE:
        return rate * (RATE_STRIDE // stride)
    if variant == "reference":
        raise Problem(
            f"the published code has no dense prediction cell at output stride {stride}",
            "Use output_stride 8 or 16, or variant paper, which halves the rates",
        )
    return max(1, (rate * RATE_STRIDE + stride // 2) // stride)


def _pyramid_pooling(source: Tensor, branch: Branch, filters: int, features: Tensor, where: str, name: str) -> Tensor:
    """Mean over a grid cell's size at stride 1, 1×1 convolution, back to the features' size (published code)."""
    if "grid_size" not in branch:
        raise Problem(f"{where}: op pyramid_pooling needs grid_size", "Give grid_size: [h, w], each 1, 2, 4 or 8")
    if "kernel" in branch or "rate" in branch:
        raise Problem(f"{where}: op pyramid_pooling has no kernel and no rate", "Remove them")
    window = tuple(-(-size // cells) for size, cells in zip(features.size, branch["grid_size"], strict=True))
    y = layers.AveragePooling2D(window, strides=1, padding="valid", name=f"{name}/pool")(source)
    y = conv_bn(y, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=name)
    return layers.Resize(features.size, stride=features.stride, name=f"{name}/resize")(y)


EXAMPLES = [
    ((14, 14, 8), {"filters": 12}),
    (
        (14, 15, 8),
        {
            "filters": 12,
            "branches": [
                {"op": "pyramid_pooling", "grid_size": (2, 4), "input": -1},
                {"op": "conv", "kernel": 1, "input": 0},
                {"op": "conv", "kernel": 3, "rate": (6, 21), "input": -1},
            ],
        },
    ),
]
