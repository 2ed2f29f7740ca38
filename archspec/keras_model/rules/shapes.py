"""What changes shapes, places and sizes: padding, cropping, reshaping, transposing, joining, cutting, resizing."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.keras_model.call import Call

Sides = tuple[tuple[int, int], tuple[int, int]]


def axes_of(axes: Any, x: Tensor) -> list[int]:
    """Axes as Keras counts them, the batch as 0, as those of our shapes. Raises `Problem` for the batch."""
    rank = len(x.shape) + 1
    wanted = [axes] if isinstance(axes, int) else list(axes)
    found = [axis + rank if axis < 0 else axis for axis in wanted]
    if any(not 0 < axis < rank for axis in found):
        raise Problem(f"the axes {wanted} of a tensor of {rank} axes: only those of one image have rules")
    return [axis - 1 for axis in found]


def zero_padding(call: Call) -> Tensor:
    """`ZeroPadding2D`; a window behind it may pad anew."""
    call.need_channels_last()
    return _padded(call, _sides(call.get("padding", 1)))


def pad(call: Call) -> Tensor:
    """`ops.pad` of height and width with zeros."""
    widths, value = call.given(1, "pad_width"), call.given(3, "constant_values", None)
    if call.get("mode", "constant") != "constant" or value not in (None, 0):
        raise Problem("padding with something else than zeros has no rule")
    if len(widths) != 4 or any(sum(one) for one in (widths[0], widths[3])):
        raise Problem(f"padding by {widths} has no rule", "Pad height and width only")
    return _padded(call, _sides(widths[1:3]))


def _padded(call: Call, sides: Sides) -> Tensor:
    found = call.add(layers.ZeroPadding2D, padding=sides)
    call.conversion.note_padding(found, call.x, sides)
    return found


def cropping(call: Call) -> Tensor:
    """`Cropping2D`."""
    call.need_channels_last()
    return call.add(layers.Cropping2D, cropping=_sides(call.get("cropping", 0)))


def _sides(value: Any) -> Sides:
    if isinstance(value, int):
        return (value, value), (value, value)
    rows, columns = ((one, one) if isinstance(one, int) else tuple(one) for one in value)
    return (int(rows[0]), int(rows[1])), (int(columns[0]), int(columns[1]))


def reshape(call: Call) -> Tensor:
    """`Reshape`."""
    return _reshaped(call, call.get("target_shape"))


def reshape_operation(call: Call) -> Tensor:
    """`ops.reshape`, which names the batch too."""
    shape = list(call.given(1, "newshape"))
    first = shape[0]
    if first == -1 and -1 not in shape[1:] and prod(one for one in shape[1:]) == call.x.elements:
        return _reshaped(call, shape[1:])
    if first in (None, 1):
        return _reshaped(call, shape[1:])
    raise Problem(f"a reshape to {shape} mixes images of a batch", "Let the first axis be -1, the batch")


def _reshaped(call: Call, shape: Sequence[Any]) -> Tensor:
    return call.add(layers.Reshape, target_shape=tuple(-1 if one is None else int(one) for one in shape))


def flatten(call: Call) -> Tensor:
    """`Flatten`."""
    call.need_channels_last()
    return call.add(layers.Flatten)


def permute(call: Call) -> Tensor:
    """`Permute`."""
    return call.add(layers.Permute, dims=tuple(map(int, call.get("dims"))))


def transpose(call: Call) -> Tensor:
    """`ops.transpose` of the axes of one image."""
    axes = call.given(1, "axes")
    if not axes or axes[0] != 0:
        raise Problem(f"a transpose of the axes {axes} moves the batch", "Let the first axis be 0, the batch")
    return call.add(layers.Permute, dims=tuple(axis + 1 for axis in axes_of(axes[1:], call.x)))


def squeeze(call: Call) -> Tensor:
    """`ops.squeeze`: axes of one number go."""
    x, axes = call.x, call.given(1, "axis")
    gone = [at for at, size in enumerate(x.shape) if size == 1] if axes is None else axes_of(axes, x)
    return _reshaped(call, [size for at, size in enumerate(x.shape) if at not in gone])


def expand_dims(call: Call) -> Tensor:
    """`ops.expand_dims`: an axis of one number more."""
    axis, rank = int(call.given(1, "axis")), len(call.x.shape) + 2
    at = (axis + rank if axis < 0 else axis) - 1
    if at < 0:
        raise Problem("an axis in front of the batch has no rule")
    return _reshaped(call, [*call.x.shape[:at], 1, *call.x.shape[at:]])


def concatenate(call: Call) -> Tensor:
    """`Concatenate`, the layer and the operation."""
    axis = int(call.get("axis", -1))
    if len(call.tensors) == 1:
        return call.x
    last = axes_of(axis, call.x) == [len(call.x.shape) - 1]
    return call.add(layers.Concatenate, *call.tensors, axis=-1 if last else axis)


def split(call: Call) -> list[Tensor]:
    """`ops.split` of channels into equal parts."""
    x, parts = call.x, call.given(1, "indices_or_sections")
    axis = axes_of(call.given(2, "axis", 0), x)
    if not isinstance(parts, int) or axis != [len(x.shape) - 1] or x.channels % parts:
        raise Problem(f"a split into {parts} at axis {axis} has no rule", "Split the channels into equal parts")
    return list(call.node(layers.ChannelSplit(parts, name=call.name), [x]).outputs)


def get_item(call: Call) -> Tensor:
    """`x[:, 1:5, ::2]`: a slice of the axes of one image."""
    key = call.given(1, "key")
    parts = list(key) if isinstance(key, list | tuple) else [key]
    rank = len(call.x.shape) + 1
    if ... in parts:
        at = parts.index(...)
        parts[at : at + 1] = [slice(None)] * (rank - len(parts) + 1)
    parts += [slice(None)] * (rank - len(parts))
    if any(not isinstance(one, slice) for one in parts) or parts[0] != slice(None):
        raise Problem(f"the index {key} has no rule", "Take slices of the axes of one image")
    ranges = [one.indices(size) for one, size in zip(parts[1:], call.x.shape, strict=True)]
    if all(one == (0, size, 1) for one, size in zip(ranges, call.x.shape, strict=True)):
        return call.x
    if any(step < 1 for _, _, step in ranges):
        raise Problem("a slice that runs backwards has no rule")
    begins, ends, steps = ([int(one[at]) for one in ranges] for at in range(3))
    return call.add(layers.StridedSlice, begin=begins, end=ends, strides=steps)


def resizing(call: Call) -> Tensor:
    """`Resizing`, and `ops.image.resize`: bilinear by half pixels, or nearest."""
    call.need_channels_last()
    call.refuse("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    size = call.get("size") or (call.get("height"), call.get("width"))
    stride = max(1, round(call.x.stride * call.x.shape[0] / int(size[0])))
    interpolation = str(call.get("interpolation", "bilinear"))
    return call.add(layers.Resize, size=size, stride=stride, interpolation=interpolation, align_corners=False)


def up_sampling(call: Call) -> Tensor:
    """`UpSampling2D`."""
    call.need_channels_last()
    return call.add(
        layers.UpSampling2D, size=call.get("size", 2), interpolation=str(call.get("interpolation", "nearest"))
    )


def depth_to_space(call: Call) -> Tensor:
    """`ops.depth_to_space`."""
    call.need_channels_last()
    return call.add(layers.DepthToSpace, block_size=int(call.given(1, "block_size")))


def space_to_depth(call: Call) -> Tensor:
    """`ops.space_to_depth`."""
    call.need_channels_last()
    return call.add(layers.SpaceToDepth, block_size=int(call.given(1, "block_size")))


LAYERS = {
    "Concatenate": concatenate,
    "Cropping2D": cropping,
    "Flatten": flatten,
    "Permute": permute,
    "Reshape": reshape,
    "Resizing": resizing,
    "UpSampling2D": up_sampling,
    "ZeroPadding2D": zero_padding,
}
OPERATIONS = {
    "Concatenate": concatenate,
    "DepthToSpace": depth_to_space,
    "ExpandDims": expand_dims,
    "GetItem": get_item,
    "Pad": pad,
    "Reshape": reshape_operation,
    "Resize": resizing,
    "SpaceToDepth": space_to_depth,
    "Split": split,
    "Squeeze": squeeze,
    "Transpose": transpose,
}
