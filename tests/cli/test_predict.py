"""`archspec predict`: the files that it writes are what the network says, and a legend of it."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.catalog import Catalog
from archspec.scoring.images import distinct_colours, indexed_png, overlaid, overlay_png
from archspec.scoring.inference import Viewing, label_map
from archspec.scoring.segmenters import SegmenterOptions, open_segmenter
from tests.cli.runner import run
from tests.scoring.cityscapes_trees import save
from tests.scoring.segmenters import write_run, write_tflite


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "pictures" / "street.png"
    save(file, np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8))
    return file


def test_labels_and_overlay(tmp_path: Path, picture: Path) -> None:
    network = write_tflite(tmp_path / "n.tflite")
    result = run("predict", str(network), str(picture), "--output", str(tmp_path / "out"), "--data", "camvid")
    assert (result.code, result.err) == (0, "")
    with Image.open(picture) as image:
        pixels = np.asarray(image)
    wanted = label_map(open_segmenter(str(network), Catalog(), SegmenterOptions()).segmenter, pixels, Viewing())
    with Image.open(tmp_path / "out" / "street_labels.png") as labels:
        assert labels.mode == "P"
        assert np.array_equal(np.asarray(labels), wanted)
        colours = np.asarray(labels.convert("RGB"))
    road = wanted == 3
    assert road.any() and (colours[road] == (128, 64, 128)).all()
    with Image.open(tmp_path / "out" / "street_overlay.png") as overlay:
        assert overlay.width > 32 + 40  # the legend stands beside it
        tinted = np.asarray(overlay.convert("RGB"))[:24, :32]
    assert np.abs(tinted[road] - (0.45 * pixels[road] + 0.55 * np.array([128, 64, 128]))).max() <= 1
    assert "street_labels.png" in result.out


def test_a_folder_of_pictures_and_a_run_that_knows_its_classes(tmp_path: Path, picture: Path) -> None:
    save(picture.with_name("other.png"), np.zeros((30, 20, 3), np.uint8))
    folder = write_run(tmp_path / "run")
    names = [f"thing {number}" for number in range(11)]
    (folder / "run.json").write_text(json.dumps({"state": "finished", "classes": names, "data": ["folder:x"]}))
    result = run("predict", str(folder), str(picture.parent), "--output", str(tmp_path / "out"), "--format", "json")
    rows = result.json()["rows"]
    assert [Path(row["image"]).name for row in rows] == ["other.png", "street.png"]
    assert "thing " in rows[0]["largest"]
    with Image.open(tmp_path / "out" / "other_labels.png") as labels:
        assert labels.size == (20, 30)


def foreign(file: Path) -> Path:
    """The same network as others would have made it: nothing in the file says what it wants."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file.read_bytes())
    model.metadata = []
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    file.write_bytes(bytes(builder.Output()))
    return file


@pytest.mark.parametrize(
    ("asked", "fed", "how"),
    [
        ((), "0 to 255", "the file does not say: --image-range 0,1 or -1,1 where it was trained on those"),
        (("--image-range", "-1,1"), "-1 to 1", "as asked"),
        (("--image-range", "0,1"), "0 to 1", "as asked"),
    ],
)
def test_what_a_foreign_model_is_fed_is_said_in_every_format(
    tmp_path: Path, picture: Path, asked: tuple[str, ...], fed: str, how: str
) -> None:
    network = foreign(write_tflite(tmp_path / "n.tflite"))
    arguments = ("predict", str(network), str(picture), "--output", str(tmp_path / "out"), *asked)
    note = f"n.tflite: is fed {fed} for black to white ({how})"
    assert note in run(*arguments).out.splitlines()
    assert note in run(*arguments, "--format", "json").json()["meta"]["notes"]
    for form in ("markdown", "html", "latex"):
        assert f"is fed {fed} for black to white" in run(*arguments, "--format", form).out
    (row,) = csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").out))
    assert row["image range"] == f"[{fed.replace(' to', ',')}]"


def test_what_an_own_model_is_fed_needs_no_note_unless_it_was_asked_for(tmp_path: Path, picture: Path) -> None:
    network = write_tflite(tmp_path / "n.tflite")
    arguments = ("predict", str(network), str(picture), "--output", str(tmp_path / "out"))
    assert "is fed" not in run(*arguments).out
    assert "n.tflite: is fed 0 to 1 for black to white (as asked)" in run(*arguments, "--image-range", "0,1").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{picture}", "--data", "pascal_voc"), "n.tflite has 11 classes, and pascal_voc has 21"),
        (("{picture}", "--data", "camvit"), "unknown data set 'camvit'. Did you mean 'camvid'?"),
        (("{picture}", "--data", "folder"), "folder needs the folder it is in"),
        (("{folder}/none.png",), "none.png: no such file"),
        (("{empty}",), "no PNG, JPEG, BMP, TIFF or WebP image in this folder"),
        (("{picture}", "{copy}"), "is called like {picture}, so their results would be one file"),
        (("{text}",), "not an image"),
    ],
)
def test_what_is_refused(tmp_path: Path, picture: Path, arguments: tuple[str, ...], words: str) -> None:
    network = write_tflite(tmp_path / "n.tflite")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no pixels")
    save(tmp_path / "copy" / "street.png", np.zeros((24, 32, 3), np.uint8))
    named = {
        "picture": str(picture), "folder": str(tmp_path), "empty": str(tmp_path / "empty"),
        "copy": str(tmp_path / "copy" / "street.png"), "text": str(tmp_path / "text.png"),
    }  # fmt: skip
    result = run("predict", str(network), *(one.format(**named) for one in arguments), "--output", str(tmp_path / "o"))
    assert (result.code, result.out) == (2, "")
    assert words.format(**named) in result.err
    assert "Traceback" not in result.err


def test_every_label_survives_a_palette_of_few_colours(tmp_path: Path) -> None:
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    (tmp_path / "a.png").write_bytes(indexed_png(labels, distinct_colours(5)))
    with Image.open(tmp_path / "a.png") as found:
        assert np.array_equal(np.asarray(found), labels)


def test_pixels_without_a_class_are_not_tinted() -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    labels = np.array([[0, 255], [1, 7]], np.uint8)
    found = overlaid(image, labels, ((200, 200, 200), (0, 0, 0)))
    assert found[..., 0].tolist() == [[155, 100], [45, 100]]


def test_panels_stand_side_by_side(tmp_path: Path) -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    maps = [("truth", np.zeros((20, 30), np.uint8)), ("prediction", np.ones((20, 30), np.uint8))]
    (tmp_path / "a.png").write_bytes(overlay_png(image, maps, ("sky", "road"), ((255, 0, 0), (0, 0, 255))))
    with Image.open(tmp_path / "a.png") as sheet:
        pixels = np.asarray(sheet)
    assert (pixels[18:38, :30] == (140, 0, 0)).all()  # 0.55 · 255
    assert (pixels[18:38, 36:66] == (0, 0, 140)).all()


def test_colours_are_those_of_pascal_voc() -> None:
    assert distinct_colours(6) == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128))
    assert len(set(distinct_colours(150))) == 150
