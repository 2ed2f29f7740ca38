"""Written with TensorFlow's own classes, not with ours."""

import io
from pathlib import Path

import tensorflow as tf
from PIL import Image

from tests.datasets.pictures import labels, photo


def make(root: Path) -> Path:
    root.mkdir(parents=True)
    for split, shards in (("train", ((0, 1), (2,))), ("val_fine", ((3,),))):
        for number, members in enumerate(shards):
            file = root / f"{split}-{number:05d}-of-{len(shards):05d}.tfrecord"
            with tf.io.TFRecordWriter(str(file)) as writer:
                for member in members:
                    writer.write(example(member, (8, 9 + member)).SerializeToString())
    (root / "classes.txt").write_text("road\nsky\n")
    return root


def example(number: int, size: tuple[int, int], **changed: bytes) -> tf.train.Example:
    values = {
        "image/encoded": png(photo(number, size)),
        "image/filename": f"aachen_{number:06d}_000019".encode(),
        "image/format": b"png",
        "image/height": size[0],
        "image/width": size[1],
        "image/channels": 3,
        "image/segmentation/class/encoded": png(labels(number, size, (0, 1, 255))),
        "image/segmentation/class/format": b"png",
    } | {key.replace("__", "/"): value for key, value in changed.items()}
    return tf.train.Example(features=tf.train.Features(feature={key: feature(one) for key, one in values.items()}))


def feature(value: object) -> tf.train.Feature:
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def png(pixels: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")  # type: ignore[call-overload]
    return stream.getvalue()
