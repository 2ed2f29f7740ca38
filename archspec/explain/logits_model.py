"""What `archspec explain` is given, as a Keras model that ends in logits: a training run, a `.keras` file, a spec."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.arrays import Array
from archspec.datasets import RGB, ImageForm, describe_channels
from archspec.errors import Place, nearest, user_error
from archspec.files import check_keras_file, is_folder
from archspec.graph.task import check_segments
from archspec.network import Network, import_weights
from archspec.record import TrainingRun

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.graph import Graph


FOR_GRADIENTS = ("output=logits", "input.dtype=float32")  # a label has no gradient, nor has an integer


class Images(NamedTuple):
    """What is known of the images: `channels` that they can be read as, and whether some are not grey."""

    channels: tuple[int, ...]
    colours: bool = False


GREY_OR_RGB = Images((1, RGB))


@dataclass(frozen=True)
class LogitsModel:
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
    deep_range: tuple[float, float] | None = None

    @property
    def form(self) -> ImageForm:
        """How image files are read for it."""
        return ImageForm(self.channels, self.deep_range)

    @property
    def reads_rgb(self) -> bool:
        """Whether images are read for it as they are for people: RGB (which may be made grey), of 8 bits."""
        return self.channels in GREY_OR_RGB.channels and self.deep_range is None

    @property
    def channels(self) -> int:
        return int(self.model.input.shape[-1])

    @property
    def align_corners(self) -> bool:
        """How the network resizes its logits itself."""
        from archspec import lower

        return lower.aligns_corners(self.model)

    @property
    def classes(self) -> int:
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
    images: Images = GREY_OR_RGB
    deep_range: tuple[float, float] | None = None

    @property
    def classes(self) -> int | None:
        return None if self.graph is None else self.graph.outputs[0].channels

    def check_layer(self, layer: str) -> None:
        """Raise `UserError` for a layer that the network does not have, or may not have."""
        names = [] if self.graph is None else [node.name for node in self.graph.nodes]
        if self.graph is None or layer in names or any(name.startswith(f"{layer}.") for name in names):
            return  # what its output is, the model tells
        raise user_error(f"the network has no layer '{layer}'", nearest(layer, names), place=Place("--layer"))

    def opened(self) -> LogitsModel:
        if self.graph is None:
            return _open_keras(self.file, self.images)
        from archspec import lower

        model, size = lower.to_keras(self.graph, self.weights), self.graph.inputs[0].size
        return LogitsModel(
            self.graph.name, model, size, self.weights_said, self.notes, self.class_names, self.deep_range
        )


def open_network(
    source: str, overrides: tuple[str, ...], catalog: Catalog, seed: int = 0, *, images: Images = GREY_OR_RGB
) -> LogitsModel:
    """A run's folder, a `.keras` file, or a spec (a path, or a bundled name). Raises `UserError`.

    A spec has the weights that it names, else fresh ones of `seed`, which is said. `images` are what it is for.
    """
    return find_network(source, overrides, catalog, seed, images=images).opened()


def find_network(
    source: str, overrides: tuple[str, ...], catalog: Catalog, seed: int = 0, *, images: Images = GREY_OR_RGB
) -> FoundNetwork:
    """The same before it is opened. Raises `UserError` for everything that can be known without TensorFlow."""
    path = Path(source)
    if path.suffix == ".keras":
        if overrides:
            raise user_error("a .keras file has no spec to change", "Leave out --set", place=Place(source))
        check_keras_file(path)
        return FoundNetwork(path.stem, path, images=images)
    if is_folder(path):
        return _find_run(path, overrides, catalog, images)
    network = Network.load(source, (*overrides, *FOR_GRADIENTS), catalog=catalog)
    _check_graph(network.graph, images)
    return FoundNetwork(
        network.name, path, network.graph, network.weights_from(seed), network.describe_weights(seed),
        deep_range=network.expanded.deep_range,
    )  # fmt: skip


def _find_run(folder: Path, overrides: tuple[str, ...], catalog: Catalog, images: Images) -> FoundNetwork:
    """Its own weights, whatever the spec began with."""
    run = TrainingRun(folder)
    facts = run.facts()
    if run.missing:
        state = "" if facts.state == "finished" else f"; the run is {facts.state}"
        fact = f"no folder of a finished training run (no {' and no '.join(run.missing)}{state})"
        raise user_error(fact, "Name a run, a .keras file or a spec", place=Place(str(folder)))
    network = Network.load(run.spec, (*overrides, *FOR_GRADIENTS), catalog=catalog)
    graph, stride = network.graph, network.expanded.output_stride
    _check_graph(graph, images)
    found = import_weights(run.weights, "archspec_npz", graph, output_stride=stride)
    if found.fresh:
        fact = f"{len(found.fresh)} arrays of the network are not in it (the first is '{next(iter(found.fresh))}')"
        raise user_error(fact, "Was the training cut short?", place=Place(str(run.weights)))
    return FoundNetwork(
        graph.name, folder, graph, dict(found.arrays), found.describe(""), found.notes, facts.classes,
        deep_range=network.expanded.deep_range,
    )  # fmt: skip


def _check_graph(graph: Graph, images: Images) -> None:
    check_segments(graph, "explaining (archspec explain, report --data)", Place(graph.name))
    _check_channels(graph.name, graph.inputs[0].channels, images)
    if len(graph.outputs[0].shape) != 3:
        raise user_error(f"gives {list(graph.outputs[0].shape)}, not a map of logits", place=Place(graph.name))
    if graph.outputs[0].channels == 1:
        fact = "gives a single score, and what speaks for a class is asked of networks of several"
        raise user_error(fact, "Explain one of classes: 2", place=Place(graph.name))


def _open_keras(path: Path, images: Images) -> LogitsModel:
    from archspec import lower

    model, notes = in_float32(ending_in_logits(lower.load_keras(path), str(path)))
    height, width, channels = model.input.shape[1:]
    _check_channels(str(path), channels, images)
    size = None if height is None or width is None else (height, width)
    fed = f"{path} is fed 0 to 255 for black to white (the file does not say)"
    return LogitsModel(model.name, model, size, f"of {path}", (*notes, fed))


def _check_channels(name: str, channels: int, images: Images) -> None:
    if channels in images.channels or (channels == 1 and RGB in images.channels and not images.colours):
        return
    fact = f"reads images of {channels} channel{'' if channels == 1 else 's'}, and the images have "
    if channels == 1 and RGB in images.channels:
        raise user_error(
            f"{fact}colours (3 channels)", "Give grey images, or a network of 3 channels", place=Place(name)
        )
    raise user_error(f"{fact}{describe_channels(images.channels)}", "Give images that it reads", place=Place(name))


def ending_in_logits(model: Any, name: str) -> Any:
    """The model without the layers that make labels or probabilities of its logits.

    Raises `UserError` for what is not one image to one map `(N, h, w, classes)`, or has no logits.
    """
    from archspec.lower import keras
    from archspec.lower.layers import own_layer

    place = Place(name)
    image, end = _ends(model, place)
    origins = _origins(model)
    while isinstance(origins[id(end)].layer, own_layer("ArgMax") | keras.layers.Softmax):
        end = origins[id(end)].inputs[0]
    if len(end.shape) != 4 or "float" not in str(end.dtype):
        fact = f"gives {list(end.shape)} of {end.dtype}, not logits (N, H, W, classes)"
        raise user_error(fact, "Save the model with its logits for output", place=place)
    _make_linear(origins[id(end)].layer, place)
    if end is model.outputs[0] and not isinstance(model, keras.Sequential):
        return model
    return keras.Model(image, end, name=model.name)


def _ends(model: Any, place: Place) -> tuple[Any, Any]:
    """The image that comes in and the tensor that goes out."""
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4:
        fact = f"has {len(inputs)} inputs and {len(outputs)} outputs that Keras knows of"
        raise user_error(fact, "A functional model of one image and one output can be explained", place=place)
    return inputs[0], outputs[0]


def _make_linear(last: Any, place: Place) -> None:
    """The last layer without its softmax. It is of the model just loaded, so nobody else's."""
    from archspec.lower import keras

    activation = getattr(last, "activation", keras.activations.linear)
    if activation in (keras.activations.softmax, keras.activations.sigmoid):
        last.activation = keras.activations.linear
    elif activation is not keras.activations.linear and last.weights:
        fact = f"ends in the activation {getattr(activation, '__name__', activation)}, so it has no logits"
        raise user_error(fact, "Save the model with its logits for output", place=place)


def in_float32(model: Any) -> tuple[Any, tuple[str, ...]]:
    """The model, or the same one in float32, and a note: what tf-keras-vis resizes maps with knows no bfloat16."""
    from archspec.lower import keras

    found = {layer.compute_dtype for layer in model.layers} - {"float32"}
    if not found:
        return model, ()

    def plain(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    again = keras.models.clone_model(model, clone_function=plain)
    again.set_weights(model.get_weights())
    return again, (f"computed in float32, not in {', '.join(sorted(found))} as the model was saved",)


def last_features(model: Any) -> str:
    """The layer that gives the last feature map: what the classifier reads, before dropout.

    Back from the logits through all that resizes, adds or normalises scores, to the convolutions that make scores of
    features. Of several (a skip network has one at each stride) it is the one whose features come last.
    """
    origins, classes = _origins(model), model.outputs[0].shape[-1]
    features: list[Any] = []
    stack = [model.outputs[0]]
    while stack:
        origin = origins[id(stack.pop())]
        (features if _makes_scores(origin, classes) else stack).extend(origin.inputs)
    found = [_before_dropout(origins[id(tensor)], origins).layer for tensor in features]
    return str(max(found, key=model.layers.index).name) if found else str(model.layers[-1].name)


def check_layer(model: Any, name: str) -> str:
    """The name of a layer whose output is a map `(N, h, w, C)` of numbers. Raises `UserError`."""
    place = Place("--layer")
    maps = [layer.name for layer in model.layers if _gives_a_map(layer)]
    if name in maps:
        return name
    if any(layer.name == name for layer in model.layers):
        fact = f"layer '{name}' does not give one map (N, h, w, C) of numbers"
        remedy = "Name another; a layer that is used twice, or a model in the model, cannot be looked into"
        raise user_error(fact, remedy, place=place)
    near = [one for one in maps if one.startswith(f"{name}.")]  # a block: its last layer is meant
    remedy = f"Did you mean '{near[-1]}'?" if near else nearest(name, maps)
    raise user_error(f"the network has no layer '{name}'", remedy, place=place)


class Origin(NamedTuple):
    """The layer that makes a tensor, and what it reads for that."""

    layer: Any
    inputs: tuple[Any, ...]


def _origins(model: Any) -> dict[int, Origin]:
    """Of each tensor, by its id; a layer may be used several times. Of `Unread` only what is read."""
    from archspec.lower.layers import own_layer

    unread = own_layer("Unread")
    return {
        id(tensor): Origin(layer, tuple(node.input_tensors[: 1 if isinstance(layer, unread) else None]))
        for layer in model.layers
        for node in layer._inbound_nodes
        for tensor in node.output_tensors
    }


def _gives_a_map(layer: Any) -> bool:
    """Not a layer used twice (which of its maps would it be?), nor a model, whose output is of a graph of its own."""
    from archspec.lower import keras

    if isinstance(layer, keras.Model):
        return False
    outputs = [tensor for node in layer._inbound_nodes for tensor in node.output_tensors]
    return len(outputs) == 1 and len(outputs[0].shape) == 4 and "float" in str(outputs[0].dtype)


def _makes_scores(origin: Origin, classes: int) -> bool:
    """A convolution from features; a transposed one from classes to classes only enlarges scores."""
    from archspec.lower import keras

    if isinstance(origin.layer, keras.layers.Conv2DTranspose):
        return bool(origin.inputs[0].shape[-1] != classes)
    return isinstance(origin.layer, keras.layers.Conv2D | keras.layers.SeparableConv2D | keras.layers.Dense)


def _before_dropout(origin: Origin, origins: dict[int, Origin]) -> Origin:
    from archspec.lower import keras

    while isinstance(origin.layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
        origin = origins[id(origin.inputs[0])]
    return origin
