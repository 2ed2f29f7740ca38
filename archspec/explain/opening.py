"""What `archspec explain` is given, as a Keras model that ends in logits: a training run, a `.keras` file, a spec."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.arrays import Array
from archspec.errors import Place, nearest, user_error
from archspec.files import check_keras_file, is_folder
from archspec.network import Network
from archspec.record import TrainingRun
from archspec.weights import import_weights

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.graph import Graph

FOR_GRADIENTS = ("output=logits", "input.dtype=float32")  # a label has no gradient, nor has an integer


@dataclass(frozen=True)
class Opened:
    """`model` is flat, in float32, and gives logits `(N, h, w, classes)` for images `(N, H, W, channels)` in 0..255.

    `size` is the (height, width) it reads, None for any. `weights_said` is where its weights come from, in words.
    `class_names` are those that a run was trained on, none where they are not known.
    """

    name: str
    model: Any
    size: tuple[int, int] | None
    weights_said: str
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """Of the image."""
        return int(self.model.input.shape[-1])

    @property
    def align_corners(self) -> bool:
        """How the network resizes its logits itself."""
        from archspec import lower

        return lower.aligns_corners(self.model)

    @property
    def classes(self) -> int:
        """How many logits a pixel has."""
        return int(self.model.output.shape[-1])


@dataclass(frozen=True)
class FoundNetwork:
    """What is known of a network before TensorFlow is loaded: all but of a `.keras` file, which has no graph here."""

    name: str
    file: Path
    graph: Graph | None = None
    weights: dict[str, Array] = field(default_factory=dict)
    weights_said: str = ""
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    colours: bool = False

    @property
    def classes(self) -> int | None:
        """How many logits a pixel has."""
        return None if self.graph is None else self.graph.outputs[0].channels

    def check_layer(self, layer: str) -> None:
        """Raise `UserError` for a layer that the network does not have, or may not have."""
        names = [] if self.graph is None else [node.name for node in self.graph.nodes]
        if self.graph is None or layer in names or any(name.startswith(f"{layer}.") for name in names):
            return  # what its output is, the model tells
        raise user_error(f"the network has no layer '{layer}'", nearest(layer, names), place=Place("--layer"))

    def opened(self) -> Opened:
        """As a Keras model. Raises `UserError`."""
        if self.graph is None:
            return _open_keras(self.file, self.colours)
        return _opened(self.graph, self.weights, self.weights_said, self.notes, self.class_names)


def open_network(
    source: str, overrides: tuple[str, ...], catalog: Catalog, seed: int = 0, *, colours: bool = False
) -> Opened:
    """A run's folder, a `.keras` file, or a spec (a path, or a bundled name). Raises `UserError`.

    A spec has the weights that it names, else fresh ones of `seed`, which is said. `colours` says that it is for images
    that are not grey, which a network of one channel does not read.
    """
    return find_network(source, overrides, catalog, seed, colours=colours).opened()


def find_network(
    source: str, overrides: tuple[str, ...], catalog: Catalog, seed: int = 0, *, colours: bool = False
) -> FoundNetwork:
    """The same before it is opened. Raises `UserError` for everything that can be known without TensorFlow."""
    path = Path(source)
    if path.suffix == ".keras":
        if overrides:
            raise user_error("a .keras file has no spec to change", "Leave out --set", place=Place(source))
        check_keras_file(path)
        return FoundNetwork(path.stem, path, colours=colours)
    if is_folder(path):
        return _find_run(path, overrides, catalog, colours)
    network = Network.load(source, (*overrides, *FOR_GRADIENTS), catalog=catalog)
    _check_graph(network.graph, colours)
    return FoundNetwork(network.name, path, network.graph, network.weights_from(seed), network.describe_weights(seed))


def _find_run(folder: Path, overrides: tuple[str, ...], catalog: Catalog, colours: bool) -> FoundNetwork:
    """Its own weights, whatever the spec began with."""
    run = TrainingRun(folder)
    facts = run.facts()
    if run.missing:
        state = "" if facts.state == "finished" else f"; the run is {facts.state}"
        fact = f"no folder of a finished training run (no {' and no '.join(run.missing)}{state})"
        raise user_error(fact, "Name a run, a .keras file or a spec", place=Place(str(folder)))
    network = Network.load(run.spec, (*overrides, *FOR_GRADIENTS), catalog=catalog)
    graph, stride = network.graph, network.expanded.output_stride
    _check_graph(graph, colours)
    found = import_weights(run.weights, "archspec_npz", graph, output_stride=stride)
    if found.fresh:
        fact = f"{len(found.fresh)} arrays of the network are not in it (the first is '{next(iter(found.fresh))}')"
        raise user_error(fact, "Was the training cut short?", place=Place(str(run.weights)))
    return FoundNetwork(graph.name, folder, graph, dict(found.arrays), found.describe(""), found.notes, facts.classes)


def _check_graph(graph: Graph, colours: bool) -> None:
    _check_channels(graph.name, graph.inputs[0].channels, colours)
    if len(graph.outputs[0].shape) != 3:
        raise user_error(f"gives {list(graph.outputs[0].shape)}, not a map of logits", place=Place(graph.name))


def _opened(
    graph: Graph, weights: dict[str, Array], said: str, notes: tuple[str, ...], class_names: tuple[str, ...]
) -> Opened:
    from archspec import lower

    model = lower.to_keras(graph, weights)
    return Opened(graph.name, model, graph.inputs[0].size, said, notes, class_names)


def _open_keras(path: Path, colours: bool) -> Opened:
    from archspec import lower
    from archspec.explain.logits import ending_in_logits, in_float32

    model, notes = in_float32(ending_in_logits(lower.load_keras(path), str(path)))
    height, width, channels = model.input.shape[1:]
    _check_channels(str(path), channels, colours)
    size = None if height is None or width is None else (height, width)
    fed = f"{path} is fed 0 to 255 for black to white (the file does not say)"
    return Opened(model.name, model, size, f"of {path}", (*notes, fed))


def _check_channels(name: str, channels: int, colours: bool) -> None:
    if channels == 1 and colours:
        fact = "reads images of 1 channel, and the images have colours (3 channels)"
        raise user_error(fact, "Give grey images, or a network of 3 channels", place=Place(name))
    if channels not in (1, 3):
        fact = f"reads images of {channels} channels"
        raise user_error(fact, "Colour (3) and grey (1) can be explained", place=Place(name))
