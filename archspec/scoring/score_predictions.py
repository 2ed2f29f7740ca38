"""One pass over a split: every file read once, everything counted, while the next images are being read."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import TypeVar

from archspec.arrays import Array
from archspec.errors import Fault, Place, Problem, UserError
from archspec.scoring.ground_truth import Item, Reference, Truth, fingerprint
from archspec.scoring.metrics import Counts
from archspec.scoring.prediction_files import find_predictions, read_prediction, some_of

T = TypeVar("T")
R = TypeVar("R")
Watch = Callable[[int, int], None]
"""Told how many images are done, and of how many."""
AHEAD = 3  # images in the making, a thread


@dataclass(frozen=True, slots=True)
class Scored:
    """The counts of a split, and what stands for its data: the names and files that were read."""

    counts: Counts
    data_digest: str


def score_predictions(
    reference: Reference,
    split: str,
    folder: Path,
    *,
    limit: int | None = None,
    boundaries: bool = False,
    watch: Watch | None = None,
    workers: int | None = None,
) -> Scored:
    """Score a folder of prediction PNGs, in the organisers' naming; `workers` threads, None is one a processor.

    Raises `UserError` with everything that is wrong: predictions that are missing before anything is read, and all
    those that cannot be read or hold something else than labels.
    """
    items = reference.items(split)[:limit]
    files = find_predictions(folder, items, reference)
    nothing = Counts.none(reference.labels, instances=reference.instances, boundaries=boundaries)

    def one(item: Item) -> tuple[Counts, str]:
        truth = reference.read(item)
        predicted = read_prediction(files[item.name], reference, truth.labels.shape)
        return counted(nothing, item, truth, predicted), reference.digest(item, truth)

    found: list[tuple[Counts, str]] = []
    faults: list[Fault] = []
    for done, (_, result) in enumerate(started(one, items, workers), 1):
        try:
            found.append(result.result())
        except UserError as error:
            faults += error.faults
        if watch is not None:
            watch(done, len(items))
    if faults:
        raise some_of(faults)
    return Scored(reduce(add, (counts for counts, _ in found)), fingerprint((digest, b"") for _, digest in found))


def counted(nothing: Counts, item: Item, truth: Truth, predicted: Array) -> Counts:
    """The counts of one image. Raises `UserError` with the file of the truth for an instance that cannot be."""
    try:
        return nothing.plus(truth.labels, predicted, truth.instances)
    except Problem as problem:
        raise UserError(problem.at(Place(str(item.file)))) from problem


def started(
    function: Callable[[T], R], items: Iterable[T], workers: int | None = None
) -> Iterator[tuple[T, Future[R]]]:
    """Each item with the function's result, in order; the next few are in the making in threads.

    Threads are enough: decoding an image and counting its pixels let go of the interpreter.
    """
    count = workers or usable_processors()
    pool = ThreadPoolExecutor(count, thread_name_prefix="archspec-scores")
    waiting: deque[tuple[T, Future[R]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > AHEAD * count:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(cancel_futures=True)


def usable_processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
