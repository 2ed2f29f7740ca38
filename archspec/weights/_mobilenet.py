"""MobileNetV2 and V3 backbones by the layer names of keras.applications, into our own."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.weights._contents import Placing

EPSILON = 1e-3
WIDTHS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # those with published weights
LAST_FILTERS = 320
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
V2_STATISTICS_NPZ = ("gamma", "beta", "mean", "var")
Names = tuple[str, str, str, str]
CLASSIFIER = "of the ImageNet classifier, which a segmentation network does not have"


def v2_width_setting(tensors: dict[str, Array]) -> str:
    """`width_multiplier=0.5`, read off the width of the last block."""
    kernel = tensors.get("block_16_project/kernel")
    filters = LAST_FILTERS if kernel is None else int(kernel.shape[-1])
    fitting = [width for width in WIDTHS if abs(LAST_FILTERS * width - filters) < 1]
    return f"width_multiplier={fitting[0] if fitting else filters / LAST_FILTERS}"


def place_v2(placing: Placing, statistics: Names = STATISTICS) -> None:
    """Put the backbone of MobileNetV2; the 1280-channel convolution behind it is left out."""
    _put_conv(placing, "backbone.stem", "Conv1", "bn_Conv1", statistics)
    for number, unit in enumerate(units(placing)):
        theirs = f"block_{number}" if number else "expanded_conv"
        for part in ("expand", "depthwise", "project"):
            if number or part != "expand":
                _put_conv(placing, f"{unit}.{part}", f"{theirs}_{part}", f"{theirs}_{part}_BN", statistics)
    _skip_classifier(placing, ("Conv_1", "predictions"))


def place_v3(placing: Placing) -> None:
    """Put the backbone of MobileNetV3, small or large, with its last convolution."""
    _put_conv(placing, "backbone.stem", "conv", "conv_bn", STATISTICS)
    for number, unit in enumerate(units(placing)):
        theirs = f"expanded_conv_{number}" if number else "expanded_conv"
        for part in ("expand", "depthwise", "project"):
            if placing.graph.has(f"{unit}.{part}.bn"):
                _put_conv(placing, f"{unit}.{part}", f"{theirs}_{part}", f"{theirs}_{part}_bn", STATISTICS)
        if placing.graph.has(f"{unit}.squeeze_excite.squeeze"):
            for ours, layer in (("squeeze", "squeeze_excite_conv"), ("excite", "squeeze_excite_conv_1")):
                for array in ("kernel", "bias"):
                    placing.put(f"{unit}.squeeze_excite.{ours}/{array}", f"{theirs}_{layer}/{array}")
    _put_conv(placing, "backbone.last", "conv_1", "conv_1_bn", STATISTICS)
    _skip_classifier(placing, ("conv_2", "logits"))


def units(placing: Placing) -> list[str]:
    """The names of the inverted residuals, in order."""
    found = [node.name for node in placing.graph.nodes if node.name.startswith("backbone.")]
    return [name.removesuffix(".depthwise.dw") for name in found if name.endswith(".depthwise.dw")]


def _put_conv(placing: Placing, ours: str, layer: str, batch_norm: str, statistics: Names) -> None:
    convolution = "dw" if placing.graph.has(f"{ours}.dw") else "conv"
    placing.put(f"{ours}.{convolution}/kernel", f"{layer}/kernel")
    gamma, beta, mean, variance = (f"{batch_norm}/{name}" for name in statistics)
    placing.put_batch_norm(f"{ours}.bn", (gamma, beta, mean, variance), EPSILON)


def _skip_classifier(placing: Placing, layers: tuple[str, ...]) -> None:
    for name in placing.tensors:
        if name.split("/")[0] in (*layers, *(f"{layer}_bn" for layer in layers)):
            placing.skip(name, CLASSIFIER)
