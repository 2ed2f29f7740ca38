"""ShuffleNetV2 of the detector NanoDet, trained on COCO, as .npz: torchvision's names, leaky ReLU 0.1, BGR."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.weights._contents import Contents, Origin
from archspec.weights._files import npz_shapes, read_npz
from archspec.weights._shufflenet import PYTORCH_SETTINGS, Style, place_backbone, width_setting

# NanoDet scales (x - mean) by these, rounded; the means are those of the block `imagenet`.
SCALE_RGB = (0.017125, 0.017507, 0.017429)
BLOCK_RGB = (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225))
RED, GREEN, BLUE = (given / block for given, block in zip(SCALE_RGB, BLOCK_RGB, strict=True))
STYLE = Style("conv1", "branch1", "branch2", bgr=True, factors=(RED, GREEN, BLUE))
read, shapes = read_npz, npz_shapes  # kernels stand as in Keras
CONVENTIONS = (
    "converted: BGR -> RGB and the rounding of its image scales, in the first kernel; epsilon 1e-5 into gamma",
    "switched: backbone.padding=symmetric, backbone.layout=torchvision, backbone.bottleneck=half",
    "switched: backbone.activation=leaky_relu (slope 0.1)",
    "switched: input.preprocess=imagenet, whose zero is the zero that the first convolution pads with",
)


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The backbone. Raises `UserError` for tensors missing, left over or of another shape."""
    settings = (width_setting(tensors, STYLE), *PYTORCH_SETTINGS, "backbone.activation=leaky_relu",
                "input.preprocess=imagenet")  # fmt: skip
    origin = Origin("shufflenetv2_basic", settings, ("backbone",))
    return Contents(file, tensors, origin, lambda placing: place_backbone(placing, STYLE), output_stride)
