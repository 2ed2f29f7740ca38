"""TFRecord shards: read as TensorFlow wrote them, written so that TensorFlow reads them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.datasets import check, check_before_training, open_dataset, pack
from archspec.errors import UserError
from tests.datasets.pictures import labels, photo, save
from tests.datasets.trees import tree
from tests.datasets.trees.tfrecord import example, png

KEYS = {
    "image/encoded": tf.io.FixedLenFeature((), tf.string),
    "image/filename": tf.io.FixedLenFeature((), tf.string),
    "image/format": tf.io.FixedLenFeature((), tf.string),
    "image/height": tf.io.FixedLenFeature((), tf.int64),
    "image/width": tf.io.FixedLenFeature((), tf.int64),
    "image/channels": tf.io.FixedLenFeature((), tf.int64),
    "image/segmentation/class/encoded": tf.io.FixedLenFeature((), tf.string),
    "image/segmentation/class/format": tf.io.FixedLenFeature((), tf.string),
}


def write(file: Path, *examples: tf.train.Example) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for one in examples:
            writer.write(one.SerializeToString())
    (file.parent / "classes.txt").write_text("road\nsky\n")
    return file


def test_what_tensorflow_wrote(tmp_path: Path) -> None:
    dataset = open_dataset(f"tfrecord:{tree('tfrecord', tmp_path)}")
    assert dataset.splits == ("train", "val_fine")
    found = dataset.examples("train")
    assert [one.name for one in found] == [f"aachen_{number:06d}_000019" for number in (0, 1, 2)]
    for number, one in enumerate(found):
        size = (8, 9 + number)
        assert np.array_equal(dataset.read_image(one), photo(number, size))
        assert np.array_equal(dataset.read_label(one), labels(number, size, (0, 1, 255)))


def test_what_we_write_tensorflow_reads(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    save(root / "images" / "train" / "a.png", photo(0, (5, 7)))
    save(root / "images" / "train" / "b.jpg", photo(1, (6, 7)), quality=95)
    save(root / "images" / "train" / "c.png", photo(2, (6, 8))[:, :, 0])  # grey: DeepLab wants three channels
    for number, (name, size) in enumerate((("a", (5, 7)), ("b", (6, 7)), ("c", (6, 8)))):
        save(root / "labels" / "train" / f"{name}.png", labels(number, size, (0, 1, 255)))
    (root / "classes.txt").write_text("road\nsky\n")
    files = pack(open_dataset(f"folder:{root}"), "train", tmp_path / "packed", shards=1)
    assert [file.name for file in files] == ["train-00000-of-00001.tfrecord"]
    rows = [tf.io.parse_single_example(record, KEYS) for record in tf.data.TFRecordDataset([str(files[0])])]
    assert [row["image/filename"].numpy() for row in rows] == [b"a", b"b", b"c"]
    assert [row["image/format"].numpy() for row in rows] == [b"png", b"jpeg", b"png"]
    assert [(int(row["image/height"]), int(row["image/width"])) for row in rows] == [(5, 7), (6, 7), (6, 8)]
    assert all(int(row["image/channels"]) == 3 for row in rows)
    assert rows[1]["image/encoded"].numpy() == (root / "images" / "train" / "b.jpg").read_bytes()  # not coded again
    grey = tf.io.decode_png(rows[2]["image/encoded"]).numpy()
    assert np.array_equal(grey, np.repeat(photo(2, (6, 8))[:, :, :1], 3, 2))
    assert all(row["image/segmentation/class/format"].numpy() == b"png" for row in rows)
    label = tf.io.decode_png(rows[0]["image/segmentation/class/encoded"]).numpy()
    assert np.array_equal(label[:, :, 0], labels(0, (5, 7), (0, 1, 255)))


def test_labels_are_written_as_classes(tmp_path: Path) -> None:
    """Not as Cityscapes' own numbers: road is 7 in its files and 0 in the shard."""
    dataset = open_dataset(f"cityscapes:{tree('cityscapes', tmp_path)}")
    (file,) = pack(dataset, "train", tmp_path / "packed", shards=1)
    record = next(iter(tf.data.TFRecordDataset([str(file)])))
    row = tf.io.parse_single_example(record, KEYS)
    assert row["image/filename"].numpy() == b"aachen_000000_000019"  # the stem without a suffix
    label = tf.io.decode_png(row["image/segmentation/class/encoded"]).numpy()
    assert set(np.unique(label)) == {*range(19), 255}
    assert (tmp_path / "packed" / "classes.txt").read_text().splitlines()[0] == "road #804080"


def test_shards_share_the_examples_out(tmp_path: Path) -> None:
    dataset = open_dataset(f"tfrecord:{tree('tfrecord', tmp_path)}")
    files = pack(dataset, "train", tmp_path / "out", shards=10)
    assert len(files) == 3  # never more than there are examples
    assert [sum(1 for _ in tf.data.TFRecordDataset([str(file)])) for file in files] == [1, 1, 1]


def test_packing_does_not_mix(tmp_path: Path) -> None:
    dataset = open_dataset(f"tfrecord:{tree('tfrecord', tmp_path)}")
    pack(dataset, "train", tmp_path / "out", shards=2)
    pack(dataset, "train", tmp_path / "out", shards=2)  # again is fine
    with pytest.raises(UserError, match="'train' lies here in another number of shards"):
        pack(dataset, "train", tmp_path / "out", shards=3)
    (tmp_path / "out" / "classes.txt").write_text("sky\nroad\n")
    with pytest.raises(UserError, match=r"other classes than those of tfrecord"):
        pack(dataset, "val_fine", tmp_path / "out", shards=1)
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_bad_example_leaves_no_half_shard(tmp_path: Path) -> None:
    root = tree("camvid", tmp_path)
    save(root / "trainannot" / "0001TP_000001.png", labels(1, (13, 16), (0, 99)))
    with pytest.raises(UserError, match="label value 99"):
        pack(open_dataset(f"camvid:{root}"), "train", tmp_path / "out", shards=1)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["classes.txt"]


def test_labels_that_are_not_public_are_not_packed(tmp_path: Path) -> None:
    root = tree("cityscapes", tmp_path)
    save(root / "leftImg8bit/test/berlin/berlin_000000_000019_leftImg8bit.png", photo(1, (4, 6)))
    with pytest.raises(UserError, match="the labels of the split 'test' are not public"):
        pack(open_dataset(f"cityscapes:{root}"), "test", tmp_path / "out")


def test_missing_and_mixed_shards(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00003.tfrecord", example(0, (4, 5)))
    write(tmp_path / "train-00002-of-00003.tfrecord", example(1, (4, 5)))
    with pytest.raises(UserError, match=r"train-00001-of-00003\.tfrecord: no such shard"):
        open_dataset(f"tfrecord:{tmp_path}").examples("train")
    write(tmp_path / "train-00000-of-00001.tfrecord", example(2, (4, 5)))
    with pytest.raises(UserError, match=r"shards of 'train' from several packings \(of 1, 3\)"):
        open_dataset(f"tfrecord:{tmp_path}").examples("train")


@pytest.mark.parametrize("lost", [1, 5, 100])
def test_a_shard_cut_short(tmp_path: Path, lost: int) -> None:
    file = write(tmp_path / "train-00000-of-00001.tfrecord", example(0, (4, 5)), example(1, (4, 5)))
    file.write_bytes(file.read_bytes()[:-lost])
    with pytest.raises(UserError, match=f"{file}: cut short in record 2"):
        open_dataset(f"tfrecord:{tmp_path}").examples("train")


def test_records_that_lack_something(tmp_path: Path) -> None:
    lacking = example(0, (4, 5))
    del lacking.features.feature["image/encoded"]
    file = write(
        tmp_path / "train-00000-of-00001.tfrecord",
        lacking,
        example(1, (4, 5), image__segmentation__class__format=b"raw"),
        example(2, (4, 5)),
        example(2, (4, 5)),
    )
    with pytest.raises(UserError) as caught:
        open_dataset(f"tfrecord:{tmp_path}").examples("train")
    assert [str(fault) for fault in caught.value.faults] == [
        f"{file}: record 1 has no image/encoded. Pack it again",
        f"{file}: record 2 (aachen_000001_000019) has a label of format 'raw'. Only png is read",
        f"{file}: record 4 has the name of another (aachen_000002_000019). Leave one of them",
    ]


def test_records_of_something_else(tmp_path: Path) -> None:
    file = tmp_path / "train-00000-of-00001.tfrecord"
    write(file)
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(b"\x0a\xff\xff\xff\xff\x0fnothing of the kind")
    with pytest.raises(UserError, match=r"no tf\.train\.Example"):
        open_dataset(f"tfrecord:{tmp_path}").examples("train")
    file.write_bytes(np.random.default_rng(0).bytes(4000))
    with pytest.raises(UserError, match=f"{file}: cut short in record 1"):
        open_dataset(f"tfrecord:{tmp_path}").examples("train")


def test_pictures_in_records_are_checked(tmp_path: Path) -> None:
    short = png(photo(0, (4, 5)))[:-60]
    file = write(
        tmp_path / "train-00000-of-00001.tfrecord",
        example(0, (4, 5), image__encoded=short),
        example(1, (4, 5), image__segmentation__class__encoded=png(labels(0, (5, 4), (0, 1)))),
        example(2, (4, 5), image__segmentation__class__encoded=png(labels(0, (4, 5), (0, 2)))),
    )
    dataset = open_dataset(f"tfrecord:{tmp_path}")
    with pytest.raises(UserError) as caught:
        check_before_training(dataset, "train")
    shown = [str(fault) for fault in caught.value.faults]
    assert shown[0].startswith(f"{file} (aachen_000000_000019): cannot be read")
    (sizes,) = shown[1:]
    assert sizes.startswith(f"{file} (aachen_000001_000019): the label is 4 × 5 pixels and its image 5 × 4")
    found = [str(fault) for fault in check(dataset, "train").faults]
    assert found[:2] == shown
    assert found[2] == f"{file} (aachen_000002_000019): label value 2 that no class has. Known are 0 to 1, 255"


def test_an_empty_shard(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00002.tfrecord")
    write(tmp_path / "train-00001-of-00002.tfrecord", example(1, (4, 5)))
    assert len(open_dataset(f"tfrecord:{tmp_path}").examples("train")) == 1


def test_a_palette_image_is_packed_in_three_channels(tmp_path: Path) -> None:
    root = tree("folder", tmp_path)
    file = root / "images" / "train" / "scene 0.png"
    Image.fromarray(photo(0, (9, 11))).convert("P").save(file)
    (packed, *_) = pack(open_dataset(f"folder:{root}"), "train", tmp_path / "out", shards=1)
    row = tf.io.parse_single_example(next(iter(tf.data.TFRecordDataset([str(packed)]))), KEYS)
    with Image.open(io.BytesIO(row["image/encoded"].numpy())) as image:
        assert image.mode == "RGB"
