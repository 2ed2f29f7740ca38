"""What a network does, by what it gives back: a class for each pixel, or one for the whole image.

The one place where that is told; a data set says the same of its labels (`Dataset.task`).
"""

from __future__ import annotations

from typing import Literal

from archspec.errors import Place, UserError, user_error
from archspec.graph.surgery import is_sigmoid, scores_of
from archspec.graph.tensor import Graph

Task = Literal["segmentation", "classification"]
SEGMENTATION: Task = "segmentation"
CLASSIFICATION: Task = "classification"
VECTOR_AXES = 1
_LABELS = {SEGMENTATION: "a class for each pixel", CLASSIFICATION: "one class for each image"}


def task_of(graph: Graph) -> Task:
    """Classification where the scores, before any ArgMax or Softmax, are a vector of one score a class."""
    return CLASSIFICATION if len(scores_of(graph.outputs[0]).shape) == VECTOR_AXES else SEGMENTATION


def gives_masks(graph: Graph) -> bool:
    """Whether it gives a probability of each class by itself (`output: sigmoid`), so that several may hold at a pixel;
    of a single class that of the foreground."""
    return task_of(graph) == SEGMENTATION and is_sigmoid(graph.outputs[0])


def describe_task(task: Task) -> str:
    """`a class for each pixel`."""
    return _LABELS[task]


def check_segments(graph: Graph, what: str, place: Place) -> None:
    """Raises `UserError` for a classifier, with `what` is only for networks that segment (`archspec explain`)."""
    if task_of(graph) == CLASSIFICATION:
        raise not_for_classifiers(what, place)


def not_for_classifiers(what: str, place: Place) -> UserError:
    """The error of a command that is about label maps."""
    fact = f"gives one class for each image, and {what} is for networks that give one for each pixel"
    return user_error(fact, "docs/classification.md has the commands that take a classifier", place=place)
