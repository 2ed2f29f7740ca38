"""MobileNetV2's backbone as .npz under the layer names of keras.applications: RGB, -1..1, epsilon 1e-3."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.weights._contents import Contents, Origin
from archspec.weights._files import npz_shapes, read_npz
from archspec.weights._mobilenet import V2_STATISTICS_NPZ, place_v2, v2_width_setting

read, shapes = read_npz, npz_shapes  # kernels stand as in Keras
CONVENTIONS = (
    "as ours: input.preprocess=symmetric, TensorFlow's SAME padding, ReLU6, batch norm's epsilon 1e-3",
    "left out: Conv_1, the 1280-channel convolution of the classifier",
)


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The backbone. Raises `UserError` for tensors missing, left over or of another shape."""
    origin = Origin("mobilenetv2_basic", (v2_width_setting(tensors), "input.preprocess=symmetric"), ("backbone",))
    return Contents(file, tensors, origin, lambda placing: place_v2(placing, V2_STATISTICS_NPZ), output_stride)
