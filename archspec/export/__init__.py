"""Graph and weights -> a `.tflite` that is proven equal, without TensorFlow.

`export` makes the file, `check_equality` compares its logits with a reference's, `take_census` and
`check_census` read what is in any `.tflite`, `read_metadata` what it says about itself.
"""

from archspec.arrays import PRECISIONS, Precision
from archspec.export.census import Census, check_census, take_census
from archspec.export.equality import Equality, check_equality, default_images
from archspec.export.exporter import Exported, export, logits_node, write
from archspec.export.input_size import InputSize, input_size, sized
from archspec.export.interpreter import run
from archspec.export.metadata import Metadata, check_labels, read_metadata
from archspec.export.tflite_classifier import TfliteClassifier, classifies
from archspec.export.tflite_segmenter import TfliteSegmenter

__all__ = [
    "PRECISIONS",
    "Census",
    "Equality",
    "Exported",
    "InputSize",
    "Metadata",
    "Precision",
    "TfliteClassifier",
    "TfliteSegmenter",
    "check_census",
    "check_equality",
    "check_labels",
    "classifies",
    "default_images",
    "export",
    "input_size",
    "logits_node",
    "read_metadata",
    "run",
    "sized",
    "take_census",
    "write",
]  # fmt: skip
