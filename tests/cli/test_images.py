"""Images of all kinds through the commands that read them, and what each says of those it does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.scoring.metrics import describe_missing
from tests.cli.runner import run
from tests.datasets.encodings import encoded, png, with_orientation, write
from tests.datasets.pictures import labels, photo, save
from tests.datasets.test_files_of_others import APPLEDOUBLE, BOM
from tests.scoring.segmenters import TINY, write_run, write_tflite

PIXELS = photo(0, (24, 32))


def predicted(network: Path, source: Path, output: Path) -> np.ndarray:  # type: ignore[type-arg]
    result = run("predict", str(network), str(source), "--output", str(output))
    assert (result.code, result.err) == (0, ""), result.err
    with Image.open(output / f"{source.stem}_labels.png") as image:
        return np.asarray(image)


def test_a_turned_photo_is_predicted_as_it_is_shown(tmp_path: Path) -> None:
    network = write_tflite(tmp_path / "n.tflite")
    shown = save(tmp_path / "shown.png", np.rot90(PIXELS, -1))
    lying = write(tmp_path / "lying.png", encoded(PIXELS, "PNG", exif=with_orientation(6)))
    expected = predicted(network, shown, tmp_path / "a")
    assert expected.shape == (32, 24)
    assert np.array_equal(predicted(network, lying, tmp_path / "b"), expected)


def test_equal_content_has_an_equal_score(tmp_path: Path) -> None:
    """A data set in four encodings, one of them turned: all scores are the same."""
    network = write_tflite(tmp_path / "n.tflite")
    files = {
        "png": encoded(PIXELS, "PNG"),
        "deep": png(PIXELS.astype(np.uint16) * 257, 16, 2),
        "webp": encoded(PIXELS, "WEBP", lossless=True),
        "turned": encoded(np.ascontiguousarray(np.rot90(PIXELS)), "TIFF", exif=with_orientation(6)),
    }
    scores = set()
    for name, data in files.items():
        root = tmp_path / name
        write(root / "images" / "val" / "x.tif", data)
        save(root / "labels" / "val" / "x.png", labels(0, (24, 32), (0, 1, 255)))
        (root / "classes.txt").write_text("".join(f"{number}\n" for number in range(11)))
        found = run("evaluate", str(network), "--data", f"folder:{root}", "--format", "json").json()
        scores.add((found["miou"], found["pixel_accuracy"], found["data_digest"]))
        assert any(note.startswith("mIoU is a mean over ") and " of 11 classes: " in note for note in found["notes"])
    assert len(scores) == 1


def test_a_folder_of_all_kinds_and_of_others_files(tmp_path: Path) -> None:
    network, folder = write_tflite(tmp_path / "n.tflite"), tmp_path / "photos"
    for name in ("a.bmp", "b.TIF", "c.webp", "d.JPG", "deeper/e.png"):
        save(folder / name, PIXELS)
    write(folder / "._a.bmp", APPLEDOUBLE)
    (folder / "readme.txt").write_text("no image")
    found = run("predict", str(network), str(folder), "--output", str(folder / "seen"), "--format", "json").json()
    assert [Path(row["image"]).name for row in found["rows"]] == ["a.bmp", "b.TIF", "c.webp", "d.JPG"]
    assert found["meta"]["notes"][0] == (
        f"{folder}: 1 image(s) in folders inside it are left out; name those folders to predict them"
    )
    shutil.rmtree(folder / "seen")
    for name in ("a.bmp", "b.TIF", "c.webp", "d.JPG"):
        (folder / name).unlink()
    result = run("predict", str(network), str(folder), "--output", str(tmp_path / "o"))
    assert result.code == 2
    assert f"{folder}: no image in this folder itself, only in folders inside it ({folder}/deeper)" in result.err


def test_ranges_are_found_with_any_kind_of_image(tmp_path: Path) -> None:
    folder, spec = tmp_path / "images", tmp_path / "tiny.yaml"
    spec.write_text(TINY)
    save(folder / "deeper" / "a.bmp", PIXELS)
    write(folder / "._a.png", APPLEDOUBLE)
    arguments = ("build", str(spec), "--no-keras", "--latency", "none", "--precision", "int8",
                 "--representative", str(folder))  # fmt: skip
    assert run(*arguments, "--output", str(tmp_path / "o")).code == 0
    for channels, words in (
        (4, "has 3 channel(s), and the network reads 4"),
        (1, "has colours, and the network reads 1"),
    ):
        wanted = ("--set", f"input.channels={channels}", "--set", "input.preprocess=none", "--output")
        result = run(*arguments, *wanted, str(tmp_path / "o"))
        assert result.code == 2 and f"{folder}/deeper/a.bmp: {words}" in result.err
    (folder / "deeper" / "a.bmp").unlink()
    save(folder / "grey.png", PIXELS[..., 0])
    assert run(*arguments, *wanted, str(tmp_path / "o")).code == 0


@pytest.mark.parametrize("channels", [1, 4])
def test_networks_of_other_channels_are_refused_by_name(tmp_path: Path, channels: int) -> None:
    run_folder, photo_file = write_run(tmp_path / "run"), save(tmp_path / "x.png", PIXELS)
    wanted = ("--set", f"input.channels={channels}", "--set", "input.preprocess=none")
    for command in (
        ("predict", str(run_folder), str(photo_file), "--output", str(tmp_path / "o")),
        ("evaluate", str(run_folder), "--data", "synthetic_streets"),
        ("explain", str(run_folder), str(photo_file), "--output", str(tmp_path / "o.png")),
    ):
        result = run(*command, *wanted)
        (line,) = result.err.splitlines()
        assert result.code == 2 and f"reads images of {channels} channel" in line


def test_a_mark_before_label_names_is_dropped(tmp_path: Path) -> None:
    import zipfile

    (tmp_path / "tiny.yaml").write_text(TINY)
    write(tmp_path / "labels.txt", BOM + "\r\n".join(f"n{number}" for number in range(11)).encode())
    result = run("build", str(tmp_path / "tiny.yaml"), "--no-keras", "--latency", "none", "--labels",
                 str(tmp_path / "labels.txt"), "--output", str(tmp_path / "o"))  # fmt: skip
    assert result.code == 0, result.err
    (model,) = (tmp_path / "o").glob("*/model.tflite")
    assert zipfile.ZipFile(model).read("labels.txt").split()[0] == b"n0"


def test_what_a_mean_leaves_out_is_named() -> None:
    assert describe_missing([0.5, 0.25], ["a", "b"]) == ""
    assert describe_missing([0.5, None, float("nan")], ["a", "b", "c"]) == (
        "mean over 1 of 3 classes: 'b', 'c' are neither in the labels nor predicted"
    )
    assert describe_missing([0.5] + [None] * 8, list("abcdefghi")).startswith(
        "mean over 1 of 9 classes: 'b', 'c', 'd',"
    )
    assert " and 2 more are neither" in describe_missing([0.5] + [None] * 8, list("abcdefghi"))
