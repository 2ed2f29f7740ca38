"""Score a folder of prediction files: find the one of each image, and count them all in one pass."""

from __future__ import annotations

import os
import sys
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets import LABEL_SUFFIXES, is_hidden, read_indices
from archspec.errors import Fault, Place, Problem, UserError, user_error
from archspec.files import is_folder
from archspec.scoring.ground_truth import GroundTruth, Item, LabelMap, Size, fingerprint
from archspec.scoring.metrics import Counts

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int], None]
"""Is called with the number of images that are done, and of how many."""
AHEAD = 3  # images in the making, a thread
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # options of glibc's malloc.h
KEPT_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The counts of a split, and a digest of the names and files that were read."""

    counts: Counts
    data_digest: str


def score_predictions(
    ground_truth: GroundTruth,
    split: str,
    folder: Path,
    *,
    limit: int | None = None,
    boundaries: bool = False,
    progress: Progress | None = None,
    workers: int | None = None,
) -> ScoreResult:
    """Score a folder of prediction PNGs, in the organisers' naming; `workers` threads, None is one a processor.

    Raises `UserError` with everything that is wrong: predictions that are missing before anything is read, and all
    those that cannot be read or hold something else than labels.
    """
    items = ground_truth.items(split)[:limit]
    files = find_predictions(folder, items, ground_truth)
    nothing = Counts.none(ground_truth.labels, instances=ground_truth.instances, boundaries=boundaries)

    def one(item: Item) -> tuple[Counts, str]:
        truth = ground_truth.read(item)
        predicted = read_prediction(files[item.name], ground_truth, truth.labels.shape)
        return counted(nothing, item, truth, predicted), ground_truth.digest(item, truth)

    found: list[tuple[Counts, str]] = []
    faults: list[Fault] = []
    for done, (_, result) in enumerate(threaded_results(one, items, workers), 1):
        try:
            found.append(result.result())
        except UserError as error:
            faults += error.faults
        if progress is not None:
            progress(done, len(items))
    if faults:
        raise some_of(faults)
    return ScoreResult(reduce(add, (counts for counts, _ in found)), fingerprint((digest, b"") for _, digest in found))


def counted(nothing: Counts, item: Item, truth: LabelMap, predicted: Array) -> Counts:
    """The counts of one image. Raises `UserError`, with the file of the truth, for an impossible instance number."""
    try:
        return nothing.plus(truth.labels, predicted, truth.instances)
    except Problem as problem:
        raise UserError(problem.at(Place(str(item.file)))) from problem


def threaded_results(
    function: Callable[[T], R], items: Iterable[T], workers: int | None = None
) -> Iterator[tuple[T, Future[R]]]:
    """Each item with the future of the function's result, in order; threads work a few items ahead.

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
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


MOST_FAULTS = 20


def find_predictions(folder: Path, items: Iterable[Item], ground_truth: GroundTruth) -> Mapping[str, Path]:
    """The prediction of each item by its name: the one file, in any folder below, that is named after it.

    Raises `UserError` with every item that has none or several.
    """
    files = _Files(folder)
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for item in items:
        matching = files.beginning(item.prediction) if ground_truth.name_begins else files.at(item.prediction)
        if len(matching) == 1:
            found[item.name] = matching[0]
        else:
            faults.append(_not_one(item, matching, folder))
    if faults:
        raise some_of(faults)
    return found


def read_prediction(file: Path, ground_truth: GroundTruth, size: Size) -> Array:
    """The labels in a prediction `(H, W)`. Raises `UserError` unless it is of that size and holds labels that exist."""
    labels = read_indices(file)
    if labels.dtype == np.bool_:  # a PNG of one bit a pixel
        labels = labels.astype(np.uint8)
    if labels.shape != size:
        fact = f"{labels.shape[0]} x {labels.shape[1]} pixels, and the truth has {size[0]} x {size[1]}"
        raise user_error(fact, "Save predictions at the size of the truth", place=Place(str(file)))
    lowest, highest = int(labels.min(initial=0)), int(labels.max(initial=0))
    if lowest < 0 or highest >= len(ground_truth.labels):
        value = lowest if lowest < 0 else highest
        fact = f"value {value}, which is no label of {ground_truth.name}"
        raise user_error(fact, f"Labels are 0 to {len(ground_truth.labels) - 1}", place=Place(str(file)))
    return labels


def some_of(faults: list[Fault]) -> UserError:
    """An error with all faults, or with the first of very many and their number."""
    if len(faults) <= MOST_FAULTS:
        return UserError(faults)
    more = Fault(f"and {len(faults) - MOST_FAULTS} more of {len(faults)} in all")
    return UserError([*faults[:MOST_FAULTS], more])


class _Files:
    """Every PNG, BMP and TIFF file below a folder, by its name without the ending; hidden ones are left out."""

    def __init__(self, folder: Path) -> None:
        if not is_folder(folder):
            raise user_error("no such folder", "Name a folder of prediction PNGs", place=Place(str(folder)))
        found = []
        for root, folders, names in os.walk(folder, onerror=_cannot_read):
            folders[:] = [name for name in folders if not is_hidden(name)]
            paths = (Path(root, name) for name in names if not is_hidden(name))
            found += [(path.stem, path) for path in paths if path.suffix.lower() in LABEL_SUFFIXES]
        self._files = sorted(found)
        self._names = [name for name, _ in self._files]

    def beginning(self, name: str) -> list[Path]:
        """Up to two files whose names begin so."""
        first = bisect_left(self._names, name)
        return [path for other, path in self._files[first : first + 2] if other.startswith(name)]

    def at(self, wanted: str) -> list[Path]:
        """Up to two files of just this name (`x.png`, of any ending that is read); a name with folders in it is looked
        for in folders of these names."""
        whole = PurePosixPath(wanted).with_suffix("")
        first, last = bisect_left(self._names, whole.name), bisect_right(self._names, whole.name)
        paths = [path for _, path in self._files[first:last]]
        return [path for path in paths if f"/{path.with_suffix('').as_posix()}".endswith(f"/{whole}")][:2]


def _cannot_read(error: OSError) -> None:
    raise user_error(f"cannot be read ({error.strerror})", "Check its permissions", place=Place(str(error.filename)))


def _not_one(item: Item, matching: list[Path], folder: Path) -> Fault:
    if not matching:
        name = f"{item.prediction.removesuffix('.png')}.png"
        return Fault(f"no prediction for it in {folder}", f"Save one as {name}", place=Place(str(item.file)))
    fact = f"several predictions for it ({matching[0]}, {matching[1]})"
    return Fault(fact, "Leave one", place=Place(str(item.file)))


def keep_freed_memory() -> bool:
    """Ask the allocator of this process to keep up to 256 MiB of what is freed; whether it does.

    Otherwise each image of 1024 × 2048 costs some 2,500 page faults, a quarter of the time of scoring it. glibc only;
    elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return all(mallopt(option, KEPT_BYTES) == 1 for option in (TRIM_THRESHOLD, MMAP_THRESHOLD))
