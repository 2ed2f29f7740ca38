"""The contents of a file of weights, in the conventions of one network: each tensor used, or skipped with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archspec.arrays import Array
from archspec.errors import Fault, Place, UserError
from archspec.graph import Graph, is_within, weight_specs
from archspec.weights._readings import ImageScale, Reading, graph_parts, image_scale, read_parts

Change = Callable[..., Array]
BATCH_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
MOST_FAULTS = 6


class Placing:
    """Which array of a network is made of which tensors: a format calls `put` for those it uses, `skip` for others."""

    def __init__(self, tensors: Mapping[str, Array], graph: Graph) -> None:
        self.tensors = tensors
        self.graph = graph
        self.arrays: dict[str, Array] = {}
        self.sources: dict[str, tuple[str, ...]] = {}
        self.skipped: dict[str, str] = {}
        self.absent: dict[str, str] = {}  # tensor that should be there -> array it was for
        self.notes: list[str] = []

    def put(self, key: str, *names: str, change: Change | None = None) -> None:
        """The array `key` is what `change` makes of these tensors in float64; without it, the one tensor itself."""
        missing = [name for name in names if name not in self.tensors]
        self.absent.update((name, key) for name in missing)
        self.sources[key] = names
        if not missing:
            given = [self.tensors[name].astype("float64") for name in names]
            self.arrays[key] = (given[0] if change is None else change(*given)).astype("float32")

    def put_batch_norm(
        self, node: str, names: tuple[str, str, str, str], epsilon: float, order: Array | None = None
    ) -> None:
        """Gamma, beta, mean and variance, for a network whose own epsilon may be another: gamma makes up for it."""
        own = float(self.graph.node(node).layer.config["epsilon"])

        def in_order(array: Array) -> Array:
            return array if order is None else array[order]

        def scaled(gamma: Array, variance: Array) -> Array:
            return in_order(gamma * equal_scale(variance, epsilon, own))

        gamma, beta, mean, variance = names
        if own == epsilon:
            self.put(f"{node}/gamma", gamma, change=in_order)
        else:
            self.put(f"{node}/gamma", gamma, variance, change=scaled)
        for short, name in zip(BATCH_NORM[1:], (beta, mean, variance), strict=True):
            self.put(f"{node}/{short}", name, change=in_order)

    def skip(self, name: str, why: str) -> None:
        """A tensor of the file that the network has no place for."""
        self.skipped[name] = why

    def faults(self, covers: tuple[str, ...]) -> list[str]:
        """Every mismatch: tensors missing or left over, arrays missing or of another shape."""
        found = [f"the file lacks '{name}', needed for '{key}'" for name, key in self.absent.items()]
        used = {name for names in self.sources.values() for name in names}
        left = [name for name in self.tensors if name not in used and name not in self.skipped]
        found += [f"the file holds '{name}' {list(self.tensors[name].shape)}, which belongs nowhere" for name in left]
        expected = {key: spec.shape for key, node, spec in weight_specs(self.graph) if is_in(node.name, covers)}
        found += [f"nothing in the file is for '{key}'" for key in expected if key not in self.sources]
        found += [f"'{key}' is not in the network" for key in self.arrays if key not in expected]
        for key, array in self.arrays.items():
            if key in expected and array.shape != expected[key]:
                names = ", ".join(f"'{name}'" for name in self.sources[key])
                found.append(f"{names} makes {list(array.shape)}, and '{key}' is {list(expected[key])}")
        return found


def equal_scale(variance: Array, given: float, wanted: float) -> Array:
    """What gamma is to be multiplied by when epsilon changes: `gamma / sqrt(variance + epsilon)` stays as it was."""
    factor: Array = ((variance.astype("float64") + wanted) / (variance.astype("float64") + given)) ** 0.5
    return factor


def is_in(node: str, sections: tuple[str, ...]) -> bool:
    """Whether a node belongs to one of the sections; every node does where none is named."""
    return not sections or is_within(node, sections)


@dataclass(frozen=True)
class Holding:
    """Arrays by the names of our graph, and how the network they were made for reads them.

    `covers`: the sections that are in the file whole, none for all. `spec` with `settings` is a bundled network that
    they fit; `settings` are also the remedy for one that they do not. `exact_rate`: trained for just this dilation.
    """

    arrays: Mapping[str, Array]
    sources: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    readings: Mapping[str, Reading]
    image: ImageScale | None
    covers: tuple[str, ...] = ()
    spec: str = ""
    settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exact_rate: bool = False


@dataclass(frozen=True)
class Origin:
    """The bundled network that a format's weights are for."""

    spec: str
    settings: tuple[str, ...]
    covers: tuple[str, ...]
    exact_rate: bool = False


@dataclass(frozen=True)
class Contents:
    """Tensors of a file before they have their places: `place` puts them into the graph of a bundled network, `spec`
    with `settings`. Its output stride is that of the network that is wanted, so that dilation can be compared."""

    file: str
    tensors: Mapping[str, Array]
    origin: Origin
    place: Callable[[Placing], None]
    output_stride: int | None = None

    @property
    def spec(self) -> str:
        """The bundled network's name."""
        return self.origin.spec

    @property
    def settings(self) -> tuple[str, ...]:
        """Its settings."""
        stride = () if self.output_stride is None else (f"output_stride={self.output_stride}",)
        return (*self.origin.settings, *stride)

    def holding(self, graph: Graph) -> Holding:
        """The arrays of the bundled network's graph.

        Raises `UserError` unless every tensor has its place and every array of the covered sections its tensor.
        """
        origin, placing = self.origin, Placing(self.tensors, graph)
        self.place(placing)
        remedy = f"It must be of the network {origin.spec} {' '.join(origin.settings)}"
        refuse(self.file, placing.faults(origin.covers), remedy)
        parts = graph_parts(graph)
        return Holding(
            placing.arrays,
            placing.sources,
            placing.skipped,
            read_parts(parts),
            image_scale(parts),
            origin.covers,
            origin.spec,
            origin.settings,
            tuple(placing.notes),
            origin.exact_rate,
        )


def refuse(file: str, facts: list[str], remedy: str) -> None:
    """Raise `UserError` with these facts about a file, when there are any."""
    if not facts:
        return
    place = Place(file)
    shown = [Fault(fact, place=place) for fact in facts[:MOST_FAULTS]]
    more = f"and {len(facts) - MOST_FAULTS} more" if len(facts) > MOST_FAULTS else f"{len(facts)} in all"
    raise UserError([*shown, Fault(f"the weights do not fit ({more})", remedy, place=place)])
