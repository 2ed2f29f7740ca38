"""ShuffleNetV2 of torchvision, trained on ImageNet, as .pth: read without torch, and without running what is in it."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.weights._contents import Contents, Origin, Placing
from archspec.weights._shufflenet import PYTORCH_SETTINGS, Style, in_keras_order, place_backbone, width_setting
from archspec.weights._torch_file import read_state

STYLE = Style("conv1", "branch1", "branch2")
CONVENTIONS = (
    "converted: kernels (out, in, h, w) -> (h, w, in, out); batch norm's epsilon 1e-5 into gamma",
    "switched: backbone.padding=symmetric, backbone.layout=torchvision, backbone.bottleneck=half",
    "switched: input.preprocess=imagenet, whose zero is the zero that the first convolution pads with",
)


def read(file: str) -> dict[str, Array]:
    """The tensors by the file's own names, kernels (out, in, h, w). Raises `UserError`."""
    state = read_state(file)
    prefix = "module."  # of a model that was trained on several devices
    if state and all(name.startswith(prefix) for name in state):
        return {name.removeprefix(prefix): array for name, array in state.items()}
    return state


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The backbone; the classifier of ImageNet's classes is left out. Raises `UserError` for what does not fit."""
    settings = (width_setting(tensors, STYLE), *PYTORCH_SETTINGS, "input.preprocess=imagenet")
    origin = Origin("shufflenetv2_basic", settings, ("backbone",))
    return Contents(file, in_keras_order(tensors), origin, _place, output_stride)


def _place(placing: Placing) -> None:
    place_backbone(placing, STYLE)
    for name in placing.tensors:
        if name.endswith("num_batches_tracked"):
            placing.skip(name, "a counter, which inference does not read")
        elif name.startswith(("conv5.", "fc.")):
            placing.skip(name, "of the ImageNet classifier, which a segmentation network does not have")
