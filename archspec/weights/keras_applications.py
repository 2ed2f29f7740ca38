"""MobileNetV2 and MobileNetV3 of keras.applications: a name, which Keras downloads, or its .h5 file from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.arrays import Array
from archspec.errors import Place, nearest, user_error
from archspec.files import is_file
from archspec.weights._contents import Contents, Origin
from archspec.weights._files import need_file, unreadable
from archspec.weights._mobilenet import place_v2, place_v3

# Network -> the bundled spec and the settings that make it the one of keras.applications.
NETWORKS = {
    "mobilenet_v2": ("mobilenetv2_basic", ()),
    "mobilenet_v3_large": ("mobilenetv3_large_lraspp", ("backbone=mobilenet_v3_large",)),
    "mobilenet_v3_small": ("mobilenetv3_small_lraspp", ("backbone=mobilenet_v3_small",)),
}
HDF5 = b"\x89HDF\r\n\x1a\n"
_WIDTH = re.compile(r"_(\d+\.\d+)")
CONVENTIONS = (
    "as ours: input.preprocess=symmetric, TensorFlow's SAME padding, batch norm's epsilon 1e-3",
    "names: mobilenet_v2, mobilenet_v3_small, mobilenet_v3_large; with a width: mobilenet_v2_0.5 (V3 has 1.0 only)",
    "left out: the ImageNet classifier",
)


def read(file: str) -> dict[str, Array]:
    """The tensors by `layer/array`. Raises `UserError` where they cannot be downloaded or read."""
    check(file)
    from archspec.lower.files import application_weights

    network, width = parse_name(file)
    return application_weights(network, width, file if is_file(file) else "imagenet")


def check(file: str) -> None:
    """Raise `UserError` for a name that none of them has, a file that is not there, and one that is no HDF5 file."""
    network, width = parse_name(file)
    if network != "mobilenet_v2" and width != 1:
        fact = f"keras.applications rounds the inner widths of MobileNetV3 at {width:g} otherwise than torchvision, "
        raise user_error(f"{fact}which ours follow", "Use width 1.0", place=Place(file))
    if Path(file).suffix == ".h5" or len(Path(file).parts) > 1:
        need_file(file)
    if is_file(file):
        with Path(file).open("rb") as stream:
            if stream.read(len(HDF5)) != HDF5:
                raise unreadable(file, "not an HDF5 file", "Name the _no_top.h5 file of just this network and width")


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The backbone. Raises `UserError` for tensors missing, left over or of another shape."""
    network, width = parse_name(file)
    spec, settings = NETWORKS[network]
    all_settings = (*settings, f"width_multiplier={width}", "input.preprocess=symmetric")
    place = place_v2 if network == "mobilenet_v2" else place_v3
    return Contents(file, tensors, Origin(spec, all_settings, ("backbone",)), place, output_stride)


def parse_name(file: str) -> tuple[str, float]:
    """`mobilenet_v2_0.5`, or the name of one of Keras's files, as network and width. Raises `UserError`."""
    words = Path(file).name.lower().replace("mobilenetv", "mobilenet_v")
    words = re.sub(r"(v3)_?(small|large)", r"\1_\2", words)
    for name in NETWORKS:
        if name in words:
            if "minimalistic" in words:
                break
            found = _WIDTH.search(words)
            return name, float(found.group(1)) if found else 1.0
    fact = f"no such network of keras.applications that is known here ({file})"
    raise user_error(fact, nearest(words, NETWORKS), place=Place(file))
