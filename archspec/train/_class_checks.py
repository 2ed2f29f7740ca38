"""What a training of a classifier can be told is wrong with it: label maps where one label an image is wanted."""

from __future__ import annotations

from archspec.catalog import load
from archspec.datasets import Dataset
from archspec.errors import Fault, nearest
from archspec.graph import Graph
from archspec.graph.task import CLASSIFICATION, describe_task, task_of
from archspec.train._losses import loss_names
from archspec.train._order import Order
from archspec.train._recipe import Stage

ONLY_MAPS = "is of label maps, and the data have one class for each image"


def task_faults(order: Order, stage: Stage, graph: Graph, dataset: Dataset) -> list[Fault]:
    """A network that does something else than the data are labelled for; of a classifier, what is of label maps."""
    task = task_of(graph)
    if task != dataset.task:
        fact = f"the network gives {describe_task(task)}, and {dataset.name} has {describe_task(dataset.task)}"
        remedy = "End it with head: pooled_classifier, classifier: none and decoder: none, or name other data"
        other = "Name a network of label maps, or data such as image_folder:DIR"
        return [Fault(fact, remedy if dataset.task == CLASSIFICATION else other)]
    if task != CLASSIFICATION:
        if stage.augmentation.area_from:
            fact = "random parts of another proportion (area_from) are for labels of whole images"
            return [Fault(fact, "Write scale_from and scale_to", order.path_in(stage, "augmentation.area_from"))]
        return []
    found = [("cache_features", stage.cache_features is not None), ("teacher", stage.teacher is not None),
             ("augmentation.focus_share", bool(stage.augmentation.focus_share))]  # fmt: skip
    faults = [Fault(f"{key} {ONLY_MAPS}", "Leave it out", order.path_in(stage, key)) for key, asked in found if asked]
    if order.auxiliary_weights(stage):
        faults.append(Fault(f"an auxiliary head {ONLY_MAPS}", "Leave it out", "auxiliary"))
    known = [name for name in loss_names() if of_images(name)]
    for term in stage.loss:
        if term.name not in known:
            fact, remedy = f"the loss {term.name} {ONLY_MAPS}", nearest(term.name, known)
            faults.append(Fault(fact, remedy, order.path_in(stage, "loss")))
    return faults


def of_images(loss: str) -> bool:
    """Whether a loss also takes labels that are one number an image."""
    return bool(getattr(load("losses", loss), "OF_IMAGES", False))
