"""The model card of a network that is handed over, in Markdown: what it is, what it was measured at, how to use it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archspec.record import Record
from archspec.report._subject import held_under, shown_metric
from archspec.reporters import Cell, Column, Table, markdown_text, render

if TYPE_CHECKING:
    from archspec.measures import Build

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
labels = interpreter.get_tensor(found["index"])[0]
labels = labels.argmax(-1) if labels.ndim == 3 else labels  # (height, width), the class of each pixel
"""
READ_IMAGE = """image = ImageOps.exif_transpose(Image.open("IMAGE"))  # as viewers show it
image = image.convert("{mode}").resize((int(width), int(height)))
values = np.asarray(image, np.float32).reshape(given["shape"])"""
READ_ARRAY = """values = np.load("IMAGE")  # numbers from 0 to 255, (height, width, {channels}), of the network's size
values = np.asarray(values, np.float32).reshape(given["shape"])"""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
KINDS = {1: "grayscale image (1 channel)", 3: "RGB image"}
SCORES = ("val_miou", "miou")


def model_card(build: Build, classes: Sequence[str], data: str, scores: Sequence[Record]) -> str:
    """The card. Numbers stand with the conditions they hold under; what is not known is said to be not known."""
    parts = [*_head(build), *_trained(build, classes, data, scores), *_cost(build), *_limits(build)]
    return "\n".join([*parts, *_use(build.network.expanded.channels)])


def snippet(channels: int) -> str:
    """The lines of Python that use the file: a picture of 1, 3 or 4 channels, else an array of a `.npy` file."""
    mode = MODES.get(channels)
    read = READ_ARRAY.format(channels=channels) if mode is None else READ_IMAGE.format(mode=mode)
    return SNIPPET.format(read=read)


def _head(build: Build) -> Iterator[str]:
    network, exported = build.network.expanded, build.exported
    yield f"# {build.network.graph.name}\n"
    size = " × ".join(map(str, network.input_size))
    kind = KINDS.get(network.channels, f"image of {network.channels} channels")
    yield f"Semantic segmentation of one {size} {kind} into {network.classes} classes."
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
    found = held_under(whole)
    under = (
        f"{found.get('data', data)} {found.get('split', '')}, {found.get('images', '?')} whole images, float32 weights "
        "in Keras before export"
    )
    columns = (Column("class", "class"), Column("iou", "IoU", kind="number", digits=4))
    yield render(Table("", columns, tuple(rows), (under,)), "markdown")


def _cost(build: Build) -> Iterator[str]:
    sheet, latency = build.network.cost, build.latency
    yield "## Cost\n"
    rows: list[tuple[Cell, ...]] = [
        ("parameters", f"{sheet.params:,}"),
        ("GFLOPs (2 × GMACs of convolutions)", f"{sheet.gflops:.3f}"),
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
        yield (
            f"- The file's logits differ from the Keras model's by {found.relative_error:.2g} relative on "
            f"{found.images} generated image(s) (labels agree on {100 * found.label_agreement:.2f} % of pixels).\n"
        )
    yield "- It reads one size and was not tested on images unlike those it was trained on.\n"


def _use(channels: int) -> Iterator[str]:
    yield "## Use\n"
    yield "`pip install ai-edge-litert pillow numpy`; the image goes in as 0 … 255, everything else is in the file.\n"
    yield f"```python\n{snippet(channels)}```\n"
