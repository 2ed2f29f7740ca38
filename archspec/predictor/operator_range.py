"""Operators that the sampled networks of a calibration lack: those of every bundled spec, and of every further layer.

So a table knows at least something of whatever the exporter can write, and a prediction is never refused for want of
one operator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from archspec.catalog import Catalog
from archspec.graph import Graph, layers
from archspec.graph.layers.activation import NAMES as ACTIVATIONS
from archspec.graph.program import build_program
from archspec.graph.trace import trace
from archspec.predictor import Signature, signatures
from archspec.predictor.features import family
from archspec.predictor.prediction import ENOUGH_ENTRIES
from archspec.spec import expand, load

SHRINKINGS = (4, 8)  # a law of growth needs several sizes, and full-size networks would take too long
STEP = 8  # sizes stay multiples of it, as transposed convolutions need
LAYER_MAPS = ((32, 32, 64), (64, 64, 32), (96, 96, 19), (128, 128, 32))


def further_operators(known: Iterable[Signature], graphs: Iterable[Graph] | None = None) -> list[Signature]:
    """What these graphs (None: bundled specs and single layers) export in families of which `known` has too few to
    interpolate within them."""
    known = set(known)
    found = Counter(map(family, known))
    asked = (one for graph in (_graphs() if graphs is None else graphs) for one in signatures(build_program(graph)))
    return [one for one in dict.fromkeys(asked) if one not in known and found[family(one)] < ENOUGH_ENTRIES]


def _graphs() -> Iterator[Graph]:
    catalog = Catalog()
    for name in catalog.specs():
        for shrinking in SHRINKINGS:
            yield _shrunk(name, catalog, shrinking)
    for shape in LAYER_MAPS:
        yield _every_layer(shape)


def _shrunk(name: str, catalog: Catalog, shrinking: int) -> Graph:
    """A bundled network at a fraction of its height and width."""
    whole = expand(load(name, catalog=catalog))
    sides = [max(4 * STEP, round(side / shrinking / STEP) * STEP) for side in whole.input_size]
    return trace(expand(load(name, [f"input.size=[{sides[0]},{sides[1]}]"], catalog=catalog)), catalog)


def _every_layer(shape: tuple[int, int, int]) -> Graph:
    """Layers that no bundled spec has, each on the same map."""
    graph = Graph("layers")
    image = layers.Input(shape, "uint8", name="image").enter(graph)
    x = layers.MaxPooling2D(2, name="pool")(layers.Rescaling(1 / 255, name="rescaling")(image))
    found = [layers.Activation(name, name=name)(x) for name in ACTIVATIONS]
    found.append(layers.ReLU(name="relu")(x))
    found.append(layers.ReLU(6, name="relu6")(x))
    found.append(layers.ReLU(negative_slope=0.1, name="leaky_relu")(x))
    found.append(layers.Softmax(name="softmax")(layers.ChannelReverse(name="reverse")(x)))
    found.append(layers.Resize(shape[:2], stride=1, interpolation="nearest", name="nearest")(x))
    graph.finish(found)
    return graph
