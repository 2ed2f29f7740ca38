"""ShuffleNetV2 of the detector FastestDet, trained on ImageNet, as .npz: even and odd channels, BGR, 0..1."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.weights._contents import Contents, Origin
from archspec.weights._files import npz_shapes, read_npz
from archspec.weights._shufflenet import PYTORCH_SETTINGS, Style, place_backbone, width_setting

STYLE = Style("first_conv", "branch_proj", "branch_main", even_odd=True, bgr=True)
read, shapes = read_npz, npz_shapes  # kernels stand as in Keras
CONVENTIONS = (
    "converted: even channels pass and odd ones are worked on -> torchvision's layout, by permuting channels",
    "converted: BGR -> RGB in the first kernel; batch norm's epsilon 1e-5 into gamma",
    "switched: backbone.padding=symmetric, backbone.layout=torchvision, backbone.bottleneck=half",
    "switched: input.preprocess=unit (image / 255), whose zero is the zero that the first convolution pads with",
)


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The backbone. Raises `UserError` for tensors missing, left over or of another shape."""
    settings = (width_setting(tensors, STYLE), *PYTORCH_SETTINGS, "input.preprocess=unit")
    origin = Origin("shufflenetv2_basic", settings, ("backbone",))
    return Contents(file, tensors, origin, lambda placing: place_backbone(placing, STYLE), output_stride)
