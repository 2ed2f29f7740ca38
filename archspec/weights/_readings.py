"""How each layer with weights stands in its network, and what is done to the image: what shapes of arrays do not tell.

Two networks can have equal arrays and be different functions: other padding, other activation, channels split or
shuffled otherwise. So weights travel with these readings, and are refused where a network reads them otherwise. Where
only the scale or the order of the image's channels differs, the difference is folded into the first convolution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.graph import Graph

Pair = tuple[int, int]
# Of layers without weights: the arguments that make another function, whatever the size of the image.
TELLING = {
    "Activation": ("activation",),
    "AveragePooling2D": ("padding",),
    "ChannelShuffle": ("groups",),
    "ChannelSplit": ("parts",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "ReLU": ("max_value", "negative_slope"),
    "Resize": ("interpolation", "align_corners"),
    "ZeroPadding2D": ("padding",),
}
ACTIVATIONS = ("Activation", "PReLU", "ReLU")
SLIDING = ("Conv2D", "DepthwiseConv2D")
OF_THE_IMAGE = ("ChannelReverse", "Rescaling", "Resize")  # `image_scale` follows them; a resized image is one too
UNSEEN = ("Cropping2D", "Dropout", "SpatialDropout2D")  # a crop comes and goes with the size of the image
ANY_SIDE = ("same", "symmetric")
CLOSE = 1e-5  # of numbers about 1


class Part(NamedTuple):
    """One layer, of our graph or of a Keras file: its inputs are `(name, number of the output)`."""

    kind: str
    config: Mapping[str, Any]
    inputs: tuple[tuple[str, int], ...]
    weights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one layer: `padding` is `any` where no stride makes a difference; `source` stands for what it reads."""

    kind: str
    padding: str = ""
    rate: Pair = (1, 1)
    groups: int = 1
    epsilon: float = 0.0
    source: str = ""
    then: str = ""

    def to_json(self) -> list[Any]:
        """Its fields in order."""
        return [self.kind, self.padding, list(self.rate), self.groups, self.epsilon, self.source, self.then]


def reading_from_json(fields: list[Any]) -> Reading:
    """What `to_json` wrote."""
    kind, padding, rate, groups, epsilon, source, then = fields
    return Reading(str(kind), str(padding), (int(rate[0]), int(rate[1])), int(groups), float(epsilon), source, then)


def graph_parts(graph: Graph) -> dict[str, Part]:
    """The layers of a graph by name, in execution order."""
    return {
        node.name: Part(
            type(node.layer).__name__,
            node.layer.config,
            tuple((tensor.node.name, tensor.index) for tensor in node.inputs),
            tuple(spec.name for spec in node.layer.weights(node)),
        )
        for node in graph.nodes
    }


def read_parts(parts: Mapping[str, Part]) -> dict[str, Reading]:
    """The reading of every layer with weights."""
    signs = _signs(parts)
    activations = _activations_behind(parts)
    return {
        name: Reading(
            part.kind,
            _padding(part, parts) if part.kind in SLIDING else "",
            pair(part.config.get("dilation_rate", 1)),
            int(part.config.get("groups", 1)),
            float(part.config.get("epsilon", 0.0)),
            _short(signs[at] for at in _sources(part, parts)),
            activations.get(name, ""),
        )
        for name, part in parts.items()
        if part.weights
    }


def image_readers(parts: Mapping[str, Part]) -> tuple[str, ...]:
    """The layers that read the image as preprocessing leaves it."""
    signs = _signs(parts)
    passing = (*OF_THE_IMAGE, "ZeroPadding2D", *UNSEEN)
    return tuple(
        name
        for name, part in parts.items()
        if part.kind not in passing and any(signs[at] == "image" for at in _sources(part, parts))
    )


def difference(one: Reading, other: Reading) -> str:
    """What two readings of one layer differ in, dilation and epsilon aside; empty where they agree."""
    if one.kind != other.kind:
        return "kind of layer"
    if one.padding != other.padding:
        either = {one.padding, other.padding}
        if "any" not in either or not either - {"any"} <= set(ANY_SIDE):
            return "padding"
    if one.groups != other.groups:
        return "groups"
    if one.then != other.then:
        return "activation"
    return "" if one.source == other.source else "what it reads"


def pair(value: Any) -> Pair:
    """A number as a pair of it; a pair as it is."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _sources(part: Part, parts: Mapping[str, Part]) -> tuple[tuple[str, int], ...]:
    """What a part reads, seen through the zeros around it, which count as its padding."""
    return tuple(_behind_padding(at, parts) if part.kind in SLIDING else at for at in part.inputs)


def _behind_padding(at: tuple[str, int], parts: Mapping[str, Part]) -> tuple[str, int]:
    before = parts[at[0]]
    return before.inputs[0] if before.kind == "ZeroPadding2D" else at


def _signs(parts: Mapping[str, Part]) -> dict[tuple[str, int], str]:
    """A text for every output: the name of a layer with weights, else a digest of what the layer does and reads."""
    signs: dict[tuple[str, int], str] = {}
    for name, part in parts.items():
        inside = [signs[at] for at in part.inputs]
        if part.weights:
            word = name
        elif not part.inputs or (part.kind in OF_THE_IMAGE and inside == ["image"]):
            word = "image"
        elif part.kind in UNSEEN:
            word = inside[0]
        else:
            details = [f"{key}={_plain(part.config.get(key))}" for key in TELLING.get(part.kind, ())]
            word = _short((part.kind, *details, *inside))
        for index in range(8):  # more outputs than any layer has
            signs[name, index] = word if index == 0 else f"{word}:{index}"
    return signs


def _activations_behind(parts: Mapping[str, Part]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for part in parts.values():
        if part.kind in ACTIVATIONS:
            details = [_plain(part.config.get(key)) for key in TELLING.get(part.kind, ())]
            found.setdefault(part.inputs[0][0], set()).add(" ".join((part.kind, *details)))
    return {name: ", ".join(sorted(words)) for name, words in found.items()}


def _padding(part: Part, parts: Mapping[str, Part]) -> str:
    config = part.config
    (kh, kw), (dh, dw) = pair(config["kernel_size"]), pair(config["dilation_rate"])
    without_stride = pair(config["strides"]) == (1, 1) or (kh, kw) == (1, 1)
    before = parts[part.inputs[0][0]]
    zeros = _plain(before.config["padding"]) if before.kind == "ZeroPadding2D" else ""
    if config["padding"] == "same":
        return f"same behind {zeros}" if zeros else "any" if without_stride else "same"
    sides = (kh - 1) * dh // 2, (kw - 1) * dw // 2
    middle = _plain([[sides[0], sides[0]], [sides[1], sides[1]]])
    if zeros == middle or (not zeros and sides == (0, 0)):
        return "any" if without_stride else "symmetric"
    return zeros or "valid"


def _plain(value: Any) -> str:
    """One spelling for what a graph and a file write differently: tuples and lists, 6 and 6.0, nothing and 0."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_plain, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{float(value):g}"
    return "" if value is None else str(value)


def _short(words: Iterable[str]) -> str:
    return hashlib.blake2b("|".join(words).encode(), digest_size=8).hexdigest()


class ImageScale(NamedTuple):
    """Channel `c` of what the network reads is `scale[c] · image[channels[c]] + offset[c]`, the image 0..255 RGB."""

    channels: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def is_close(self, other: ImageScale) -> bool:
        """Whether both see the same numbers."""
        pairs = zip((*self.scale, *self.offset), (*other.scale, *other.offset), strict=True)
        return self.channels == other.channels and all(abs(a - b) <= CLOSE * max(abs(a), abs(b)) for a, b in pairs)


def image_scale(parts: Mapping[str, Part]) -> ImageScale | None:
    """Of a network whose first layers rescale and reorder channels; None where they do something else."""
    found: dict[str, ImageScale | None] = {}
    for name, part in parts.items():
        if not part.inputs:
            count = int((part.config.get("shape") or part.config.get("batch_shape"))[-1])  # type: ignore[index]
            found[name] = ImageScale(tuple(range(count)), (1.0,) * count, (0.0,) * count)
        elif part.inputs[0][0] in found:
            before = found[part.inputs[0][0]]
            if part.kind in ("ZeroPadding2D", "Resize"):
                found[name] = before
            elif part.kind == "ChannelReverse" and before is not None:
                found[name] = ImageScale(before.channels[::-1], before.scale[::-1], before.offset[::-1])
            elif part.kind == "Rescaling" and before is not None:
                found[name] = _rescaled(before, part.config)
    readers = image_readers(parts)
    read = {found[source] for name in readers for source, _ in parts[name].inputs if source in found}
    return read.pop() if len(read) == 1 else None


def _rescaled(before: ImageScale, config: Mapping[str, Any]) -> ImageScale:
    count = len(before.channels)
    factors, terms = (_of_each(config[key], count) for key in ("scale", "offset"))
    scale = tuple(old * factor for old, factor in zip(before.scale, factors, strict=True))
    offset = tuple(old * a + b for old, a, b in zip(before.offset, factors, terms, strict=True))
    return ImageScale(before.channels, scale, offset)


def _of_each(value: Any, count: int) -> tuple[float, ...]:
    return (float(value),) * count if isinstance(value, int | float) else tuple(map(float, value))


def fold_image_scale(
    arrays: dict[str, Array], given: ImageScale, wanted: ImageScale, parts: Mapping[str, Part]
) -> tuple[str, ...]:
    """Change the first convolutions, trained on `given`, so that they compute the same from `wanted`.

    Gives back what was done, a line each. A shift folds into the batch norm or the bias behind a convolution that
    pads nothing; where zeros are padded they would no longer stand for the same colour: `Problem`.
    """
    import numpy as np

    if given.is_close(wanted):
        return ()
    readers = [name for name in image_readers(parts) if f"{name}/kernel" in arrays]
    if len(readers) < len(image_readers(parts)) or any(parts[name].kind != "Conv2D" for name in readers):
        raise _refusal(given, "not only convolutions read the image")
    order = [given.channels.index(channel) for channel in wanted.channels]
    factor = np.array([given.scale[old] / new for old, new in zip(order, wanted.scale, strict=True)])
    shift = np.array([given.offset[old] for old in order]) - factor * np.array(wanted.offset)
    shifted = bool(np.abs(shift).max() > CLOSE)
    for name in readers:
        kernel = arrays[f"{name}/kernel"].astype(np.float64)[:, :, order, :]
        if shifted:
            _fold_shift(arrays, name, (kernel * shift[:, None]).sum((0, 1, 2)), parts, given)
        arrays[f"{name}/kernel"] = (kernel * factor[:, None]).astype(np.float32)
    what = ["channel order", "scale"] if given.channels != wanted.channels else ["scale"]
    return (f"{' and '.join(what)} of the image folded into the kernel of {', '.join(readers)}",)


def _fold_shift(
    arrays: dict[str, Array], name: str, constant: Array, parts: Mapping[str, Part], given: ImageScale
) -> None:
    part = parts[name]
    if part.config["padding"] != "valid" or parts[part.inputs[0][0]].kind == "ZeroPadding2D":
        raise _refusal(given, f"'{name}' pads its input with zeros, which then mean another colour")
    behind = [key for key, other in parts.items() if other.inputs and other.inputs[0][0] == name]
    if f"{name}/bias" in arrays:
        arrays[f"{name}/bias"] = (arrays[f"{name}/bias"] + constant).astype("float32")
    elif len(behind) == 1 and f"{behind[0]}/moving_mean" in arrays:
        key = f"{behind[0]}/moving_mean"
        arrays[key] = (arrays[key] - constant).astype("float32")
    else:
        raise _refusal(given, f"'{name}' has neither a bias nor a batch norm to take the shift")


def _refusal(given: ImageScale, why: str) -> Problem:
    order = "".join("RGB"[channel] if len(given.channels) == 3 else str(channel) for channel in given.channels)
    scale, offset = (", ".join(f"{number:.6g}" for number in numbers) for numbers in (given.scale, given.offset))
    return Problem(
        f"input.preprocess is not what the weights were trained with ({order}, scale {scale}, offset {offset}), "
        f"and the difference cannot be folded into the first convolution: {why}"
    )
