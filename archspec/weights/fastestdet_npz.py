"""ShuffleNetV2 of the detector FastestDet, trained on ImageNet, as .npz: even and odd channels, BGR, 0..1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.weights._files import TensorShape, npz_shapes, read_npz
from archspec.weights._holding import Holding, Origin, hold
from archspec.weights._shufflenet import PYTORCH_SETTINGS, Style, place_backbone, width_setting

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

STYLE = Style("first_conv", "branch_proj", "branch_main", even_odd=True, bgr=True)
CONVENTIONS = (
    "converted: even channels pass and odd ones are worked on -> torchvision's layout, by permuting channels",
    "converted: BGR -> RGB in the first kernel; batch norm's epsilon 1e-5 into gamma",
    "switched: backbone.padding=symmetric, backbone.layout=torchvision, backbone.bottleneck=half",
    "switched: input.preprocess=unit (image / 255), whose zero is the zero that the first convolution pads with",
)


def read(file: str) -> dict[str, Array]:
    """The tensors by the file's own names; kernels stand as in Keras. Raises `UserError`."""
    return read_npz(file)


def shapes(file: str) -> dict[str, TensorShape]:
    """What the tensors are, without their numbers. Raises `UserError`."""
    return npz_shapes(file)


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Holding:
    """The backbone. Raises `UserError` for tensors missing, left over or of another shape."""
    settings = (width_setting(tensors, STYLE), *PYTORCH_SETTINGS, "input.preprocess=unit")
    origin = Origin("shufflenetv2_basic", settings, ("backbone",))
    return hold(file, tensors, origin, lambda placing: place_backbone(placing, STYLE), output_stride)
