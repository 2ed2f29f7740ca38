"""Score several segmenters on a split in one pass: every image is read once, while the networks run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from archspec.arrays import Array
from archspec.datasets import Dataset, Example, ImageForm, describe_channels
from archspec.errors import Fault, Place, Problem, UserError, user_error
from archspec.graph import padding_multiple
from archspec.scoring.ground_truth import GroundTruth, Item, LabelMap, fingerprint
from archspec.scoring.inference import Viewing, label_count, label_map, makes_masks, mask_map
from archspec.scoring.metrics import Counts
from archspec.scoring.prediction_scores import Progress, ScoreResult, counted, threaded_results
from archspec.scoring.segmenters import NamedSegmenter

READERS = 2  # threads that read images: the networks take the processors
BEHIND = 8  # images that wait to be counted


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image of a pass (`number` from 0): what was read, and the classes a segmenter predicted `(H, W)`, uint8."""

    number: int
    total: int
    example: Example
    image: Array
    named: NamedSegmenter
    predicted: Array


ImageWriter = Callable[[ImageResult], None]
"""Writes what is wanted of an image; called in a thread."""


@dataclass(frozen=True, slots=True)
class SegmenterScore:
    """A segmenter's counts, and how long its network took for them (ms an image, the first one left out)."""

    named: NamedSegmenter
    scored: ScoreResult
    network_ms: float | None


class _Turn:
    """One segmenter during the pass. It predicts in the calling thread; a pool counts and writes meanwhile."""

    def __init__(self, named: NamedSegmenter, pool: ThreadPoolExecutor) -> None:
        self.named = named
        self._pool = pool
        self._counts: list[Future[Counts]] = []
        self._writes: list[Future[None]] = []
        self.seconds: list[float] = []

    def count(self, nothing: Counts, item: Item, truth: LabelMap, predicted: Array) -> None:
        """Count in the pool; wait where the pool is far behind, so that images do not pile up in memory."""
        self._counts.append(self._pool.submit(counted, nothing, item, truth, predicted))
        if len(self._counts) > BEHIND:
            self._counts[-BEHIND].result()

    def write(self, writers: Sequence[ImageWriter], result: ImageResult) -> None:
        """Write in the pool."""
        self._writes += [self._pool.submit(writer, result) for writer in writers]
        if len(self._writes) > BEHIND:
            self._writes[-BEHIND].result()

    def sum(self) -> Counts:
        """The counts of all images, when everything is counted and written."""
        for one in self._writes:
            one.result()
        return reduce(add, (future.result() for future in self._counts))


def score_segmenters(
    segmenters: Sequence[NamedSegmenter],
    dataset: Dataset,
    ground_truth: GroundTruth,
    split: str,
    viewing: Viewing,
    *,
    limit: int | None = None,
    boundaries: bool = False,
    progress: Progress | None = None,
    writers: Sequence[ImageWriter] = (),
) -> list[SegmenterScore]:
    """The score of each segmenter on the first `limit` examples of a split.

    `writers` are given every image with the prediction of every segmenter. Raises `UserError` for a
    network of another number of classes before anything runs, and for the first image that cannot be read or shown.
    """
    _check_classes(segmenters, dataset)
    dataset = dataset.in_form(form_of(segmenters))
    pairs = _pairs(dataset, ground_truth, split)[:limit]
    masks = len(dataset.classes) if dataset.multi_label else int(all(_is_binary(one) for one in segmenters))
    nothing = Counts.none(
        ground_truth.labels,
        instances=ground_truth.instances,
        boundaries=boundaries and not dataset.multi_label,
        masks=masks,
    )
    contents: list[tuple[str, bytes]] = []

    def read(pair: tuple[Example, Item]) -> tuple[Array, LabelMap, str]:
        image, truth = dataset.read_image(pair[0]), ground_truth.read(pair[1])
        _check_size(image, truth, pair[1])
        return image, truth, fingerprint([(ground_truth.digest(pair[1], truth), image.tobytes())])

    with ThreadPoolExecutor(1, thread_name_prefix="archspec-counts") as pool:
        turns = [_Turn(named, pool) for named in segmenters]
        for number, ((example, item), result) in enumerate(threaded_results(read, pairs, READERS)):
            image, truth, content = result.result()
            contents.append((content, b""))
            for turn in turns:
                predicted = _predict(turn, image, viewing, dataset)
                turn.count(nothing, item, truth, ground_truth.encoded(predicted))
                turn.write(writers, ImageResult(number, len(pairs), example, image, turn.named, predicted))
            if progress is not None:
                progress(number + 1, len(pairs))
        counts = [turn.sum() for turn in turns]
    digest = fingerprint(contents)
    return [
        SegmenterScore(turn.named, ScoreResult(one, digest), _milliseconds(turn.seconds))
        for turn, one in zip(turns, counts, strict=True)
    ]


def form_of(segmenters: Sequence[NamedSegmenter]) -> ImageForm:
    """How images are read for all of them. Raises `UserError` where they read them differently."""
    forms = {one.form: one.name for one in segmenters}
    if len(forms) > 1:
        each = [f"{name} reads {describe_channels((form.channels,))} channels" for form, name in forms.items()]
        fact = f"networks that read images differently cannot be scored in one pass ({'; '.join(each)})"
        raise user_error(fact, "Score them one by one", place=Place(segmenters[0].name))
    return next(iter(forms))


def padding_multiple_of(examples: Sequence[Example], dataset: Dataset) -> int:
    """A spec's network pads the sides of these images to a multiple of this, as the validation of a training does."""
    return padding_multiple(map(dataset.image_size, examples))


def _pairs(dataset: Dataset, ground_truth: GroundTruth, split: str) -> list[tuple[Example, Item]]:
    """Every example with its truth. Raises `UserError` with all that have none."""
    examples = dataset.examples(split)
    items = {item.name: item for item in ground_truth.items(split)}
    faults = [
        Fault("no truth for this image", "Add it, or take the image out of the split", place=Place(str(example.image)))
        for example in examples
        if example.name not in items
    ]
    if faults:
        raise UserError(faults)
    return [(example, items[example.name]) for example in examples]


def _predict(turn: _Turn, image: Array, viewing: Viewing, dataset: Dataset) -> Array:
    named = turn.named
    predict = mask_map if dataset.multi_label else label_map
    start = time.perf_counter()
    try:
        predicted = predict(named.segmenter, image, viewing)
    except Problem as problem:
        raise UserError(problem.at(Place(named.name))) from problem
    turn.seconds.append(time.perf_counter() - start)
    if not dataset.multi_label and int(predicted.max(initial=0)) >= len(dataset.classes):
        fact = f"gives label {predicted.max()}, and {dataset.name} has {len(dataset.classes)} classes"
        raise user_error(fact, "Was it made for another data set?", place=Place(named.name))
    return predicted


def _is_binary(named: NamedSegmenter) -> bool:
    """Whether it gives one score, the foreground's."""
    return makes_masks(named.segmenter) and named.segmenter.classes == 1


def _check_classes(segmenters: Sequence[NamedSegmenter], dataset: Dataset) -> None:
    wanted = len(dataset.classes)
    faults = [
        Fault(
            f"a network of {count} classes, and {dataset.name} has {wanted}",
            "Was it made for another data set?",
            place=Place(one.name),
        )
        for one in segmenters
        if (count := one.segmenter.classes if dataset.multi_label else label_count(one.segmenter)) not in (None, wanted)
    ]
    if dataset.multi_label:
        fact = f"gives one class a pixel, and several classes of {dataset.name} may hold at one"
        remedy = "Score a network that was trained with output: sigmoid"
        faults += [Fault(fact, remedy, place=Place(one.name)) for one in segmenters if not makes_masks(one.segmenter)]
    if faults:
        raise UserError(faults)


def _check_size(image: Array, truth: LabelMap, item: Item) -> None:
    if image.shape[:2] != truth.labels.shape[:2]:
        has, wants = (f"{one[0]} x {one[1]}" for one in (truth.labels.shape, image.shape))
        fact = f"{has} pixels, and its image has {wants}"
        raise user_error(fact, "The two belong together", place=Place(str(item.file)))


def _milliseconds(seconds: list[float]) -> float | None:
    """The median without the first, which builds the network."""
    return float(np.median(seconds[1:])) * 1000 if len(seconds) > 1 else None
