"""What a file says about itself, read back by us and by other people's tools."""

import subprocess
import zipfile
from pathlib import Path

import flatbuffers.util
import pytest
from ai_edge_litert.interpreter import Interpreter

from archspec import __version__
from archspec.errors import Problem
from archspec.export import export, read_metadata, write
from archspec.graph.identity import canonical_hash
from tests.export.networks import bundled, weights_of
from tests.needs import needed

LABELS = [f"class {number}" for number in range(18)] + ["Straße"]
SPEC = "extends: shufflenetv2_basic\ninput: {size: [65, 97]}\n"


@pytest.fixture(scope="module")
def exported():
    graph = bundled("shufflenetv2_basic")
    return export(graph, weights_of(graph), labels=LABELS, spec_text=SPEC, input_dtype="uint8")


def test_everything_comes_back(exported):
    metadata = read_metadata(exported.data)
    assert metadata.labels == tuple(LABELS)
    assert metadata.normalisation == ((0.0,), (1.0,))  # nothing is left to do outside the network
    assert metadata.own["spec"] == SPEC
    assert metadata.own["hash"] == canonical_hash(bundled("shufflenetv2_basic"))
    assert metadata.own["archspec"] == __version__
    assert metadata.own["input"] == {
        "name": "image", "shape": [1, 65, 97, 3], "dtype": "uint8", "range": [0, 255], "channels": "RGB",
    }  # fmt: skip
    assert metadata.own["normalisation"] == {"inside": True, "scale": 2 / 255, "offset": -1.0}
    assert metadata.own["outputs"] == [{"name": "labels", "shape": [1, 65, 97], "dtype": "int32"}]
    assert metadata.own["classes"] == 19
    assert metadata.own["precision"] == "float32"


def test_unzip_reads_the_labels(exported, tmp_path):
    path = tmp_path / "model.tflite"
    write(exported, path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().splitlines() == LABELS
        assert archive.read("spec.yaml").decode() == SPEC
    done = subprocess.run([needed("unzip"), "-p", str(path), "labels.txt"], capture_output=True)
    assert done.stdout.decode().splitlines() == LABELS


def test_the_runtime_does_not_mind(exported):
    interpreter = Interpreter(model_content=exported.data)
    interpreter.allocate_tensors()
    assert tuple(interpreter.get_input_details()[0]["shape"]) == exported.census.inputs[0].shape


def test_public_buffer_has_the_public_identifier(exported):
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(exported.data)
    entries = {model.Metadata(n).Name().decode(): model.Metadata(n).Buffer() for n in range(model.MetadataLength())}
    assert set(entries) == {"TFLITE_METADATA", "archspec", "min_runtime_version"}
    content = model.Buffers(entries["TFLITE_METADATA"]).DataAsNumpy().tobytes()
    assert flatbuffers.util.BufferHasIdentifier(content, 0, b"M001")
    assert b"labels.txt" in content


def test_without_labels_and_spec_nothing_is_appended():
    graph = bundled("shufflenetv2_basic")
    metadata = read_metadata(export(graph, weights_of(graph)).data)
    assert metadata.files == {}
    assert metadata.labels == ()
    assert metadata.own["spec"] is None


def test_wrong_labels_are_refused():
    graph = bundled("shufflenetv2_basic")
    with pytest.raises(Problem, match="2 labels for 19 classes"):
        export(graph, weights_of(graph), labels=["a", "b"])
    with pytest.raises(Problem, match="line break"):
        export(graph, weights_of(graph), labels=["a\nb", *"abcdefghijklmnopqr"])


def test_not_a_tflite():
    with pytest.raises(Problem, match="not a TensorFlow Lite file"):
        read_metadata(b"PK\x03\x04 something else")


@pytest.mark.parametrize(("file", "mean", "first_labels"), [
    ("deeplabv3_257_mnv2_dm05_float.tflite", 127.5, ("background", "aeroplane", "bicycle")),
    ("mobilenet_v1_0.25_128_quant.tflite", 127.5, ("background", "tench, Tinca tinca", "goldfish, Carassius auratus")),
])  # fmt: skip
def test_files_of_others(tflite_folder: Path, file, mean, first_labels):
    metadata = read_metadata((tflite_folder / file).read_bytes())
    assert metadata.normalisation == ((mean,), (mean,))
    assert metadata.labels[:3] == first_labels
    assert metadata.own == {}


def test_files_without_any(tflite_folder: Path):
    metadata = read_metadata((tflite_folder / "selfie_segmentation.tflite").read_bytes())
    assert (metadata.own, metadata.labels, metadata.normalisation, metadata.files) == ({}, (), None, {})
