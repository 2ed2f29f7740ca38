"""Training runs, specs with weights, Keras models and `.tflite` files, opened as classifiers of whole images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from archspec.arrays import Array, Weights
from archspec.datasets import ImageForm, check_channels, class_view, image_form
from archspec.errors import Place, Problem, UserError, each_result, user_error
from archspec.export import TfliteClassifier, classifies, read_metadata
from archspec.file_kinds import KERAS, TFLITE, kind_of_file
from archspec.files import check_keras_file, is_folder, read_bytes
from archspec.graph.task import CLASSIFICATION, SEGMENTATION, Task, describe_task, task_of
from archspec.network import Network, import_weights
from archspec.record import Plain, TrainingRun
from archspec.scoring.inference import Gives, Size
from archspec.scoring.segmenters import (
    BYTES,
    RGB,
    RGB_ONLY,
    SILENT,
    SegmenterOptions,
    check_trained,
    deep_range_of,
    describe_fed,
    describe_unfinished,
    digest_of,
    file_conditions,
    name_of,
    refuse_settings,
    weights_named_by,
)

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.weights import Imported

TOP = 5  # classes that the second score looks at, and that a prediction names


class Classifier(Protocol):
    """What classifies: images `(N, H, W, C)` of its `size`, numbers from 0 to 255 -> scores `(N, classes)`, float32."""

    @property
    def gives(self) -> Gives: ...
    @property
    def classes(self) -> int: ...
    @property
    def size(self) -> Size | None: ...
    def __call__(self, images: Array) -> Array: ...


@dataclass(frozen=True)
class NamedClassifier:
    """A classifier and what its numbers are of, as a `NamedSegmenter`. `size` is what images are brought to."""

    name: str
    classifier: Classifier
    size: Size
    hash: str
    conditions: dict[str, Plain]
    spec: str = ""
    labels: tuple[str, ...] = ()
    data: str = ""
    notes: tuple[str, ...] = ()
    form: ImageForm = RGB

    def scores(self, images: Sequence[Array]) -> Array:
        """Scores `(N, classes)` of images of any size, each seen as `class_view` has it."""
        return self.classifier(np.stack([class_view(image, self.size) for image in images]))

    def probabilities(self, images: Sequence[Array]) -> Array:
        """The same as shares that add up to 1."""
        scores = self.scores(images).astype(np.float64)
        if self.classifier.gives == "probabilities":
            return scores
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        found: Array = shares / shares.sum(-1, keepdims=True)
        return found

    def class_names(self) -> tuple[str, ...]:
        """Those that it was trained on, else numbered ones."""
        count = self.classifier.classes
        return self.labels if len(self.labels) == count else tuple(f"class {number}" for number in range(count))


class NetworkClassifier:
    """A network with weights at one size, on Keras; logits, whatever the spec's own `output` is."""

    gives: Gives = "logits"

    def __init__(self, network: Network, weights: Weights, size: Size) -> None:
        from archspec.lower import KerasClassifier

        changes = {"input.size": list(size), "output": "logits"}
        sized = network.changed(changes)
        self._model = sized.to_keras(output="spec", weights=weights)
        self._run = KerasClassifier(self._model, channels=(network.expanded.channels,))
        self.classes = self._run.classes
        self.size: Size | None = size

    def set_weights(self, weights: Weights) -> None:
        """Other weights of the same network."""
        from archspec.lower import set_weights

        set_weights(self._model, weights)

    def __call__(self, images: Array) -> Array:
        return self._run(images)


def task_of_source(source: str | Network, catalog: Catalog) -> Task:
    """What a network, a run's folder, a spec, a `.keras` or a `.tflite` file does; of a `.keras` Keras is asked.

    Raises `UserError` for what cannot be opened.
    """
    if isinstance(source, Network):
        return task_of(source.graph)
    kind = kind_of_file(source)
    if kind == TFLITE:
        try:
            return CLASSIFICATION if classifies(read_bytes(source)) else SEGMENTATION
        except Problem as problem:
            raise UserError(problem.at(Place(source))) from problem
    if kind == KERAS:
        from archspec import lower

        return CLASSIFICATION if len(lower.load_keras(Path(source)).outputs[0].shape) <= 2 else SEGMENTATION
    if is_folder(source):
        run = TrainingRun(Path(source))
        return SEGMENTATION if run.missing else task_of(Network.load(run.spec, catalog=catalog).graph)
    if Path(source).suffix.lower() in (".tflite", ".keras"):
        return SEGMENTATION  # opening it says what is wrong with it
    return task_of(Network.load(source, catalog=catalog).graph)


def open_classifiers(
    sources: Sequence[str | Network], catalog: Catalog, options: SegmenterOptions
) -> list[NamedClassifier]:
    """The classifier of each source. Raises `UserError` with all faults."""
    return each_result(lambda source: open_classifier(source, catalog, options), sources)


def open_classifier(source: str | Network, catalog: Catalog, options: SegmenterOptions) -> NamedClassifier:
    """The classifier of a network, a run's folder, a spec, a `.keras` or a `.tflite` file. Raises `UserError`."""
    name = source.name if isinstance(source, Network) else source
    if task_of_source(source, catalog) != CLASSIFICATION:
        fact = f"gives {describe_task(SEGMENTATION)}, and the data have {describe_task(CLASSIFICATION)}"
        raise user_error(fact, "Name a classifier, or data with label maps", place=Place(name))
    if isinstance(source, Network):
        return _weighted(source, Place(name), options)
    kind, path = kind_of_file(source), Path(source)
    try:
        if kind == TFLITE:
            return _tflite(path, options)
        if kind == KERAS:
            return _keras(path, options)
        if is_folder(path):
            return _run(path, catalog, options)
        return _weighted(Network.load(source, options.overrides, catalog=catalog), Place(source), options)
    except Problem as problem:
        raise UserError(problem.at(Place(source))) from problem


def _tflite(path: Path, options: SegmenterOptions) -> NamedClassifier:
    content = read_bytes(path)
    refuse_settings(path, options)
    network = TfliteClassifier(
        content, threads=options.threads, image_range=options.image_range, channels=options.channels or RGB_ONLY
    )
    metadata = read_metadata(content)
    own = metadata.own
    precision = str(own.get("precision", "not known"))
    conditions = file_conditions(path, content, precision, "LiteRT", network.image_range)
    silent = own and options.image_range is None
    return NamedClassifier(
        name_of(path), network, network.size, str(own.get("hash") or digest_of(content)), conditions,
        str(own.get("spec") or ""), metadata.labels,
        notes=() if silent else (describe_fed(network.image_range, network.image_range_source),),
        form=ImageForm(network.channels, deep_range_of(own.get("input"))),
    )  # fmt: skip


def _keras(path: Path, options: SegmenterOptions) -> NamedClassifier:
    content = read_bytes(path)
    refuse_settings(path, options)
    check_keras_file(path)
    from archspec import lower

    black, white = options.image_range or BYTES
    network = lower.KerasClassifier(
        lower.load_keras(path), image_range=(black, white), channels=options.channels or RGB_ONLY
    )
    if network.size is None:
        raise Problem("leaves the size of its image open", "Save it for one size")
    conditions = file_conditions(path, content, "float32", "Keras", (black, white))
    note = describe_fed((black, white), SILENT if options.image_range is None else "as asked")
    return NamedClassifier(
        name_of(path), network, network.size, digest_of(content), conditions, notes=(note,),
        form=ImageForm(network.channels),
    )  # fmt: skip


def _run(folder: Path, catalog: Catalog, options: SegmenterOptions) -> NamedClassifier:
    run = TrainingRun(folder)
    network = Network.load(run.spec, options.overrides, catalog=catalog)
    stride = network.expanded.output_stride
    found = import_weights(run.weights, "archspec_npz", network.graph, output_stride=stride)
    facts = run.facts()
    more = describe_unfinished(facts.state)
    return _of_network(
        folder.resolve().name, network, found, Place(str(run.weights)), options, facts.classes, facts.data, more
    )


def _weighted(network: Network, place: Place, options: SegmenterOptions) -> NamedClassifier:
    return _of_network(network.name, network, weights_named_by(network, place), place, options)


def _of_network(
    name: str,
    network: Network,
    found: Imported,
    place: Place,
    options: SegmenterOptions,
    labels: tuple[str, ...] = (),
    data: str = "",
    notes: tuple[str, ...] = (),
    make: Callable[[Network, Weights, Size], Classifier] = NetworkClassifier,
) -> NamedClassifier:
    check_channels(network.spec, options.channels)
    check_trained(found, place, options)
    size = options.size or network.expanded.input_size
    conditions: dict[str, Plain] = {
        "weights": found.describe(""),
        "weights_digest": found.digest,
        "precision": "float32",
        "runtime": "Keras",
        "input_size": f"{size[0]}x{size[1]}",
    }
    return NamedClassifier(
        name, make(network, found.arrays, size), size, network.hash, conditions, network.text, labels, data,
        (*notes, *found.notes), image_form(network.spec),
    )  # fmt: skip
