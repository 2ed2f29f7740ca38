"""The sizes that an operator's time grows with, and the family of operators that share one law of growth."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from archspec.predictor.signature import COMPUTED, WEIGHTS, Signature

Family = tuple[Any, ...]
Features = tuple[float, ...]
LANES = 16  # output channels that a kernel works on at once, roughly, on most processors: the rest is padding

CACHED = 1 << 20  # numbers of a kernel, 4 MB, that stay near the processor while it is read again and again


def family(signature: Signature) -> Family:
    """What changes the kernel and not only the amount of work: the code first, so that a prefix is a wider family."""
    code = signature.code
    own = _FAMILIES.get(code)
    computed = sum([one.content == COMPUTED for one in signature.inputs])
    return (code, computed) if own is None else (code, *own(signature))


def features(signature: Signature) -> Features:
    """Sizes of which a sum with positive factors tells the time; none falls when a shape grows."""
    code, output = signature.code, signature.outputs[0].shape
    read = sum([prod(one.shape) for one in signature.inputs if one.content == COMPUTED])
    weights = sum([prod(one.shape) for one in signature.inputs if one.content == WEIGHTS])
    written = sum([prod(one.shape) for one in signature.outputs])
    pixels = prod(output[:-1])
    work: tuple[float, ...] = ()
    if code in ("CONV_2D", "TRANSPOSE_CONV"):
        filters, *window = signature.inputs[1].shape
        taps = prod(window)
        padded = -(-filters // LANES) * LANES * taps
        places = pixels if code == "CONV_2D" else prod(signature.inputs[2].shape[:-1])  # where the window is laid
        work = (places * filters * taps, places * padded, padded)
        if code == "TRANSPOSE_CONV":  # its kernel is read again at every place
            work = (*work, places * max(0, filters * taps - CACHED))
    elif code == "DEPTHWISE_CONV_2D":
        taps = prod(signature.inputs[1].shape[1:3])
        work = (written * taps, pixels * -(-output[-1] // LANES) * LANES)
    elif code in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        options = dict(signature.options)
        work = (written * options["filter_height"] * options["filter_width"],)
    return (*work, read, written, weights, pixels, 1.0)


def _convolution(signature: Signature) -> Family:
    _, height, width, depth = signature.inputs[1].shape
    return signature.inputs[0].shape[-1] != depth, height * width, dict(signature.options)["stride_h"]


def _depthwise(signature: Signature) -> Family:
    _, height, width, _ = signature.inputs[1].shape
    options = dict(signature.options)
    dilated = options["dilation_h_factor"] > 1 or options["dilation_w_factor"] > 1
    return height * width, options["stride_h"], dilated


def _transposed(signature: Signature) -> Family:
    _, height, width, _ = signature.inputs[1].shape
    return height * width, dict(signature.options)["stride_h"]


def _resize(signature: Signature) -> Family:
    return (signature.inputs[0].shape[1:3] == (1, 1),)


def _arg_max(signature: Signature) -> Family:
    return (signature.inputs[0].shape[-1],)  # a loop over so few numbers has its own pace for each count


_FAMILIES: dict[str, Callable[[Signature], Family]] = {
    "ARG_MAX": _arg_max,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "RESIZE_BILINEAR": _resize,
    "TRANSPOSE_CONV": _transposed,
}
