"""The size that a `.tflite` takes its image in: what it leaves open, and a copy of it that is of one size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import NamedTuple

from archspec.errors import Problem
from archspec.export.census import take_census
from archspec.export.flatbuffer_walk import FlatbufferWalk
from archspec.export.interpreter import computed_shapes
from archspec.export.operator_info import TensorInfo
from archspec.export.tflite_file import flat_model, is_own, wrote

OPEN = -1
IMAGE_RANK = 4
SHAPE, SIGNATURE = 0, 7  # fields of a tensor
Size = tuple[int, int]
_OFFSET = Struct("<I")


class InputSize(NamedTuple):
    """How a file takes its first input: `batch` images at once (a batch left open is run as 1), and what is open.

    `height_axis` is 1 for (N, H, W, C), 2 for (N, C, H, W), None for what is no image.
    """

    name: str
    shape: tuple[int, ...]
    batch: int
    height_axis: int | None

    @property
    def open(self) -> bool:
        """Whether more than the batch is open."""
        return OPEN in self.shape[1:]

    @property
    def size(self) -> Size | None:
        """Height and width, None for what is no image; -1 is open."""
        return None if self.height_axis is None else self.shape[self.height_axis : self.height_axis + 2]  # type: ignore[return-value]


def input_size(data: bytes) -> InputSize:
    """Of a file's first input. Raises `Problem` for no `.tflite` or a damaged one."""
    return _of(take_census(data).inputs[0])


def check_closed(data: bytes) -> None:
    """Raises `Problem` for a file that leaves more than its batch open: at 1 x 1 its numbers would be nobody's."""
    for one in take_census(data).inputs:
        found = _of(one)
        if found.open:
            fact = f"leaves the size of its input open ({list(one.shape)})"
            if found.height_axis is None:
                raise Problem(fact, "Convert it for one size")
            raise Problem(fact, "Say which it is to be run at: --size H,W")


def sized(data: bytes, size: Size) -> bytes:
    """A copy that takes images `(1, H, W, C)` of one size, where the file leaves it open; else the file itself.

    Only shapes are written anew, behind the flatbuffer, as the runtime works them out; all else stays byte for byte.
    Raises `Problem` where the file is of another size or cannot be run at this one, and for what takes no image.
    """
    found = input_size(data)
    if found.size is None:
        raise Problem(f"takes no image (its input is {list(found.shape)})", "Leave out --size")
    if any(side not in (OPEN, wanted) for side, wanted in zip(found.size, size, strict=True)):
        taken = " x ".join("any" if side == OPEN else str(side) for side in found.size)
        raise Problem(f"takes images of {taken}, not of {size[0]} x {size[1]}", "Leave out --size: it is in the file")
    if not found.open:
        return data
    axis = found.height_axis or 1
    shape = [max(1, found.batch), *found.shape[1:]]
    shape[axis : axis + 2] = size
    if OPEN in shape:
        raise Problem(f"leaves its channels open ({list(found.shape)})", "Convert it for images of 3 channels")
    model, _ = flat_model(data)
    own = is_own(data)
    entered = _reshaped(data, {int(model.Subgraphs(0).Inputs(0)): shape})
    try:
        shapes = computed_shapes(wrote(entered) if own else entered)
    except Problem as problem:
        fact = f"cannot be run at {size[0]} x {size[1]} ({problem.fact})"
        raise Problem(fact, "Name a size that it can be run at with --size") from problem
    copy = _reshaped(data, shapes)
    return wrote(copy) if own else copy


def _of(tensor: TensorInfo) -> InputSize:
    shape = tensor.shape
    axis = None
    if len(shape) == IMAGE_RANK:
        axis = 2 if shape[1] in (1, 3, 4) and shape[3] not in (1, 3, 4) else 1
    return InputSize(tensor.name, shape, max(1, shape[0]) if len(shape) == IMAGE_RANK else 1, axis)


def _reshaped(data: bytes, shapes: Mapping[int, Sequence[int]]) -> bytes:
    """A copy in which tensors, by their numbers, have other shapes, and none of them is open."""
    walk = FlatbufferWalk(data)
    graph = walk.children(walk.root("Model"), 2, "SubGraph")[0]
    tensors = walk.children(graph, 0, "Tensor")
    copy = bytearray(data)
    copy += bytes(-len(copy) % 4)
    for index, shape in shapes.items():
        target = len(copy)
        copy += Struct(f"<I{len(shape)}i").pack(len(shape), *shape)
        for field in (SHAPE, SIGNATURE):
            place = tensors[index].fields[field]
            if place:
                _OFFSET.pack_into(copy, place, target - place)
    return bytes(copy)
