"""`archspec data`: what it prints and writes, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.datasets import names, open_dataset
from tests.cli.runner import environment, run
from tests.datasets.pictures import labels, photo, save
from tests.datasets.trees import tree


def test_list_names_every_kind_and_how_to_write_it() -> None:
    rows = run("data", "list", "--format", "json").json()["rows"]
    assert [row["name"] for row in rows] == list(names())
    by_name = {row["name"]: row for row in rows}
    assert by_name["camvid"]["reference"] == "camvid:DIR" and by_name["camvid"]["classes"] == 11
    assert by_name["synthetic_streets"]["reference"] == "synthetic_streets"
    assert by_name["folder"]["classes"] is None
    assert all(row["summary"].endswith(".") for row in rows)


def test_check_counts_every_class(tmp_path: Path) -> None:
    for number, values in enumerate(((0, 1), (1, 255))):
        save(tmp_path / "images" / "train" / f"{number}.png", photo(number, (10, 10)))
        label = np.repeat(np.array(values, np.uint8), 50).reshape(10, 10)
        save(tmp_path / "labels" / "train" / f"{number}.png", label)
    (tmp_path / "classes.txt").write_text("road\nsky\nnothing\n")
    found = run("data", "check", f"folder:{tmp_path}", "--format", "json").json()
    assert [(row["class"], row["pixels"], row["images"]) for row in found["rows"]] == [
        ("road", 50, 1), ("sky", 100, 2), ("nothing", 0, 0)
    ]  # fmt: skip
    assert found["rows"][0]["percent"] == pytest.approx(100 / 3)
    note, caution = found["meta"]["notes"]
    assert caution == "caution: no pixel of class 'nothing' in train"
    assert note.startswith("train: 2 images, 10 × 10; 25.00 % of the pixels ignored; fingerprint ")
    assert note.endswith(open_dataset(f"folder:{tmp_path}").fingerprint("train"))


def test_check_of_some_splits_in_other_formats(tmp_path: Path) -> None:
    reference = f"camvid:{tree('camvid', tmp_path)}"
    rows = list(csv.DictReader(io.StringIO(run("data", "check", reference, "--split", "val", "--format", "csv").out)))
    assert {row["split"] for row in rows} == {"val"} and len(rows) == 11
    both = run("data", "check", reference, "--format", "markdown")
    assert both.code == 0 and "| train |" in both.out and "| val |" in both.out
    out = tmp_path / "table.csv"
    assert run("data", "check", reference, "--format", "csv", "--output", str(out)).out == ""
    assert len(out.read_text().splitlines()) == 23


def test_check_of_a_split_without_labels(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    save(root / "leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png", photo(1, (4, 6)))
    found = run("data", "check", f"cityscapes:{root}", "--split", "test", "--format", "json").json()
    assert found["rows"] == []
    assert found["meta"]["notes"][0].startswith("test: 1 images, 6 × 4; labels not public; fingerprint ")


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("camvit:{0}", "unknown data set 'camvit'. Did you mean 'camvid'?"),
        ("camvid", "camvid needs the folder it is in. Write camvid:DIR"),
        ("camvid:{0}/no", "{0}/no: no such folder. Name the folder that holds camvid"),
        ("camvid:{0}", "{0}: no split of camvid here. Expected `train/ trainannot/`"),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, reference: str, fault: str) -> None:
    for command in (
        ["check"],
        ["show", "--output", str(tmp_path / "x.png")],
        ["pack", "--output", str(tmp_path / "y")],
    ):
        found = run("data", command[0], reference.format(tmp_path), *command[1:])
        assert found.code == 2 and found.out == ""
        assert found.err.startswith(fault.format(tmp_path))
        assert len(found.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_split(tmp_path: Path) -> None:
    found = run("data", "check", f"camvid:{tree('camvid', tmp_path)}", "--split", "vall")
    assert found.code == 2 and "no split 'vall' here. Did you mean 'val'?" in found.err


def test_show_draws_each_image_with_its_label(tmp_path: Path) -> None:
    """One picture of two halves: the right half of the sheet shows the classes' colours at 55 %."""
    save(tmp_path / "images" / "all" / "x.png", np.full((40, 40, 3), 100, np.uint8))
    label = np.zeros((40, 40), np.uint8)
    label[:, 20:], label[30:] = 1, 255
    save(tmp_path / "labels" / "all" / "x.png", label)
    (tmp_path / "classes.txt").write_text("left #ff0000\nright #0000ff\n")
    found = run("data", "show", f"folder:{tmp_path}", "--output", str(tmp_path / "sheet.png"))
    assert found.code == 0, found.err
    with Image.open(tmp_path / "sheet.png") as image:
        sheet = np.asarray(image)
    assert found.out.startswith(f"{tmp_path}/sheet.png: {sheet.shape[1]} × {sheet.shape[0]} pixels, all of folder:")
    top, left = 8 + 18 + 100, 8  # a row of the tile that is far from its edges
    assert sheet[top, left + 80].tolist() == [100] * 3
    # 100 × 0.45 + 255 × 0.55 = 185.25, and 100 × 0.45 = 45
    assert sheet[top, left + 320 + 80].tolist() == [185, 45, 45]
    assert sheet[top, left + 320 + 240].tolist() == [45, 45, 185]
    assert sheet[top + 200, left + 320 + 80].tolist() == [185] * 3
    legend = sheet[8 + 18 + 320 + 8 :]
    for colour in ([255, 0, 0], [0, 0, 255]):
        assert (legend == colour).all(-1).sum() > 80


def test_show_takes_examples_from_the_whole_split(tmp_path: Path) -> None:
    for number in range(9):
        save(tmp_path / "images" / f"{number}.png", np.full((8, 8, 3), 20 * number, np.uint8))
        save(tmp_path / "labels" / f"{number}.png", labels(0, (8, 8), (0, 1)))
    (tmp_path / "classes.txt").write_text("a\nb\n")
    arguments = ("--count", "3", "--columns", "3", "--output", str(tmp_path / "s.png"))
    assert run("data", "show", f"folder:{tmp_path}", *arguments).code == 0
    with Image.open(tmp_path / "s.png") as image:
        row = np.asarray(image)[8 + 18 + 100]
    assert [int(row[8 + place * 648 + 100, 0]) for place in range(3)] == [0, 60, 120]


def test_pack_and_read_again(tmp_path: Path) -> None:
    reference = f"camvid:{tree('camvid', tmp_path)}"
    packed = tmp_path / "packed"
    found = run("data", "pack", reference, "--output", str(packed), "--shards", "2", "--format", "json").json()
    files = [f"{split}-{number:05d}-of-00002.tfrecord" for split in ("train", "val") for number in range(2)]
    assert [Path(row["file"]).name for row in found["rows"]] == files
    assert [row["bytes"] for row in found["rows"]] == [(packed / file).stat().st_size for file in files]
    before = run("data", "check", reference, "--format", "json").json()["rows"]
    assert run("data", "check", f"tfrecord:{packed}", "--format", "json").json()["rows"] == before


def test_pack_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = run("data", "pack", f"camvid:{tree('camvid', tmp_path)}", "--output", str(tmp_path / "file" / "in"))
    assert found.code == 2 and f"cannot make the folder {tmp_path}/file/in (" in found.err


def test_looking_needs_no_tensorflow(tmp_path: Path) -> None:
    """Nor does reading TFRecords."""
    packed = tree("tfrecord", tmp_path)
    probe = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from archspec.cli import main\n"
        f"main(['data', 'check', 'tfrecord:{packed}', '--format', 'json'])"
    )
    process = subprocess.run([sys.executable, "-c", probe], env=environment(), capture_output=True, text=True,
                             timeout=60)  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    assert json.loads(process.stdout)["rows"][0]["class"] == "road"
