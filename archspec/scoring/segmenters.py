"""Training runs, specs with weights, Keras models and `.tflite` files, opened as segmenters."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.datasets import ImageForm, check_channels, image_form
from archspec.errors import Place, Problem, UserError, each_result, user_error
from archspec.export import TfliteSegmenter, read_metadata
from archspec.files import check_keras_file, is_folder, read_bytes
from archspec.graph.task import check_segments
from archspec.network import Network, import_weights
from archspec.record import Plain, TrainingRun, make_folder
from archspec.scoring.inference import Segmenter, Size
from archspec.scoring.network_segmenter import NetworkSegmenter
from archspec.weights import Imported

if TYPE_CHECKING:
    from archspec.catalog import Catalog

BYTES = (0.0, 255.0)
RGB = ImageForm()
RGB_ONLY = (RGB.channels,)
SILENT = "the file does not say"


@dataclass(frozen=True)
class NamedSegmenter:
    """A segmenter and what its numbers are of: `hash` of the network or of the file, `spec` its text.

    `conditions` are what the numbers depend on, beside data and viewing; `notes` say it in words; `labels` name the
    classes and `data` the data set that it was trained on, where that is known. `image_range` is what it is fed for
    black and white, `form` how image files are read for it.
    """

    name: str
    segmenter: Segmenter
    hash: str
    conditions: dict[str, Plain]
    spec: str = ""
    labels: tuple[str, ...] = ()
    data: str = ""
    remarks: Callable[[], tuple[str, ...]] = tuple
    image_range: tuple[float, float] = BYTES
    form: ImageForm = RGB

    def describe_image_range(self) -> str:
        """The values that black and white are fed as: `[-1, 1]`."""
        black, white = self.image_range
        return f"[{black:g}, {white:g}]"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know; complete after the last image."""
        return self.remarks()


@dataclass(frozen=True, slots=True)
class SegmenterOptions:
    """How a segmenter is opened. `size` builds a spec for images of one size (None: of any).

    `image_range` is what a float model takes for black and white (None: what it says of itself, else 0 and 255).
    `threads` are LiteRT's. A spec's sides are padded up to the next multiple of `multiple`. `channels` are those that
    the images can be read as, where that is known.
    """

    overrides: tuple[str, ...] = ()
    size: Size | None = None
    image_range: tuple[float, float] | None = None
    threads: int = 1
    multiple: int = 1
    channels: tuple[int, ...] = ()


def open_segmenters(
    sources: Sequence[str | Network], catalog: Catalog, options: SegmenterOptions
) -> list[NamedSegmenter]:
    """The segmenter of each source; the second of two equal names is `<name>-2`. Raises `UserError` with all faults."""
    found = each_result(lambda source: open_segmenter(source, catalog, options), sources)
    seen: Counter[str] = Counter()
    for number, one in enumerate(found):
        seen[one.name] += 1
        if seen[one.name] > 1:
            found[number] = replace(one, name=f"{one.name}-{seen[one.name]}")
    return found


def open_segmenter(source: str | Network, catalog: Catalog, options: SegmenterOptions) -> NamedSegmenter:
    """The segmenter of a network, a run's folder, a spec, a `.keras` or a `.tflite` file.

    Raises `UserError` with its name.
    """
    if isinstance(source, Network):
        return _weighted(source, Place(source.name), options)
    path = Path(source)
    try:
        if path.suffix.lower() == ".tflite":
            return _tflite(path, options)
        if path.suffix.lower() == ".keras":
            return _keras(path, options)
        if is_folder(path):
            return _run(path, catalog, options)
        return _weighted(Network.load(source, options.overrides, catalog=catalog), Place(source), options)
    except Problem as problem:
        raise UserError(problem.at(Place(source))) from problem


def _tflite(path: Path, options: SegmenterOptions) -> NamedSegmenter:
    content = read_bytes(path, remedy="Name a .tflite file")
    if options.overrides:
        refuse_settings(path, options)
    network = TfliteSegmenter(
        content, threads=options.threads, image_range=options.image_range, size=options.size,
        channels=options.channels or RGB_ONLY,
    )  # fmt: skip
    metadata = read_metadata(content)
    own = metadata.own
    black, white = network.image_range
    precision = str(own.get("precision", "not known"))
    conditions = file_conditions(path, content, precision, "LiteRT", network.image_range)
    if options.size is not None:
        conditions["input_size"] = f"{options.size[0]}x{options.size[1]}"
    as_asked = options.image_range is not None
    notes = () if own and not as_asked else (describe_fed(network.image_range, network.image_range_source),)
    return NamedSegmenter(
        name=name_of(path),
        segmenter=network,
        hash=str(own.get("hash") or digest_of(content)),
        conditions=conditions,
        spec=str(own.get("spec") or ""),
        labels=metadata.labels,
        remarks=lambda: notes,
        image_range=(black, white),
        form=ImageForm(network.channels, deep_range_of(own.get("input"))),
    )


def _keras(path: Path, options: SegmenterOptions) -> NamedSegmenter:
    content = read_bytes(path, remedy="Name a .keras file")
    refuse_settings(path, options)
    check_keras_file(path)
    from archspec import lower

    black, white = options.image_range or BYTES
    channels = options.channels or RGB_ONLY
    network = lower.KerasSegmenter(lower.load_keras(path), image_range=(black, white), channels=channels)
    conditions = file_conditions(path, content, "float32", "Keras", (black, white))
    note = describe_fed((black, white), SILENT if options.image_range is None else "as asked")
    return NamedSegmenter(
        name_of(path), network, digest_of(content), conditions, remarks=lambda: (note,), image_range=(black, white),
        form=ImageForm(network.channels),
    )  # fmt: skip


def file_conditions(
    path: Path, content: bytes, precision: str, runtime: str, image_range: tuple[float, float]
) -> dict[str, Plain]:
    """What a score of a model in a file holds under."""
    black, white = image_range
    return {
        "file": str(path),
        "file_digest": digest_of(content),
        "precision": precision,
        "runtime": runtime,
        "image_range": f"{black:g} to {white:g}",
    }


def deep_range_of(entrance: object) -> tuple[float, float] | None:
    """What a file of ours says of images of more than 8 bits."""
    found = entrance.get("deep_range") if isinstance(entrance, dict) else None
    numbers = isinstance(found, list) and len(found) == 2 and all(isinstance(one, int | float) for one in found)
    return (float(found[0]), float(found[1])) if numbers and found and found[0] < found[1] else None


def describe_fed(image_range: tuple[float, float], how: str) -> str:
    """The range of values that a foreign model is fed, and where that is known from."""
    black, white = image_range
    other = ": --image-range 0,1 or -1,1 where it was trained on those" if how == SILENT else ""
    return f"is fed {black:g} to {white:g} for black to white ({how}{other})"


def _run(folder: Path, catalog: Catalog, options: SegmenterOptions) -> NamedSegmenter:
    run = TrainingRun(folder)
    if run.missing:
        models = sorted(file.name for file in folder.iterdir() if file.suffix in (".keras", ".tflite"))
        remedy = f"Name {folder / models[0]}" if models else "Name the folder of a training run"
        raise user_error(f"no {' and no '.join(run.missing)} in this folder", remedy, place=Place(str(folder)))
    network = Network.load(run.spec, options.overrides, catalog=catalog)
    check_channels(network.spec, options.channels)
    stride = network.expanded.output_stride
    found = import_weights(run.weights, "archspec_npz", network.graph, output_stride=stride)
    facts, place = run.facts(), Place(str(run.weights))
    named = _of_network(folder.resolve().name, network, found, place, options)
    before = named.remarks
    unfinished = describe_unfinished(facts.state)
    return replace(named, labels=facts.classes, data=facts.data, remarks=lambda: (*unfinished, *before()))


def describe_unfinished(state: str) -> tuple[str, ...]:
    """The note of a run that is scored before its end; none of a finished one."""
    return () if state == "finished" else (f"this run is not finished ({state})",)


def _weighted(network: Network, place: Place, options: SegmenterOptions) -> NamedSegmenter:
    """A network with the weights that its spec names."""
    check_channels(network.spec, options.channels)
    return _of_network(network.name, network, weights_named_by(network, place), place, options)


def weights_named_by(network: Network, place: Place) -> Imported:
    """The weights that a network's spec names. Raises `UserError` where it names none."""
    if network.imported is None:
        fact = "this spec has no weights, and the scores of a network that has learned nothing say nothing"
        raise user_error(fact, "Name them (--set weights=FILE.npz), or name a training run", place=place)
    return network.imported


def check_trained(found: Imported, place: Place, options: SegmenterOptions) -> None:
    """Raises `UserError` for weights that lack some of the network's, and for an image range that a spec sets."""
    if found.fresh:
        fact = f"{len(found.fresh)} arrays of the network are not in its weights (the first is '{min(found.fresh)}')"
        raise user_error(fact, "Train it: scores of layers that have learned nothing say nothing", place=place)
    if options.image_range not in (None, BYTES):
        raise user_error(
            "a spec says itself what is done to the image", "Leave out --image-range", place=Place(str(place))
        )


def _of_network(
    name: str, network: Network, found: Imported, place: Place, options: SegmenterOptions
) -> NamedSegmenter:
    check_segments(network.graph, "scoring label maps", place)
    check_trained(found, place, options)
    multiple = 1 if options.size else options.multiple
    segmenter = NetworkSegmenter(network, found.arrays, options.size, multiple)
    conditions: dict[str, Plain] = {
        "weights": found.describe(""),
        "weights_digest": found.digest,
        "precision": "float32",
        "runtime": "Keras",
        "output_stride": network.expanded.output_stride,
    }
    notes = found.notes
    return NamedSegmenter(
        name, segmenter, network.hash, conditions, network.text, remarks=lambda: (*notes, *segmenter.notes),
        form=image_form(network.spec),
    )  # fmt: skip


def refuse_settings(path: Path, options: SegmenterOptions) -> None:
    """Raises `UserError` for options that only a spec can be changed by."""
    asked = [option for option, value in (("--set", options.overrides), ("--size", options.size)) if value]
    if asked:
        fact = f"{' and '.join(asked)} cannot change a finished model"
        raise user_error(fact, "Name a spec or a training run, or leave it out", place=Place(str(path)))


def name_of(path: Path) -> str:
    """`<folder>/model.tflite` goes by its folder's name, any other file by its stem, both with the ending."""
    stem = path.absolute().parent.name if path.stem == "model" else path.stem
    return f"{stem}{path.suffix}"


def digest_of(content: bytes) -> str:
    """32 hexadecimal letters for the bytes of a file."""
    return hashlib.sha256(content).hexdigest()[:32]


def folders_of(root: Path, segmenters: Sequence[NamedSegmenter]) -> dict[str, Path]:
    """The folder of each segmenter by its name, as `folders_named`."""
    return folders_named(root, [one.name for one in segmenters])


def folders_named(root: Path, names: Sequence[str]) -> dict[str, Path]:
    """The folder of each network by its name: `root` for one, `root/<name>` for several; they are made.

    Raises `UserError` when one cannot be made.
    """
    if len(names) == 1:
        return {names[0]: make_folder(root)}
    return {name: make_folder(root / name.replace(".", "_")) for name in names}  # no folder looks like a model
