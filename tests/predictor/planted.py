"""A device whose operators and networks take planted times, and small networks to calibrate it on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from archspec.devices import Machine, Model, Sample, System
from archspec.export import take_census
from archspec.graph import layers
from archspec.network import Network
from archspec.spec import load
from tests.graph.nets import finish, image

REFERENCE = Model("reference", b"reference")
SPEC = load("shufflenetv2_basic")  # of which the networks have nothing but the name
CALL_MS, PER_NUMBER_MS, COLD = 0.002, 1e-6, 1.25


@dataclass
class PlantedSession:
    """The first of a turn's runs is slower by a quarter; `pace` drifts with every session that is opened."""

    duration_ms: float
    system: System
    init_ms: float = 0.0
    first_ms: float = 0.0

    def warm(self, seconds: float) -> tuple[int, float]:
        return 0, seconds

    def run(self, runs: int) -> Sequence[Sample]:
        first = Sample(100.0, self.duration_ms * COLD)  # the clock on the wall tells nothing
        return [first, *(Sample(100.0, self.duration_ms) for _ in range(runs - 1))]

    def close(self) -> None:
        pass


@dataclass
class PlantedDevice:
    """An operator takes a call and a time for each number it touches; a network takes one call, and 1.2 times that.

    `fails_after` models the device is gone. Each group of models runs at a pace of its own.
    """

    fingerprint: str = "f00d"
    fails_after: float = float("inf")
    delegate: str | None = None
    name: str = "planted"
    opened: list[str] = field(default_factory=list)
    pace: float = 1.0

    def machine(self) -> Machine:
        return Machine(self.fingerprint, "A processor", 2, "planted", "Planted", "1", 2)

    def open(self, model: Model, *, threads: int) -> PlantedSession:
        if model.name == "reference":
            self.pace *= 1.1
            return PlantedSession(5 * self.pace, System("Planted", "1", self.delegate))
        if len(self.opened) >= self.fails_after:
            raise KeyboardInterrupt
        self.opened.append(model.name)
        return PlantedSession(self.pace * planted_ms(model.content), System("Planted", "1"))


def planted_ms(content: bytes) -> float:
    census = take_census(content)
    numbers = 0
    for node in census.nodes:
        numbers += sum(prod(tensor.shape) for tensor in (*node.inputs, *node.outputs))
    alone = len(census.nodes) == 1
    return CALL_MS + (1 if alone else 1.2) * PER_NUMBER_MS * numbers


def network(size: int, filters: int) -> Network:
    x = image(size, size, 8)
    x = layers.Conv2D(filters, 3, padding="same", name="wide")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="deep")(x)
    graph = finish(layers.Conv2D(2 * filters, 1, padding="same", name="point")(x))
    return Network(SPEC, graph=graph)
