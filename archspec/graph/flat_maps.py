"""What a map that is constant along an axis, and a layer that changes nothing, mean for the function of a network.

Along an axis of one position, and after a resize of such a map, every position holds the same number. A mean over any
of them is that number, so pooling and resizing leave such an axis alone; and where a map has one position, or a
thousand that are equal, is the same to whatever looks at positions one by one. What looks beyond them (a 3×3 kernel
sees zeros past the border) does tell its size.
"""

from __future__ import annotations

from collections.abc import Sequence

from archspec.graph.tensor import Node, Tensor

Taps = tuple[tuple[int, ...], tuple[int, ...]]
Axes = tuple[bool, bool]
CENTRE = (0,)
POSITION_BY_POSITION = {
    "BatchNormalization",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "Activation",
    "Dropout",
    "SpatialDropout2D",
    "Add",
    "Concatenate",
}
POOLING = {"AveragePooling2D", "MaxPooling2D"}
WINDOWS = {"Conv2D", "DepthwiseConv2D"}
NO_AXIS: Axes = (False, False)


class FlatMaps:
    """Reads a graph in execution order. `source` follows a tensor through layers that change nothing."""

    def __init__(self) -> None:
        self._same_as: dict[int, Tensor] = {}
        self._flat: dict[int, Axes] = {}

    def sources(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """The sources of several tensors."""
        return [self.source(tensor) for tensor in tensors] if self._same_as else tensors

    def source(self, tensor: Tensor) -> Tensor:
        """The tensor itself, or the one before all layers that only repeat it."""
        return self._same_as.get(id(tensor), tensor)

    def read(self, node: Node, taps: Taps | None) -> tuple[object, ...] | None:
        """What the node hangs on besides its arguments; None when it repeats its input.

        Of a pooling or a resize, what it does on each axis instead of its size. `taps` are those that its window sees.
        """
        kind = type(node.layer).__name__
        inputs = node.inputs
        if kind in POOLING or kind == "Resize":
            return self._moved(node, kind)
        if not self._flat:
            for tensor in inputs:
                if tensor.shape[0] == 1 or tensor.shape[-2:-1] == (1,):
                    break
            else:
                return ()
        axes = [self.axes(tensor) for tensor in inputs]
        if not any(map(any, axes)):
            return ()
        if kind in POSITION_BY_POSITION:
            self._note(node, (all(one[0] for one in axes), all(one[1] for one in axes)))
            return ()
        if kind in WINDOWS and taps is not None:
            looks = taps[0] != CENTRE, taps[1] != CENTRE
            self._note(node, (axes[0][0] and not looks[0], axes[0][1] and not looks[1]))
            return tuple(inputs[0].shape[at] if axes[0][at] and looks[at] else 0 for at in (0, 1))
        return tuple(tensor.shape for tensor in inputs)

    def _moved(self, node: Node, kind: str) -> tuple[object, ...] | None:
        """Pooling and resizing: only axes that are not flat are touched."""
        tensor, config = node.inputs[0], node.layer.config
        flat = self.axes(tensor)
        if kind == "Resize":
            sizes = zip(flat, config["size"], tensor.shape[:2], strict=True)
            touched = tuple(None if is_flat or size == old else size for is_flat, size, old in sizes)
        elif config["strides"] != (1, 1) or config["padding"] != "valid":
            return tensor.shape if any(flat) else ()
        else:
            windows = zip(flat, config["pool_size"], strict=True)
            touched = tuple(None if is_flat or window == 1 else window for is_flat, window in windows)
        self._note(node, flat)
        if touched == (None, None):
            self._same_as[id(node.outputs[0])] = self.source(tensor)
            return None
        return touched

    def repeats(self, tensor: Tensor) -> bool:
        """Whether it holds equal numbers at several positions of an axis."""
        return any(flat and size > 1 for flat, size in zip(self.axes(tensor), tensor.shape[:2], strict=False))

    def axes(self, tensor: Tensor) -> Axes:
        """Along which axes all positions hold the same number."""
        if len(tensor.shape) != 3:
            return NO_AXIS
        known = self._flat.get(id(tensor), NO_AXIS)
        return known[0] or tensor.shape[0] == 1, known[1] or tensor.shape[1] == 1

    def _note(self, node: Node, axes: Axes) -> None:
        if axes != NO_AXIS:
            self._flat[id(node.outputs[0])] = axes
