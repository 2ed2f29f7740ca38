"""How each layer with weights stands in its network: what the shapes of its arrays do not tell.

Two networks can have equal arrays and be different functions: other padding, other activation, channels split or
shuffled otherwise. So weights travel with these readings, and are refused where a network reads them otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
OF_THE_IMAGE = ("ChannelReverse", "Rescaling")  # followed by archspec.weights._image
UNSEEN = ("Cropping2D", "Dropout", "SpatialDropout2D")  # a crop comes and goes with the size of the image
ANY_SIDE = ("same", "symmetric")


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
    """A number, or two, as two."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _sources(part: Part, parts: Mapping[str, Part]) -> tuple[tuple[str, int], ...]:
    """What a part reads, seen through the zeros around it, which count as its padding."""
    return tuple(_behind_padding(at, parts) if part.kind in SLIDING else at for at in part.inputs)


def _behind_padding(at: tuple[str, int], parts: Mapping[str, Part]) -> tuple[str, int]:
    before = parts[at[0]]
    return before.inputs[0] if before.kind == "ZeroPadding2D" else at


def _signs(parts: Mapping[str, Part]) -> dict[tuple[str, int], str]:
    """A word for every output: a layer with weights is called by its name, the others by what they do to what."""
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
            told = [f"{key}={_plain(part.config.get(key))}" for key in TELLING.get(part.kind, ())]
            word = _short((part.kind, *told, *inside))
        for index in range(8):  # more outputs than any layer has
            signs[name, index] = word if index == 0 else f"{word}:{index}"
    return signs


def _activations_behind(parts: Mapping[str, Part]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for part in parts.values():
        if part.kind in ACTIVATIONS:
            told = [_plain(part.config.get(key)) for key in TELLING.get(part.kind, ())]
            found.setdefault(part.inputs[0][0], set()).add(" ".join((part.kind, *told)))
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
