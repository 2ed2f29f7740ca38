"""BiSeNetV2's guided aggregation: (N, H, W, C), (N, h, w, c) -> (N, H, W, C). arXiv:2004.02147, §4."""

from collections.abc import Sequence

from archspec.blocks.units._pytorch import INITIALIZER, torch_conv_bn, torch_depthwise_bn
from archspec.errors import Problem
from archspec.graph import Tensor, layers


def guided_aggregation(x: Sequence[Tensor], *, align_corners: bool = False, name: str) -> Tensor:
    """`from: [detail, semantic]`: at each of the two resolutions one branch gates the other; the sum is convolved.

    The last convolution has ReLU, as in public code; the paper's figure shows none.
    """
    detail, semantic = x
    ratio = semantic.stride // detail.stride
    if ratio < 2 or detail.stride * ratio != semantic.stride:
        raise Problem(
            f"the detail branch is at stride {detail.stride}, the semantic one at {semantic.stride}",
            "Give the semantic branch a larger output_stride",
        )
    fine = _separable(detail, detail.channels, f"{name}/detail")
    gate = torch_conv_bn(semantic, filters=detail.channels, activation="none", name=f"{name}/semantic_up")
    gate = _resized(gate, detail, align_corners, f"{name}/semantic_up/resize")
    gate = layers.Activation("sigmoid", name=f"{name}/semantic_up/sigmoid")(gate)
    fine = layers.Multiply(name=f"{name}/fine")([fine, gate])

    coarse = torch_conv_bn(detail, filters=detail.channels, stride=2, activation="none", name=f"{name}/detail_down")
    coarse = layers.AveragePooling2D(3, strides=ratio // 2, padding="same", name=f"{name}/detail_down/pool")(coarse)
    gate = _separable(semantic, detail.channels, f"{name}/semantic")
    gate = layers.Activation("sigmoid", name=f"{name}/semantic/sigmoid")(gate)
    coarse = layers.Multiply(name=f"{name}/coarse")([coarse, gate])

    y = layers.Add(name=f"{name}/add")([fine, _resized(coarse, detail, align_corners, f"{name}/coarse/resize")])
    return torch_conv_bn(y, filters=detail.channels, name=f"{name}/last")


def _separable(x: Tensor, filters: int, name: str) -> Tensor:
    """Depthwise with batch norm, then 1×1 with neither batch norm nor bias."""
    x = torch_depthwise_bn(x, name=f"{name}/depthwise")
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=INITIALIZER, name=f"{name}/pointwise")(x)


def _resized(x: Tensor, like: Tensor, align_corners: bool, name: str) -> Tensor:
    return layers.Resize(like.size, stride=like.stride, align_corners=align_corners, name=name)(x)


EXAMPLES = [(((16, 19, 8), (4, 5, 8)), {}), (((10, 9, 8), (5, 5, 12)), {"align_corners": True})]
