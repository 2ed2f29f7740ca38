"""After a training nothing holds its data, its graphs or its threads: memory does not grow with their number."""

import gc
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from archspec.datasets import Augmentation, close_batches, training_batches
from archspec.datasets import _batches as python_batches
from archspec.datasets._batches import Batches
from archspec.train import Order, Training
from archspec.train._features import Features
from tests.train.tiny import Blocks, recipe, spec

CACHED = """
freeze: backbone
cache_features: {views: 1}
"""


def held() -> dict[str, int]:
    """What is left of trainings in this process."""
    from tensorflow.python.framework.func_graph import FuncGraph

    gc.collect()
    objects = gc.get_objects()
    return {
        "splits": sum(isinstance(one, Batches) for one in objects),
        "features": sum(isinstance(one, Features) for one in objects),
        "graphs": sum(isinstance(one, FuncGraph) for one in objects),
        "makers": len(python_batches._makers),
        "threads": sum(one.name.startswith("archspec-batches") for one in threading.enumerate()),
    }


def back_at(before: dict[str, int], *kinds: str) -> bool:
    """Whether no more is left than before (of some kinds); threads take a moment to end."""

    def found(counts: dict[str, int]) -> dict[str, int]:
        return {kind: counts[kind] for kind in kinds or counts}

    deadline = time.monotonic() + 10
    while found(held()) != found(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found(held()) == found(before)


@pytest.mark.parametrize("more", ["", CACHED], ids=["images", "cached features"])
def test_a_training_leaves_nothing_behind(more: str, tmp_path: Path) -> None:
    before = held()
    Training(Order(spec(), recipe(more, "test", "steps=2"), {"blocks": Blocks()}, 0), tmp_path).train()
    assert back_at(before), (before, held())


def batches(steps: int) -> object:
    return training_batches(
        Blocks(), "train", augmentation=Augmentation(crop=(8, 8)), batch_size=2, seed=0, steps=steps
    )


def test_an_iterator_keeps_what_makes_its_batches() -> None:
    before = held()
    found = iter(batches(5))  # type: ignore[call-overload]  # nobody else has the data set
    gc.collect()
    assert [np.asarray(images).shape for images, _ in found] == [(2, 8, 8, 3)] * 5
    assert held()["makers"] == before["makers"] + 1
    del found
    assert back_at(before)


def test_closed_batches_are_forgotten_at_once() -> None:
    before = held()
    found = batches(50)
    next(iter(found))  # type: ignore[call-overload]
    close_batches(found)
    close_batches(found)  # once is enough, twice no harm
    assert held()["makers"] == before["makers"]
    assert back_at(before, "splits")  # a thread may be making one more batch
