"""`archspec build`: the files it leaves, the keys others rely on, every option, what it refuses before it starts."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from archspec.export import read_metadata, take_census
from archspec.record import read_records
from tests.cli.runner import Result, run

SPEC = """\
name: small
input: {size: [32, 48]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 64, stride: 4}
- shuffle_unit: {filters: 128, stride: 2}
  repeat: 3
decoder: bilinear
"""
PROMISED = {
    "tflite_path": str, "latency_ms": dict, "paired_ratio": float, "op_census": dict, "name": str, "hash": str,
    "params": int, "macs": int, "peak_memory_bytes": int, "tflite_bytes": dict,
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SPEC)
    return tmp_path


def build(*arguments: str, latency: str = "none") -> Result:
    return run("build", "small.yaml", "--latency", latency, *arguments)


def quick(*arguments: str) -> Any:
    """The JSON of a build without Keras and without latency."""
    return build("--no-keras", "--format", "json", *arguments).json()


def test_json_has_the_promised_keys_and_the_files_are_there(folder: Path) -> None:
    found = build("--no-keras", "--format", "json", latency="quick").json()
    assert {key: type(found[key]) for key in PROMISED} == PROMISED
    assert found["keras_path"] is None
    made = folder / "runs" / f"small-{found['hash']}"
    assert sorted(one.name for one in made.iterdir()) == ["layers.csv", "model.tflite", "record.json", "summary.md"]
    assert folder / found["tflite_path"] == made / "model.tflite"
    times = found["latency_ms"]
    assert {"median", "mean", "std", "p90", "min", "samples"} <= set(times)
    assert times["min"] <= times["median"] <= times["p90"]
    assert len(times["samples"]) == times["count"] == 20
    assert found["paired_ratio"] > 0
    cost = run("cost", "small.yaml", "--format", "json").json()
    assert {key: found[key] for key in cost} == cost


def test_what_is_said_is_what_is_in_the_file(folder: Path) -> None:
    found = quick()
    data = (folder / found["tflite_path"]).read_bytes()
    census = take_census(data)
    assert found["op_census"] == census.operations
    assert found["macs"] == found["macs_in_file"] == census.macs
    assert found["tflite_file_bytes"] == len(data)
    own = read_metadata(data).own
    assert (own["hash"], own["classes"], own["precision"]) == (found["hash"], 3, "float32")
    assert own["spec"].startswith("name: small\n")


def test_record_summary_and_layers(folder: Path) -> None:
    found = quick()
    made = folder / found["folder"]
    records = {record.metric: record for record in read_records(made / "record.json")}
    assert records["params"].value == found["params"]
    assert records["written_mb"].value == found["tflite_file_bytes"] / 1e6
    assert records["written_mb"].conditions["seed"] == 0
    assert {record.hash for record in records.values()} == {found["hash"]}
    header, *layers = csv.reader(io.StringIO((made / "layers.csv").read_text()))
    assert int(layers[-1][header.index("MACs")]) == found["macs"]
    summary = (made / "summary.md").read_text()
    assert f"{found['params']:,}" in summary
    assert "- shuffle_unit: {filters: 128, stride: 2}" in summary


@pytest.mark.parametrize("precision", ["float16", "dynamic", "int8"])
def test_every_precision_is_smaller_and_of_the_size_that_was_told(precision: str) -> None:
    found = quick("--precision", precision)
    assert found["precision"] == precision
    assert found["tflite_file_bytes"] < quick()["tflite_file_bytes"]
    assert found["tflite_file_bytes"] == pytest.approx(
        found["tflite_bytes"][precision], abs=1200
    )  # the spec's text aside
    assert any("synthetic" in note for note in found["notes"]) == (precision == "int8")


def test_representative_images_take_the_place_of_synthetic_ones(folder: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    (folder / "photos").mkdir()
    image.new("RGB", (40, 30), (200, 90, 10)).save(folder / "photos" / "one.png")
    assert quick("--precision", "int8", "--representative", "photos")["notes"] == []


def test_bytes_go_in_where_bytes_are_asked_for(folder: Path) -> None:
    by_option, by_spec = quick("--input-dtype", "uint8"), quick("--set", "input.dtype=uint8")
    for found in (by_option, by_spec):
        assert found["input_dtype"] == "uint8"
        assert take_census((folder / found["tflite_path"]).read_bytes()).inputs[0].dtype == "UINT8"


def test_shuffles_as_in_the_papers() -> None:
    literal, followed = quick("--shuffle", "transpose")["op_census"], quick()["op_census"]
    assert (literal["TRANSPOSE"], literal["RESHAPE"]) == (2, 4)
    assert "TRANSPOSE" not in followed


def test_labels_lie_in_the_file(folder: Path) -> None:
    (folder / "labels.txt").write_text("road\n\npavement \nsky\n")
    found = quick("--labels", "labels.txt")
    assert read_metadata((folder / found["tflite_path"]).read_bytes()).labels == ("road", "pavement", "sky")


def test_a_seed_is_other_weights_in_the_same_folder(folder: Path) -> None:
    files = []
    for seed in ("0", "1", "0"):
        found = quick("--seed", seed)
        files.append((folder / found["tflite_path"]).read_bytes())
    assert files[0] == files[2]
    assert files[0] != files[1]
    assert len(list((folder / "runs").iterdir())) == 1


def test_models_of_an_earlier_build_do_not_stay_beside_other_weights(folder: Path) -> None:
    """`--seed 1 --no-keras` after a build with Keras: its model would be of seed 0."""
    made = folder / quick()["folder"]
    (made / "model.keras").write_text("of seed 0")
    (made / "saved_model").mkdir()
    (made / "saved_model" / "saved_model.pb").write_text("of seed 0")
    (made / "notes.txt").write_text("mine")
    quick("--seed", "1")
    expected = ["layers.csv", "model.tflite", "notes.txt", "record.json", "summary.md"]
    assert sorted(one.name for one in made.iterdir()) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-keras", "--saved-model"], "archspec: --saved-model needs the Keras model. Leave out --no-keras"),
        (["--no-keras", "--via", "tensorflow"], "archspec: --via tensorflow needs the Keras model"),
        (["--representative", "."], "--representative sets ranges of int8, not of float32. Leave it out"),
        (["--representative", "nowhere", "--precision", "int8"], "nowhere: no such folder"),
        (["--representative", ".", "--precision", "int8"], "no PNG, JPEG, BMP, TIFF or WebP image in this folder"),
        (["--labels", "few.txt"], "few.txt: 2 labels for 3 classes. Give one label a class, from class 0 on"),
        (["--labels", "nofile"], "nofile: cannot be read (No such file or directory). Name a text file"),
        (["--labels", "binary"], "binary: not UTF-8 text. Name a text file with one class a line"),
        (["--labels", "few.txt", "--via", "tensorflow"], "--labels goes into metadata"),
        (["--input-dtype", "uint8", "--via", "tensorflow"], "Use --set input.dtype=uint8"),
        (["--output", "small.yaml"], "is a file"),
        (["--output", "small.yaml/runs"], "cannot make the folder small.yaml/runs"),
        (["--threads", "0"], "0 is not in the range"),
        (["--precision", "int4"], "'int4' is not one of"),
        (["--set", "clases=4"], "Did you mean 'classes'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(arguments: list[str], words: str, folder: Path) -> None:
    (folder / "few.txt").write_text("a\nb\n")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    result = build("--format", "json", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert len(result.err.splitlines()) == 1
    assert not list(folder.glob("runs/*/model.*"))


@pytest.mark.slow
@pytest.mark.parametrize("route", ["direct", "tensorflow"])
def test_the_keras_model_and_the_proof(route: str, folder: Path) -> None:
    from archspec import lower

    found = build("--format", "json", "--saved-model", "--via", route).json()
    for equality in found["equality"].values():
        assert 0 < equality["relative_error"] <= 1e-5
        assert equality["label_agreement"] > 0.99
    model = lower.load_keras(folder / found["keras_path"])
    assert model.count_params() == found["params_total"]
    assert (folder / found["folder"] / "saved_model" / "saved_model.pb").is_file()
    assert ("TRANSPOSE" in found["op_census"]) == (route == "tensorflow")
    metrics = {record.metric for record in read_records(folder / found["folder"] / "record.json")}
    assert {"logits_relative_error", "logits_snr_db", "label_agreement"} <= metrics
