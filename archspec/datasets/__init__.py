"""Data sets: one file each, found by its stem; `open_dataset("camvid:DIR")` opens one.

A data set is a file here with one subclass of `Dataset`. What is read from it are plain arrays; `training_batches`
makes the batches of a training run out of them, the same ones for the same seed and step, and `close_batches` frees
what they keep. `check_before_training` finds in a moment what is wrong with a split's files, `check` reads them all;
`pack` writes them as TFRecord shards.

`count_labels` and `cautions` find what looks wrong about labels: classes that never occur, masks of 0 and 255.

Every command reads images with `read_image` and labels with `read_indices`, and finds files with `files_in` and
`files_below`.
"""

from archspec.datasets._augmentation import Augmentation
from archspec.datasets._batches import close_batches, python_batches, reading_errors, training_batches
from archspec.datasets._check import (
    Checked,
    LabelCounts,
    cautions,
    check,
    check_before_training,
    count_labels,
    label_cautions,
)
from archspec.datasets._class_folders import ClassDataset, class_folders, classes_named, examples_of
from archspec.datasets._class_samples import class_view
from archspec.datasets._contract import (
    IGNORE,
    Classes,
    Dataset,
    Example,
    class_pixels,
    dataset_class,
    names,
    open_dataset,
    topmost,
)
from archspec.datasets._files import FileDataset, files_below, files_in, is_hidden
from archspec.datasets._image_form import RGB, ImageForm, check_channels, describe_channels, displayed, image_form
from archspec.datasets._image_stack import (
    STACK_KINDS,
    STACK_SUFFIXES,
    read_stack,
    resized_pixels,
    stack_channels,
    stack_size,
    with_further_files,
)
from archspec.datasets._images import IMAGE_KINDS, LABEL_SUFFIXES, image_size, read_image, read_indices
from archspec.datasets._overview import checked_table, contact_sheet, kinds_table, overlay, packed_table
from archspec.datasets._shards import pack

__all__ = [
    "IGNORE", "IMAGE_KINDS", "LABEL_SUFFIXES", "RGB", "STACK_KINDS", "STACK_SUFFIXES", "Augmentation", "Checked",
    "ClassDataset", "Classes", "Dataset", "Example", "FileDataset", "ImageForm", "LabelCounts", "cautions", "check",
    "check_before_training", "check_channels", "checked_table", "class_folders", "class_pixels", "class_view",
    "classes_named", "close_batches", "contact_sheet", "count_labels", "dataset_class", "describe_channels",
    "displayed", "examples_of", "files_below", "files_in", "image_form", "image_size", "is_hidden", "kinds_table",
    "label_cautions", "names", "open_dataset", "overlay", "pack", "packed_table", "python_batches", "read_image",
    "read_indices", "read_stack", "reading_errors", "resized_pixels", "stack_channels", "stack_size", "topmost",
    "training_batches", "with_further_files",
]  # fmt: skip
