"""Mean IoU of a `.tflite` on whole images of a data set, which are resized where the file has another size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archspec.datasets import Dataset, Example


def file_miou(
    data: bytes, dataset: Dataset, examples: Sequence[Example], progress: Callable[[int], None] = lambda done: None
) -> float:
    """The score, 0..1; of masks that may overlap, each class by itself. `progress` is called after each image."""
    import numpy as np

    from archspec.export import TfliteSegmenter
    from archspec.scoring import MaskSums, Viewing, class_iou, confusion, label_map, mask_map

    network = TfliteSegmenter(data, channels=(dataset.form.channels,))
    classes = len(dataset.classes)
    matrix, masks = np.zeros((classes, classes), np.int64), MaskSums.none(classes)
    for number, example in enumerate(examples):
        image, label = dataset.read_image(example), dataset.read_label(example)
        if dataset.multi_label:
            masks = masks.plus(label, mask_map(network, image, Viewing()))
        else:
            matrix += confusion(label, label_map(network, image, Viewing()), classes)
        progress(number + 1)
    return float(np.nanmean(masks.iou if dataset.multi_label else class_iou(matrix)))
