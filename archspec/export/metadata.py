"""What a `.tflite` says about itself: labels, normalisation and the spec, in the public form and in our own.

The public form is the TFLite Metadata schema (metadata_schema.fbs 1.1.0, as much of it as we write and read) with its
associated files (`labels.txt`, `spec.yaml`) appended as a zip archive: `unzip model.tflite labels.txt` works. No
installed wheel brings its Python module, so field numbers stand here, each the place of the field in the schema's
table, counted from 0. Our own form is JSON in the metadata buffer `archspec`.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec import __version__
from archspec.errors import Problem
from archspec.export.flatbuffer_walk import FlatbufferWalk
from archspec.export.model import Model
from archspec.export.tflite_file import flat_model, wrote
from archspec.graph import Graph, canonical_hash

if TYPE_CHECKING:
    import flatbuffers


PUBLIC_BUFFER, OWN_BUFFER, RUNTIME_BUFFER = "TFLITE_METADATA", "archspec", "min_runtime_version"
LABELS_FILE, SPEC_FILE = "labels.txt", "spec.yaml"
MOST_FILES, MOST_FILE_BYTES = 64, 1 << 20  # read of an archive: labels and a spec are far smaller
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, LookupError, struct.error)
EARLIEST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier; a real time would make every export another file
IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"  # nothing newer than the first schema is used
RGB, GRAYSCALE = 1, 2
AXIS_LABELS, VALUE_LABELS, DESCRIPTIONS = 2, 3, 1
IMAGE_PROPERTIES, NORMALIZATION_OPTIONS = 2, 1  # numbers in the unions ContentProperties and ProcessUnitOptions
WHAT = {
    "labels": "The label of each pixel.",
    "logits": "The score of each class at each pixel, before softmax.",
    "probabilities": "The probability of each class at each pixel.",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was read from a file; empty where it says nothing."""

    own: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    min_runtime_version: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


def describe(
    model: Model,
    graph: Graph,
    *,
    precision: str,
    labels: Sequence[str] | None,
    spec_text: str | None,
    deep_range: tuple[float, float] | None = None,
) -> Model:
    """The model with both metadata buffers. Raises `Problem` when there are not as many labels as classes."""
    check_labels(graph, labels)
    image = model.tensors[model.inputs[0]]
    channels = image.shape[-1]
    own = {
        "archspec": __version__,
        "name": graph.name,
        "hash": canonical_hash(graph),
        "precision": precision,
        "input": {
            "name": model.input_names[0],
            "shape": list(image.shape),
            "dtype": image.dtype,
            "range": [0, 255],
            "channels": "RGB" if channels == 3 else channels,
            **({} if deep_range is None else {"deep_range": list(deep_range)}),
        },
        "normalisation": _normalisation(graph),
        "outputs": [_output(model, position) for position in range(len(model.outputs))],
        "classes": class_count(graph),
        "labels": None if labels is None else list(labels),
        "spec": spec_text,
    }
    public = _encode_public(model, graph.name, with_labels=labels is not None, with_spec=spec_text is not None)
    text = json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    return model.with_metadata(**{PUBLIC_BUFFER: public, OWN_BUFFER: text.encode()})


def class_count(graph: Graph) -> int | None:
    """The channels of the logits: of what the label map is taken from, else of the output. None where they disagree."""
    tensors = [
        output.node.inputs[0] if type(output.node.layer).__name__ == "ArgMax" else output for output in graph.outputs
    ]
    counts = {tensor.shape[-1] for tensor in tensors}
    return counts.pop() if len(counts) == 1 else None


def append_files(data: bytes, labels: Sequence[str] | None, spec_text: str | None) -> bytes:
    """The file with its associated files behind it as a zip archive; unchanged when there are none."""
    files = {}
    if labels is not None:
        files[LABELS_FILE] = "".join(f"{label}\n" for label in labels)
    if spec_text is not None:
        files[SPEC_FILE] = spec_text
    if not files:
        return data
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), text)
    return wrote(stream.getvalue())


def read_metadata(data: bytes) -> Metadata:
    """What any `.tflite` says about itself, ours or not; what is broken of it is left out.

    Raises `Problem` for bytes that are no `.tflite`, and for a damaged one.
    """
    model, _ = flat_model(data)
    entries = [model.Metadata(index) for index in range(model.MetadataLength())]
    buffers = {(entry.Name() or b"").decode("utf-8", "replace"): model.Buffers(entry.Buffer()) for entry in entries}
    found = {name: buffer.DataAsNumpy().tobytes() for name, buffer in buffers.items() if buffer.DataLength()}
    files = _read_files(data)
    return Metadata(
        own=_read_own(found.get(OWN_BUFFER, b"{}")),
        labels=_read_labels(files),
        normalisation=_read_normalisation(found[PUBLIC_BUFFER]) if PUBLIC_BUFFER in found else None,
        min_runtime_version=found.get(RUNTIME_BUFFER, b"").rstrip(b"\0").decode("utf-8", "replace"),
        files=files,
    )


def check_labels(graph: Graph, labels: Sequence[str] | None) -> None:
    """Raises `Problem` unless there is one label a class, each of one line; None is none at all."""
    classes = class_count(graph)
    if labels is None:
        return
    if classes is not None and len(labels) != classes:
        raise Problem(f"{len(labels)} labels for {classes} classes", "Give one label a class, from class 0 on")
    if any("\n" in label or "\r" in label for label in labels):
        raise Problem("a label with a line break", "Labels are written one a line")


def _normalisation(graph: Graph) -> dict[str, Any]:
    """What is done to the image inside the network: `scale · x + offset`."""
    readers = [node for tensor in graph.inputs for node in tensor.consumers]
    if len(readers) == 1 and type(readers[0].layer).__name__ == "Rescaling":
        config = readers[0].layer.config
        return {"inside": True, "scale": config["scale"], "offset": config["offset"]}
    return {"inside": True, "scale": 1.0, "offset": 0.0}


def _output(model: Model, position: int) -> dict[str, Any]:
    tensor = model.tensors[model.outputs[position]]
    return {"name": model.output_names[position], "shape": list(tensor.shape), "dtype": tensor.dtype}


def _read_own(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_normalisation(content: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """`(mean, std)` of the first input of a `ModelMetadata`; None where it states none, or is damaged."""
    walk = FlatbufferWalk(content)
    try:
        root = walk.root("ModelMetadata")
    except Problem:
        return None
    subgraphs = walk.children(root, 3, "SubGraphMetadata")[:1]
    tensors = [tensor for subgraph in subgraphs for tensor in walk.children(subgraph, 2, "TensorMetadata")[:1]]
    for unit in (unit for tensor in tensors for unit in walk.children(tensor, 4, "ProcessUnit")):
        if walk.number(unit, 0, "B") == NORMALIZATION_OPTIONS:
            options = walk.child(unit, 1, "NormalizationOptions")
            if options is not None:
                return walk.numbers(options, 0, "f"), walk.numbers(options, 1, "f")
    return None


def _read_files(data: bytes) -> dict[str, bytes]:
    """What an archive behind the file holds, but for what is larger than such texts are."""
    stream = io.BytesIO(data)
    if not zipfile.is_zipfile(stream):
        return {}
    try:
        with zipfile.ZipFile(stream) as archive:
            packed = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            plain = [one for one in archive.infolist() if one.compress_type in packed][:MOST_FILES]
            return {one.filename: archive.read(one) for one in plain if one.file_size <= MOST_FILE_BYTES}
    except _BROKEN:  # weights that look like an archive's end, an archive that is damaged
        return {}


def _read_labels(files: dict[str, bytes]) -> tuple[str, ...]:
    for name, content in files.items():
        if "label" in name and name.endswith(".txt"):
            return tuple(content.decode("utf-8-sig", "replace").splitlines())
    return ()


# --- the public form -------------------------------------------------------------------------------------
def _encode_public(model: Model, name: str, *, with_labels: bool, with_spec: bool) -> bytes:
    """A `ModelMetadata` flatbuffer, for the metadata buffer `TFLITE_METADATA`."""
    import flatbuffers

    builder = flatbuffers.Builder(2048)
    inputs = _tables(builder, [_image_tensor(builder, model.input_names[0], model.tensors[model.inputs[0]].shape)])
    results = _tables(builder, [_output_tensor(builder, output, with_labels) for output in model.output_names])
    subgraphs = _tables(builder, [_table(builder, {2: inputs, 3: results})])
    files = [_file(builder, SPEC_FILE, "The spec of the network.", DESCRIPTIONS)] if with_spec else []
    texts = {0: name, 1: "Semantic segmentation network, made by archspec.", 7: MIN_PARSER_VERSION}
    strings = {slot: builder.CreateString(text) for slot, text in texts.items()}
    root = _table(builder, {0: strings[0], 1: strings[1], 3: subgraphs, 6: _tables(builder, files), 7: strings[7]})
    builder.Finish(root, IDENTIFIER)
    return bytes(builder.Output())


def _image_tensor(builder: flatbuffers.Builder, name: str, shape: tuple[int, ...]) -> int:
    """The image `(1, H, W, C)`; its mean 0 and deviation 1 say that nothing is done to it before the network."""
    _, height, width, channels = shape
    size = _table(builder, {}, {0: width, 1: height})
    color = {1: GRAYSCALE, 3: RGB}.get(channels, 0)
    properties = _table(builder, {1: size}, {}, {0: color})
    content = _table(builder, {1: properties}, {}, {0: IMAGE_PROPERTIES})
    vectors = [builder.CreateNumpyVector(np.array([value], np.float32)) for value in (0, 1)]
    unit = _table(builder, {1: _table(builder, dict(enumerate(vectors)))}, {}, {0: NORMALIZATION_OPTIONS})
    limits = [builder.CreateNumpyVector(np.array([limit], np.float32)) for limit in (255, 0)]
    stats = _table(builder, dict(enumerate(limits)))
    title = builder.CreateString(name)
    description = builder.CreateString(
        "The image, numbers from 0 to 255; what the network needs more is done inside it."
    )
    return _table(builder, {0: title, 1: description, 3: content, 4: _tables(builder, [unit]), 5: stats})


def _output_tensor(builder: flatbuffers.Builder, name: str, with_labels: bool) -> int:
    """An output: its values are labels, or its last axis is."""
    kind = VALUE_LABELS if name.startswith("labels") else AXIS_LABELS
    files = [_file(builder, LABELS_FILE, "One label a line, from label 0 on.", kind)] if with_labels else []
    title, description = builder.CreateString(name), builder.CreateString(WHAT[name.partition("_")[0]])
    return _table(builder, {0: title, 1: description, 6: _tables(builder, files)})


def _file(builder: flatbuffers.Builder, name: str, description: str, kind: int) -> int:
    offsets = {0: builder.CreateString(name), 1: builder.CreateString(description)}
    return _table(builder, offsets, {}, {2: kind})


def _table(
    builder: flatbuffers.Builder,
    offsets: dict[int, int],
    integers: dict[int, int] | None = None,
    octets: dict[int, int] | None = None,
) -> int:
    """A table of references, 32-bit integers and bytes, each by field number."""
    builder.StartObject(max([*offsets, *(integers or {}), *(octets or {})]) + 1)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, value in (integers or {}).items():
        builder.PrependUint32Slot(slot, value, 0)
    for slot, value in (octets or {}).items():
        builder.PrependUint8Slot(slot, value, 0)
    return int(builder.EndObject())


def _tables(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    """A vector of tables; none at all (0) when it would be empty."""
    if not offsets:
        return 0
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
