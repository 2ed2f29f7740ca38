"""What `archspec explain` is given, as a Keras model that ends in logits: a training run, a `.keras` file, a spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.errors import Place, user_error
from archspec.files import is_folder
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.record import TrainingRun
from archspec.spec import expand, load
from archspec.weights import import_weights, spec_weights

if TYPE_CHECKING:
    import numpy as np

    from archspec.catalog import Catalog
    from archspec.graph import Graph

    Weights = dict[str, np.ndarray[Any, Any]]

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


def open_network(source: str, overrides: tuple[str, ...], catalog: Catalog, seed: int = 0) -> Opened:
    """A run's folder, a `.keras` file, or a spec (a path, or a bundled name). Raises `UserError`.

    A spec has the weights that it names, else fresh ones of `seed`, which is said.
    """
    path = Path(source)
    if path.suffix == ".keras":
        if overrides:
            raise user_error("a .keras file has no spec to change", "Leave out --set", place=Place(source))
        return _open_keras(path)
    if is_folder(path):
        return _open_run(path, overrides, catalog)
    spec = load(source, (*overrides, *FOR_GRADIENTS), catalog=catalog)
    network = expand(spec)
    graph = trace(network, catalog)
    fresh = f"freshly initialised, seed {seed}"
    imported = spec_weights(network, graph)
    if imported is None:
        return _opened(graph, initialise(graph, seed), fresh)
    return _opened(graph, imported.complete(graph, seed), imported.said(fresh))


def _open_run(folder: Path, overrides: tuple[str, ...], catalog: Catalog) -> Opened:
    """Its own weights, whatever the spec began with."""
    run = TrainingRun(folder)
    facts = run.facts()
    if run.missing:
        state = "" if facts.state == "finished" else f"; the run is {facts.state}"
        fact = f"no folder of a finished training run (no {' and no '.join(run.missing)}{state})"
        raise user_error(fact, "Name a run, a .keras file or a spec", place=Place(str(folder)))
    network = expand(load(run.spec, (*overrides, *FOR_GRADIENTS), catalog=catalog))
    graph = trace(network, catalog)
    found = import_weights(run.weights, "archspec_npz", graph, output_stride=network.output_stride)
    if found.fresh:
        fact = f"{len(found.fresh)} arrays of the network are not in it (the first is '{next(iter(found.fresh))}')"
        raise user_error(fact, "Was the training cut short?", place=Place(str(run.weights)))
    return _opened(graph, dict(found.arrays), found.said(""), found.notes, facts.classes)


def _opened(
    graph: Graph, weights: Weights, said: str, notes: tuple[str, ...] = (), class_names: tuple[str, ...] = ()
) -> Opened:
    from archspec import lower

    image = graph.inputs[0]
    _check_channels(graph.name, image.channels)
    model = lower.to_keras(graph, weights)
    if len(graph.outputs[0].shape) != 3:
        raise user_error(f"gives {list(graph.outputs[0].shape)}, not a map of logits", place=Place(graph.name))
    return Opened(graph.name, model, image.size, said, notes, class_names)


def _open_keras(path: Path) -> Opened:
    from archspec import lower
    from archspec.explain.logits import ending_in_logits, in_float32

    model, notes = in_float32(ending_in_logits(lower.load_keras(path), str(path)))
    height, width, channels = model.input.shape[1:]
    _check_channels(str(path), channels)
    size = None if height is None or width is None else (height, width)
    return Opened(model.name, model, size, f"of {path}", notes)


def _check_channels(name: str, channels: int) -> None:
    if channels not in (1, 3):
        fact = f"reads images of {channels} channels"
        raise user_error(fact, "Colour (3) and grey (1) can be explained", place=Place(name))
