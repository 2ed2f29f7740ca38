"""A folder to hand over: the `.tflite` with labels and metadata, its spec, every number as a record, a model card."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.catalog import Catalog
from archspec.errors import Place, UserError, user_error
from archspec.files import is_file, read_bytes
from archspec.graph import gives_masks
from archspec.graph.task import CLASSIFICATION, task_of
from archspec.keras_model import with_models_in
from archspec.ledger import KnownNumbers, read_records_today
from archspec.measures import Build, BuildOptions, build_records
from archspec.network import Network
from archspec.record import (
    Record,
    TrainingRun,
    check_folder,
    make_folder,
    note_plugins,
    read_digests,
    read_records,
    records_text,
    replacing_folder,
    shell_command,
    write_bytes,
    write_records,
    write_text,
)
from archspec.report._subject import held_under, shown_metric
from archspec.reporters import Cell, Column, Table, markdown_text, render
from archspec.spec import Spec, dump_plain, load
from archspec.weights import save_weights

MODEL, SPEC, LABELS, RECORD, CARD = "model.tflite", "spec.yaml", "labels.txt", "record.json", "MODEL_CARD.md"
WEIGHTS = "weights.npz"


@dataclass(frozen=True)
class Source:
    """What is handed over: a spec, and for a training run its classes, data and scores."""

    spec: Spec
    classes: tuple[str, ...] = ()
    data: str = ""
    records: tuple[Record, ...] = ()


def source_of(what: str, overrides: tuple[str, ...], catalog: Catalog) -> Source:
    """A training run's folder, or a spec. Raises `UserError` for a run that is not finished."""
    run = TrainingRun(Path(what))
    if not is_file(run.folder / "run.json"):
        return Source(load(what, overrides, catalog=catalog))
    facts = run.facts()
    if facts.state != "finished" or run.missing:
        fact = f"this run is {facts.state}" if facts.state != "finished" else f"no {', '.join(run.missing)} in this run"
        raise user_error(fact, f"Finish it: {shell_command('train', '--resume', what)}", place=Place(what))
    file = run.folder / "record.json"
    records = read_records_today(file) if is_file(file) else ()
    spec, classes = load(run.spec, overrides, catalog=catalog), facts.classes
    if spec.values["classes"] == 1:
        classes = classes[-1:]  # the only score is the foreground's
    return Source(spec, classes, facts.data, records)


def hand_over(
    source: Source,
    folder: Path,
    catalog: Catalog,
    options: BuildOptions,
    *,
    prove: bool = True,
    force: bool = False,
    ledger: KnownNumbers | None = None,
    said: Callable[[str], None] = lambda text: None,
) -> Build:
    """Write the folder, whole or not at all; the build that it was made by.

    `prove`: the file's logits are held against the Keras model's, which takes TensorFlow. Raises `UserError` for a
    folder that is there without `force`, and for a file that is not equal.
    """
    if os.path.lexists(folder) and not force:
        raise user_error(
            "there is something of that name already", "Take another, or --force", place=Place(str(folder))
        )
    check_folder(folder)
    make_folder(folder.parent)
    with replacing_folder(folder, _check_ours) as here:
        network = _with_weights_in(here, Network(source.spec), options.seed)
        build = Build(network, here / "build", options, ledger)
        said("writing the .tflite")
        write_bytes(here / MODEL, build.exported.data)
        if options.latency != "none":
            said("measuring its latency")
            build.measure()
        if prove:
            said("comparing it with the Keras model")
            build.compare()
        shutil.rmtree(here / "build", ignore_errors=True)
        records = (*build_records(build), *source.records)
        note_plugins(here, catalog.plugins)
        write_text(here / SPEC, network.text)
        if source.classes:
            write_text(here / LABELS, "\n".join(source.classes) + "\n")
        write_text(here / CARD, model_card(build, source.classes, source.data, source.records))
        build.keep(records)
        write_records(here / RECORD, records, {file.name: _digest(file) for file in sorted(here.iterdir())})
    return build


def _with_weights_in(folder: Path, network: Network, seed: int) -> Network:
    """Trained weights go into the folder, and the spec names them there: no path of this machine is handed over."""
    imported = network.imported
    if imported is None:
        return network
    save_weights(folder / WEIGHTS, network.weights_from(seed), network.graph, source=imported.format)
    renamed = replace(imported, file=Path(imported.file).name)
    values = with_models_in(folder, network.spec.values)
    return network.with_weights(renamed, text=dump_plain({**values, "weights": WEIGHTS}))


def _check_ours(folder: Path) -> None:
    """Raise `UserError` unless every file in the folder was written by `hand_over`, and is as it was written."""
    here = sorted(entry.name for entry in folder.iterdir())
    known = _known_files(folder) if here else {}
    wrong = next((name for name in here if name not in known), "")
    fact = f"holds '{wrong}', which archspec export did not write"
    if not wrong:
        wrong = next((name for name in here if known[name] not in ("", _digest(folder / name))), "")
        fact = f"'{wrong}' was changed after archspec export wrote it"
    if wrong:
        raise user_error(fact, "Name another folder, or move this one away", place=Place(str(folder)))


def _known_files(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that the folder's record lists, and of the record '', if it is unchanged."""
    record = folder / RECORD
    if not is_file(record) or record.is_symlink():
        return {}
    try:
        records, files = read_records(record), read_digests(record)
    except UserError:
        return {}
    unchanged = records_text(records, files).encode() == read_bytes(record)
    return {**files, RECORD: ""} if files and unchanged else {}


def _digest(file: Path) -> str:
    """SHA-256 of a regular file; of anything else a word that no record has."""
    return hashlib.sha256(read_bytes(file)).hexdigest() if is_file(file) and not file.is_symlink() else "no file"


SNIPPET = """import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

interpreter = Interpreter("model.tflite")
interpreter.allocate_tensors()
given, found = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
height, width = given["shape"][1:3]
{read}
scale, zero = given["quantization"]
if given["dtype"] == np.int8:
    values = np.clip(np.round(values / scale + zero), -128, 127)
interpreter.set_tensor(given["index"], values.astype(given["dtype"]))
interpreter.invoke()
{answer}
"""
LABEL_MAP = """labels = interpreter.get_tensor(found["index"])[0]
labels = labels.argmax(-1) if labels.ndim == 3 else labels  # (height, width), the class of each pixel"""
LABEL = """label = interpreter.get_tensor(found["index"])[0]
label = int(label.argmax() if np.ndim(label) else label)  # the class of the image, a line of labels.txt from 0"""
MASKS = """probabilities = interpreter.get_tensor(found["index"])[0].astype(np.float32)
scale, zero = found["quantization"]
probabilities = (probabilities - zero) * scale if scale else probabilities
masks = probabilities > 0.5  # (height, width, classes), whether each class holds at a pixel"""
READ_IMAGE = """image = ImageOps.exif_transpose(Image.open("IMAGE"))  # as viewers show it
image = image.convert("{mode}").resize((int(width), int(height)))
values = np.asarray(image, np.float32).reshape(given["shape"])"""
READ_ARRAY = """values = np.load("IMAGE")  # numbers from 0 to 255, (height, width, {channels}), of the network's size
values = np.asarray(values, np.float32).reshape(given["shape"])"""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
KINDS = {1: "grayscale image (1 channel)", 3: "RGB image"}
SCORES = ("val_miou", "miou", "top1")


def model_card(build: Build, classes: Sequence[str], data: str, scores: Sequence[Record]) -> str:
    """The card. Numbers stand with the conditions they hold under; what is not known is said to be not known."""
    parts = [*_head(build), *_trained(build, classes, data, scores), *_cost(build), *_limits(build)]
    return "\n".join([*parts, *_use(build.network)])


def snippet(channels: int, answer: str = LABEL_MAP) -> str:
    """The lines of Python that use the file: a picture of 1, 3 or 4 channels, else an array of a `.npy` file."""
    mode = MODES.get(channels)
    read = READ_ARRAY.format(channels=channels) if mode is None else READ_IMAGE.format(mode=mode)
    return SNIPPET.format(read=read, answer=answer)


def _head(build: Build) -> Iterator[str]:
    network, exported = build.network.expanded, build.exported
    yield f"# {build.network.graph.name}\n"
    size = " × ".join(map(str, network.input_size))
    kind = KINDS.get(network.channels, f"image of {network.channels} channels")
    what = "Classification" if task_of(build.network.graph) == CLASSIFICATION else "Semantic segmentation"
    masks = f"{network.classes} mask{'' if network.classes == 1 else 's'}"
    into = masks if gives_masks(build.network.graph) else f"{network.classes} classes"
    yield f"{what} of one {size} {kind} into {into}."
    if network.deep_range is not None:
        low, high = network.deep_range
        yield f"Images of more than 8 bits: {low:g} to {high:g} become 0 to 255, with fractions."
    size_mb = f"{exported.size_bytes / 1e6:.3f} MB"
    yield f"`model.tflite` is {exported.precision} ({size_mb}), made by archspec from `spec.yaml`;"
    yield "`record.json` holds every number below with its conditions.\n"
    if network.source:
        yield f"Architecture: {markdown_text(network.source)}.\n"


def _trained(build: Build, classes: Sequence[str], data: str, scores: Sequence[Record]) -> Iterator[str]:
    yield "## Weights and scores\n"
    yield f"Weights: {markdown_text(build.network.describe_weights(build.options.seed))}.\n"
    if data:
        yield f"Trained on {data.partition(':')[0]}; its terms of use are those of the data.\n"
    if classes:
        yield f"Classes, in the order of the labels (`labels.txt`): {', '.join(map(markdown_text, classes))}.\n"
    whole = next((one for one in scores if shown_metric(one) in SCORES), None)
    if whole is None:
        yield "No score is known of these weights.\n"
        return
    known = sum(one.metric == "val_iou" for one in scores)
    partial = (
        f" of {known} of {len(classes)} classes"
        if shown_metric(whole) == "val_miou" and 0 < known < len(classes)
        else ""
    )
    rows: list[tuple[Cell, ...]] = [(f"mean{partial}", whole.value)]
    rows += [(str(one.conditions.get("class", "")), one.value) for one in scores if one.metric == "val_iou"]
    if whole.metric == "top1":
        rows = [("top-1 accuracy of all images", whole.value)]
        rows += [("top-5 accuracy", one.value) for one in scores if one.metric == "top5"]
        rows += [(str(one.conditions["class"]), one.value) for one in scores if one.metric == "val_accuracy"]
    found = held_under(whole)
    under = (
        f"{found.get('data', data)} {found.get('split', '')}, {found.get('images', '?')} whole images, float32 weights "
        "in Keras before export"
    )
    score = ("accuracy", "accuracy") if whole.metric == "top1" else ("iou", "IoU")
    columns = (Column("class", "class"), Column(*score, kind="number", digits=4))
    yield render(Table("", columns, tuple(rows), (under,)), "markdown")


def _cost(build: Build) -> Iterator[str]:
    sheet, latency = build.network.cost, build.latency
    yield "## Cost\n"
    rows: list[tuple[Cell, ...]] = [
        ("parameters", f"{sheet.params:,}"),
        ("GFLOPs (2 × GMACs)", f"{sheet.gflops:.3f}"),
        ("activation memory, float32 (MB)", f"{sheet.peak_memory_bytes / 1e6:.2f}"),
        ("file (MB)", f"{build.exported.size_bytes / 1e6:.3f}"),
    ]
    if latency is not None:
        machine = f"{latency.device}, {latency.machine.cpu}, {latency.system.runtime} {latency.system.version}"
        rows.append(("median latency (ms)", f"{latency.median_ms:.2f}"))
        rows.append(("measured on", f"{machine}, {latency.threads} thread(s), {latency.runs} runs"))
    yield render(Table("", (Column("what", "what"), Column("value", "value", align="right")), tuple(rows)), "markdown")
    if latency is None:
        yield "Latency was not measured for this card: `archspec latency model.tflite` does.\n"


def _limits(build: Build) -> Iterator[str]:
    yield "## Limits\n"
    agreement = build.agreement
    if agreement is None:
        yield "- The file was not held against the Keras model.\n"
    else:
        found = agreement.file
        of = "them" if task_of(build.network.graph) == CLASSIFICATION else "pixels"
        yield (
            f"- The file's logits differ from the Keras model's by {found.relative_error:.2g} relative on "
            f"{found.images} generated image(s) (labels agree on {100 * found.label_agreement:.2f} % of {of}).\n"
        )
    yield "- It reads one size and was not tested on images unlike those it was trained on.\n"


def _use(network: Network) -> Iterator[str]:
    answer = LABEL if task_of(network.graph) == CLASSIFICATION else LABEL_MAP
    answer = MASKS if gives_masks(network.graph) else answer
    yield "## Use\n"
    yield "`pip install ai-edge-litert pillow numpy`; the image goes in as 0 … 255, everything else is in the file.\n"
    yield f"```python\n{snippet(network.expanded.channels, answer)}```\n"
