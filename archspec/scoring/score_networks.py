"""Networks on a split, all of them in one pass: images are read once, and while the networks run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from archspec.arrays import Array
from archspec.datasets import Dataset, Example
from archspec.errors import Fault, Place, Problem, UserError, user_error
from archspec.graph.padding import padding_multiple
from archspec.scoring.ground_truth import Item, Reference, Truth, fingerprint
from archspec.scoring.inference import Viewing, label_map
from archspec.scoring.metrics import Counts
from archspec.scoring.score_predictions import Scored, Watch, counted, started
from archspec.scoring.segmenters import Contestant

READERS = 2  # threads that read images: the networks take the processors
BEHIND = 8  # images that wait to be counted


@dataclass(frozen=True, slots=True)
class Look:
    """One image of several on the way (`number` from 0): what was read, and a contestant's classes `(H, W)`, uint8."""

    number: int
    total: int
    example: Example
    image: Array
    contestant: Contestant
    predicted: Array


@dataclass(frozen=True, slots=True)
class NetworkScore:
    """A contestant's counts, and how long its network took for them (ms an image, the first one left out)."""

    contestant: Contestant
    scored: Scored
    network_ms: float | None


class _Turn:
    """One contestant during the pass; its counting is done behind its back."""

    def __init__(self, contestant: Contestant, pool: ThreadPoolExecutor) -> None:
        self.contestant = contestant
        self._pool = pool
        self._counts: list[Future[Counts]] = []
        self._looks: list[Future[None]] = []
        self.seconds: list[float] = []

    def count(self, nothing: Counts, item: Item, truth: Truth, predicted: Array) -> None:
        """In the pool; waits where it lags behind, so that not all images pile up in memory."""
        self._counts.append(self._pool.submit(counted, nothing, item, truth, predicted))
        if len(self._counts) > BEHIND:
            self._counts[-BEHIND].result()

    def show(self, look: Callable[[Look], None], what: Look) -> None:
        """In the pool."""
        self._looks.append(self._pool.submit(look, what))
        if len(self._looks) > BEHIND:
            self._looks[-BEHIND].result()

    def sum(self) -> Counts:
        """Of all images."""
        for one in self._looks:
            one.result()
        return reduce(add, (future.result() for future in self._counts))


def score_networks(
    contestants: Sequence[Contestant],
    dataset: Dataset,
    reference: Reference,
    split: str,
    viewing: Viewing,
    *,
    limit: int | None = None,
    boundaries: bool = False,
    watch: Watch | None = None,
    look: Callable[[Look], None] | None = None,
) -> list[NetworkScore]:
    """The score of each contestant on the first `limit` examples of a split.

    `look` is given every image with every contestant's prediction. Raises `UserError` for a network of another number
    of classes before anything runs, and for the first image that cannot be read or shown.
    """
    _check_classes(contestants, dataset)
    pairs = _pairs(dataset, reference, split)[:limit]
    nothing = Counts.none(reference.labels, instances=reference.instances, boundaries=boundaries)
    contents: list[tuple[str, bytes]] = []

    def read(pair: tuple[Example, Item]) -> tuple[Array, Truth, str]:
        image, truth = dataset.read_image(pair[0]), reference.read(pair[1])
        _check_size(image, truth, pair[1])
        return image, truth, fingerprint([(reference.digest(pair[1], truth), image.tobytes())])

    with ThreadPoolExecutor(1, thread_name_prefix="archspec-counts") as pool:
        turns = [_Turn(contestant, pool) for contestant in contestants]
        for number, ((example, item), result) in enumerate(started(read, pairs, READERS)):
            image, truth, content = result.result()
            contents.append((content, b""))
            for turn in turns:
                predicted = _predict(turn, image, viewing, dataset)
                turn.count(nothing, item, truth, reference.encoded(predicted))
                if look is not None:
                    turn.show(look, Look(number, len(pairs), example, image, turn.contestant, predicted))
            if watch is not None:
                watch(number + 1, len(pairs))
        counts = [turn.sum() for turn in turns]
    digest = fingerprint(contents)
    return [
        NetworkScore(turn.contestant, Scored(one, digest), _milliseconds(turn.seconds))
        for turn, one in zip(turns, counts, strict=True)
    ]


def padding_multiple_of(examples: Sequence[Example], dataset: Dataset) -> int:
    """What a spec's network pads the sides of these images to a multiple of: as training does for its validation."""
    return padding_multiple(map(dataset.image_size, examples))


def _pairs(dataset: Dataset, reference: Reference, split: str) -> list[tuple[Example, Item]]:
    """Every example with its truth. Raises `UserError` with all that have none."""
    examples = dataset.examples(split)
    items = {item.name: item for item in reference.items(split)}
    faults = [
        Fault("no truth for this image", "Add it, or take the image out of the split", place=Place(str(example.image)))
        for example in examples
        if example.name not in items
    ]
    if faults:
        raise UserError(faults)
    return [(example, items[example.name]) for example in examples]


def _predict(turn: _Turn, image: Array, viewing: Viewing, dataset: Dataset) -> Array:
    contestant = turn.contestant
    start = time.perf_counter()
    try:
        predicted = label_map(contestant.network, image, viewing)
    except Problem as problem:
        raise UserError(problem.at(Place(contestant.name))) from problem
    turn.seconds.append(time.perf_counter() - start)
    if int(predicted.max(initial=0)) >= len(dataset.classes):
        fact = f"gives label {predicted.max()}, and {dataset.name} has {len(dataset.classes)} classes"
        raise user_error(fact, "Was it made for another data set?", place=Place(contestant.name))
    return predicted


def _check_classes(contestants: Sequence[Contestant], dataset: Dataset) -> None:
    wanted = len(dataset.classes)
    faults = [
        Fault(
            f"a network of {one.network.classes} classes, and {dataset.name} has {wanted}",
            "Was it made for another data set?",
            place=Place(one.name),
        )
        for one in contestants
        if one.network.classes not in (None, wanted)
    ]
    if faults:
        raise UserError(faults)


def _check_size(image: Array, truth: Truth, item: Item) -> None:
    if image.shape[:2] != truth.labels.shape:
        has, wants = (f"{one[0]} x {one[1]}" for one in (truth.labels.shape, image.shape))
        fact = f"{has} pixels, and its image has {wants}"
        raise user_error(fact, "The two belong together", place=Place(str(item.file)))


def _milliseconds(seconds: list[float]) -> float | None:
    """The median without the first, which builds the network."""
    return float(np.median(seconds[1:])) * 1000 if len(seconds) > 1 else None
