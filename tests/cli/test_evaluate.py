"""`archspec evaluate` on networks: one pass, one row each; what it writes; what it refuses."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archspec.catalog import Catalog
from archspec.record import read_records
from archspec.scoring.inference import Viewing, label_map
from archspec.scoring.segmenters import SegmenterOptions, open_segmenter
from tests.cli.runner import environment, run
from tests.scoring.cityscapes_trees import save
from tests.scoring.maps import patches
from tests.scoring.segmenters import write_keras, write_run, write_tflite

VOID = 11


@pytest.fixture(scope="module")
def camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five images of 24 × 32 in CamVid's layout; labels are patches, with void."""
    folder = tmp_path_factory.mktemp("camvid")
    generator = np.random.default_rng(5)
    for number in range(5):
        save(folder / "val" / f"image_{number}.png", generator.integers(0, 256, (24, 32, 3)).astype(np.uint8))
        save(folder / "valannot" / f"image_{number}.png", patches(generator, (24, 32), list(range(12))))
    return folder


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same network four times, and once in int8."""
    folder = tmp_path_factory.mktemp("networks")
    return {
        "run": write_run(folder / "run"),
        "keras": write_keras(folder / "tiny.keras"),
        "float32": write_tflite(folder / "float32.tflite"),
        "int8": write_tflite(folder / "int8.tflite", 0, "int8"),
    }


def evaluate(camvid: Path, *arguments: object) -> Any:
    return run("evaluate", *map(str, arguments), "--data", f"camvid:{camvid}", "--format", "json").json()


def by_hand(camvid: Path, network: Path) -> dict[str, float]:
    """mIoU and pixel accuracy from the label maps, by their definitions."""
    opened = open_segmenter(str(network), Catalog(), SegmenterOptions()).segmenter
    pairs = []
    for file in sorted((camvid / "val").glob("*.png")):
        with Image.open(file) as image, Image.open(camvid / "valannot" / file.name) as truth:
            pairs.append((np.asarray(truth), label_map(opened, np.asarray(image), Viewing())))
    truth, predicted = (np.concatenate([pair[part].ravel() for pair in pairs]) for part in (0, 1))
    known = truth != VOID
    truth, predicted = truth[known], predicted[known]
    ious = [
        ((truth == label) & (predicted == label)).sum() / max(1, ((truth == label) | (predicted == label)).sum())
        for label in range(11)
        if ((truth == label) | (predicted == label)).any()
    ]
    return {"miou": float(np.mean(ious)), "pixel_accuracy": float((truth == predicted).mean())}


def test_one_network_is_one_object(camvid: Path, networks: dict[str, Path]) -> None:
    found = evaluate(camvid, networks["float32"])
    wanted = by_hand(camvid, networks["float32"])
    assert found["miou"] == pytest.approx(wanted["miou"], abs=1e-12)
    assert found["pixel_accuracy"] == pytest.approx(wanted["pixel_accuracy"], abs=1e-12)
    assert 0 < found["miou"] < 1
    assert list(found["per_class"])[:3] == ["sky", "building", "pole"]
    assert found["images"] == 5
    assert found["precision"] == "float32"


def test_several_are_scored_in_one_pass_one_row_each(camvid: Path, networks: dict[str, Path]) -> None:
    run_, keras, float32, int8 = evaluate(camvid, *networks.values(), "--boundary")
    for one in (keras, float32):
        assert one["miou"] == pytest.approx(run_["miou"], abs=0.01)
        assert one["boundary_iou"] == pytest.approx(run_["boundary_iou"], abs=0.01)
    assert int8["miou"] != run_["miou"]
    assert [one["name"] for one in (run_, keras, int8)] == ["run", "tiny.keras", "int8.tflite"]
    assert len({one["data_digest"] for one in (run_, keras, float32, int8)}) == 1
    alone = evaluate(camvid, networks["int8"], "--boundary")
    assert {**int8, "network ms": 0, "notes": 0} == {**alone, "network ms": 0, "notes": 0}


def test_what_a_keras_model_is_fed_is_said(camvid: Path, networks: dict[str, Path]) -> None:
    silent = "tiny.keras: is fed 0 to 255 for black to white (the file does not say: --image-range 0,1 or -1,1"
    assert any(note.startswith(silent) for note in evaluate(camvid, networks["keras"])["notes"])
    asked = evaluate(camvid, networks["keras"], "--image-range", "-1,1")
    assert "tiny.keras: is fed -1 to 1 for black to white (as asked)" in asked["notes"]
    assert asked["image range"] == "[-1, 1]"


def test_what_people_see(camvid: Path, networks: dict[str, Path]) -> None:
    arguments = ("evaluate", str(networks["float32"]), str(networks["int8"]), "--data", f"camvid:{camvid}")
    result = run(*arguments)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["class", "share", "of", "truth", "(%)", "float32.tflite", "int8.tflite"]
    (row,) = (line for line in lines if line.startswith("int8.tflite"))
    assert row.split()[1] == f"{evaluate(camvid, networks['int8'])['miou']:.4f}"
    assert "shown: whole image, resized where a network has another size, scales 1; logits resized" in lines
    alone = run("evaluate", str(networks["int8"]), "--data", f"camvid:{camvid}").out.splitlines()
    assert f"mIoU{row.split()[1]}" in [line.replace(" ", "") for line in alone]
    table = list(csv.DictReader(run(*arguments, "--format", "csv").out.splitlines()))
    assert [one["network"] for one in table] == ["float32.tflite", "int8.tflite"]
    assert [one["image range"] for one in table] == ["[0, 255]", "[0, 255]"]
    assert float(table[1]["mIoU"]) == evaluate(camvid, networks["int8"])["miou"]
    assert "| int8.tflite |" in run(*arguments, "--format", "markdown").out


def test_what_is_written(camvid: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    found = evaluate(
        camvid, networks["run"], "--output", tmp_path / "o", "--overlays", tmp_path / "v", "--count", 2,
        "--predictions-to", tmp_path / "p",
    )  # fmt: skip
    assert sorted(file.name for file in (tmp_path / "o").iterdir()) == [
        "confusion.csv", "per_class.csv", "record.json", "scores.json",
    ]  # fmt: skip
    records = {record.metric: record for record in read_records(tmp_path / "o" / "record.json")}
    assert records["miou"].value == found["miou"]
    conditions = records["miou"].conditions
    assert (conditions["data"], conditions["split"], conditions["images"]) == ("camvid", "val", 5)
    assert conditions["data_digest"] == found["data_digest"]
    assert conditions["weights_digest"]
    assert "name: tiny" in records["miou"].spec
    matrix = list(csv.reader((tmp_path / "o" / "confusion.csv").open()))[1:]
    assert sum(int(cell) for row in matrix for cell in row[1:]) == found["pixels"]
    classes = list(csv.DictReader((tmp_path / "o" / "per_class.csv").open()))
    assert float(classes[3]["IoU"]) == found["per_class"]["road"]["iou"]
    assert json.loads((tmp_path / "o" / "scores.json").read_text())["miou"] == found["miou"]
    assert sorted(file.name for file in (tmp_path / "v").iterdir()) == ["image_0.png", "image_4.png"]
    with Image.open(tmp_path / "v" / "image_0.png") as overlay:
        assert overlay.width > 2 * 32
        assert overlay.height >= 24
    assert len(list((tmp_path / "p").iterdir())) == 5


def test_predictions_that_were_written_score_the_same(camvid: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    of_network = evaluate(camvid, networks["int8"], "--predictions-to", tmp_path / "p", "--boundary")
    of_files = evaluate(camvid, "--predictions", tmp_path / "p", "--boundary")
    for name in ("miou", "pixel_accuracy", "mean_accuracy", "frequency_weighted_iou", "boundary_iou", "per_class"):
        assert of_files[name] == of_network[name]


def test_cityscapes_networks_are_scored_as_the_organisers_do(tmp_path: Path) -> None:
    """Instances and all; and the written predictions, in label numbers, score the same."""
    generator = np.random.default_rng(1)
    labels = patches(generator, (24, 32), [7, 11, 21, 26, 29, 4])
    instances = np.where(labels == 26, 26001, labels).astype(np.uint16)
    stem = "aachen_000000_000019"
    save(tmp_path / "data/gtFine/val/aachen" / f"{stem}_gtFine_labelIds.png", labels)
    save(tmp_path / "data/gtFine/val/aachen" / f"{stem}_gtFine_instanceIds.png", instances)
    image = generator.integers(0, 256, (24, 32, 3)).astype(np.uint8)
    save(tmp_path / "data/leftImg8bit/val/aachen" / f"{stem}_leftImg8bit.png", image)
    network = write_tflite(tmp_path / "n.tflite", 2, "float32", "classes=19")
    arguments = ("--data", f"cityscapes:{tmp_path / 'data'}", "--format", "json")
    of_network = run("evaluate", str(network), "--predictions-to", str(tmp_path / "p"), *arguments).json()
    of_files = run("evaluate", "--predictions", str(tmp_path / "p"), *arguments).json()
    for name in ("miou", "iiou", "category_iou", "category_iiou", "per_class", "per_category"):
        assert of_files[name] == of_network[name]
    assert of_network["iiou"] is not None
    (file,) = (tmp_path / "p").iterdir()
    with Image.open(file) as prediction:
        assert set(np.unique(np.asarray(prediction))) <= {*range(7, 34)}


def test_limit(camvid: Path, networks: dict[str, Path]) -> None:
    first, all_ = evaluate(camvid, networks["float32"], "--limit", 2), evaluate(camvid, networks["float32"])
    assert (first["images"], all_["images"]) == (2, 5)
    assert first["data_digest"] != all_["data_digest"]


def test_windows_scales_and_flip_change_the_answer(camvid: Path, networks: dict[str, Path]) -> None:
    plain = evaluate(camvid, networks["run"])
    for more in (["--flip"], ["--scales", "0.75,1.25"], ["--size", "16,16", "--fit", "window"], ["--size", "40,40"]):
        found = evaluate(camvid, networks["run"], *more)
        assert found["miou"] != plain["miou"], more
        assert found["data_digest"] == plain["data_digest"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name NETWORKs, or a folder with --predictions"),
        (("{float32}", "--predictions", "x"), "name NETWORKs, or a folder with --predictions"),
        (("--predictions", "x", "--overlays", "y"), "need a NETWORK"),
        (("{float32}", "--scales", "1,big"), "--scales must be numbers between commas (1,big)"),
        (("{float32}", "--scales", "0"), "--scales must be above 0"),
        (("{float32}", "--size", "12"), "--size must be 2 numbers between commas (12)"),
        (("{run}", "--size", "12,0"), "--size must be two whole numbers from 1 to 32768"),
        (("{float32}", "--split", "vall"), "camvid has no split 'vall'"),
        (("{float32}", "--fit", "pad", "--scales", "2"), "cannot be shown an image at several scales"),
        (("{run}", "--image-range", "0,1"), "a spec says itself what is done to the image"),
        (("{float32}", "--output", "{float32}/below"), "cannot make the folder"),
        (("{run}", "--set", "classes=4"), "weights do not fit"),
    ],
)
def test_what_is_refused(camvid: Path, networks: dict[str, Path], arguments: tuple[str, ...], words: str) -> None:
    named = {name: str(path) for name, path in networks.items()}
    result = run("evaluate", *(one.format(**named) for one in arguments), "--data", f"camvid:{camvid}")
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "Traceback" not in result.err


def test_another_number_of_classes(camvid: Path, tmp_path: Path) -> None:
    network = write_tflite(tmp_path / "n.tflite", 0, "float32", "classes=19")
    result = run("evaluate", str(network), "--data", f"camvid:{camvid}")
    assert result.code == 2
    assert result.err == "n.tflite: a network of 19 classes, and camvid has 11. Was it made for another data set?\n"


def test_an_image_and_a_label_of_two_sizes(camvid: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    save(tmp_path / "val" / "a.png", np.zeros((24, 32, 3), np.uint8))
    save(tmp_path / "valannot" / "a.png", np.zeros((24, 30), np.uint8))
    result = run("evaluate", str(networks["float32"]), "--data", f"camvid:{tmp_path}")
    assert result.code == 2
    assert result.err == (
        f"{tmp_path / 'valannot' / 'a.png'}: 24 x 30 pixels, and its image has 24 x 32. The two belong together\n"
    )


def test_an_image_that_is_cut_short(camvid: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    save(tmp_path / "val" / "a.png", noise)
    save(tmp_path / "valannot" / "a.png", np.zeros((24, 32), np.uint8))
    whole = (tmp_path / "val" / "a.png").read_bytes()
    (tmp_path / "val" / "a.png").write_bytes(whole[: len(whole) // 2])
    result = run("evaluate", str(networks["float32"]), "--data", f"camvid:{tmp_path}")
    assert result.code == 2
    assert result.err.startswith(f"{tmp_path / 'val' / 'a.png'}: ")
    assert "Traceback" not in result.err


def test_an_unfinished_run_says_so(camvid: Path, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "run.json").write_text(json.dumps({"state": "running", "classes": ["a"] * 11, "data": ["camvid:x"]}))
    assert "run: this run is not finished (running)" in evaluate(camvid, folder, "--limit", 1)["notes"]
    (folder / "run.json").write_text("{")
    result = run("evaluate", str(folder), "--data", f"camvid:{camvid}")
    assert (result.code, "run.json: not the run.json of a training" in result.err) == (2, True)


def test_tflites_and_predictions_need_no_tensorflow(camvid: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; "
        "from archspec.cli import main; main(sys.argv[1:])"
    )
    data = ("--data", f"camvid:{camvid}", "--format", "json")
    for arguments in (
        [str(networks["int8"]), "--predictions-to", str(tmp_path / "p"), *data],
        ["--predictions", str(tmp_path / "p"), *data],
    ):
        done = subprocess.run([sys.executable, "-c", code, "evaluate", *arguments],
                              env=environment(), capture_output=True, text=True, timeout=120)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["images"] == 5


def test_generated_scenes_have_no_files(networks: dict[str, Path], tmp_path: Path) -> None:
    network = write_tflite(tmp_path / "n.tflite", 1, "float32", "classes=9")
    data = ("--data", "synthetic_streets", "--limit", "3", "--format", "json")
    of_network = run("evaluate", str(network), "--predictions-to", str(tmp_path / "p"), *data).json()
    of_files = run("evaluate", "--predictions", str(tmp_path / "p"), *data).json()
    assert of_files["per_class"] == of_network["per_class"]
    assert 0 < of_files["pixel_accuracy"] < 1
