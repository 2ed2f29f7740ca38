"""Features: what the frozen part of a network computes from the training images, once, kept on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archspec import lower
from archspec.arrays import Array, Weights
from archspec.datasets import Dataset, close_batches, python_batches, reading_errors
from archspec.errors import Place, UserError, user_error
from archspec.graph import Graph, canonical_hash
from archspec.lower import tf
from archspec.record import temporary_folder, turn, write_text
from archspec.train._order import stage_batches
from archspec.train._recipe import Stage

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Features:
    """`arrays`: a `(S, h, w, c)` for each tensor that crosses the cut; `labels` `(S, H, W)` uint8. On disk, not in
    memory."""

    folder: Path
    arrays: tuple[Array, ...]
    labels: Array

    @property
    def bytes(self) -> int:
        """Their size."""
        return sum(array.nbytes for array in (*self.arrays, self.labels))

    def batch(self, numbers: Array) -> tuple[Array, ...]:
        """The samples of these numbers, features as float32, labels last."""
        return (*(np.asarray(array[numbers], np.float32) for array in self.arrays), self.labels[numbers])


def features_key(
    front: Graph,
    weights: Weights,
    dataset_digest: str,
    stage: Stage,
    seed: int,
    deep_range: tuple[float, float] | None = None,
) -> str:
    """16 hexadecimal letters for everything that the numbers depend on; `deep_range` is how images are read."""
    cache = stage.cache_features
    what = [canonical_hash(front), _digest(weights), dataset_digest, stage.split, asdict(stage.augmentation), seed]
    what.append(None if cache is None else asdict(cache))
    what += [] if deep_range is None else [deep_range]
    return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()


def _digest(weights: Weights) -> str:
    found = hashlib.blake2b(digest_size=8)
    for key in sorted(weights):
        found.update(key.encode())
        found.update(np.ascontiguousarray(weights[key]).tobytes())
    return found.hexdigest()


def cached_features(
    folder: Path, front: Graph, weights: Weights, dataset: Dataset, stage: Stage, seed: int, progress: Progress
) -> Features:
    """The features in `folder`, computed first where they are not there; `progress(done, all)` is called meanwhile.

    Of several processes that want them at once one computes, and the others wait for it. The samples are those of
    the first `views` epochs of the same data in end-to-end training. Raises `UserError`.
    """
    with _turn(folder):
        if not (folder / "features.json").is_file():
            _compute(folder, front, weights, dataset, stage, seed, progress)
    files = [folder / f"{number}.npy" for number in range(len(front.outputs))]
    arrays = tuple(np.load(file, mmap_mode="r") for file in files)
    return Features(folder, arrays, np.load(folder / "labels.npy", mmap_mode="r"))


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Only one process looks for the features of `folder`, and computes them where they are not there."""
    lock = folder.with_name(f".{folder.name}.lock")
    with ExitStack() as stack:
        try:
            stack.enter_context(turn(lock))
        except OSError as error:
            raise _unkept(error, folder) from error
        yield


def _unkept(error: OSError, folder: Path) -> UserError:
    fact = f"features cannot be kept here ({error.strerror or error})"
    return user_error(fact, "Name another folder with --output", place=Place(str(folder)))


def _compute(
    folder: Path, front: Graph, weights: Weights, dataset: Dataset, stage: Stage, seed: int, progress: Progress
) -> None:
    """Into a folder of another name, which is renamed when all is in it."""
    shutil.rmtree(folder.with_name(f".{folder.name}.tmp"), ignore_errors=True)  # as it was called before
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder) as beside:
            making = beside / "new"
            making.mkdir()
            _fill(making, front, weights, dataset, stage, seed, progress)
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
    except OSError as error:
        raise _unkept(error, folder) from error


def _fill(
    folder: Path, front: Graph, weights: Weights, dataset: Dataset, stage: Stage, seed: int, progress: Progress
) -> None:
    views = stage.cache_features.views if stage.cache_features else 1
    dtype = stage.cache_features.dtype if stage.cache_features else "float32"
    samples = views * len(dataset.examples(stage.split))
    run = _function(lower.to_keras(front, weights))
    shapes = [tensor.shape for tensor in front.outputs]
    arrays = [_new(folder / f"{number}.npy", dtype, (samples, *shape)) for number, shape in enumerate(shapes)]
    labels = _new(folder / "labels.npy", "uint8", (samples, *dataset.label_shape(stage.augmentation.size)))
    done = 0
    for images, truth in _batches(dataset, stage, seed, samples):
        count = min(len(truth), samples - done)
        for array, found in zip(arrays, run(images), strict=True):
            array[done : done + count] = found[:count]
        labels[done : done + count] = truth[:count]
        done += count
        progress(done, samples)
    for array in (*arrays, labels):
        array.flush()
    about = {"samples": samples, "dtype": dtype, "tensors": [tensor.node.name for tensor in front.outputs]}
    write_text(folder / "features.json", json.dumps(about, indent=2) + "\n")


def _batches(dataset: Dataset, stage: Stage, seed: int, samples: int) -> Iterator[tuple[Any, Array]]:
    batches = stage_batches(dataset, stage, seed, -(-samples // stage.batch_size))
    try:
        with reading_errors():
            for images, labels in batches:
                yield images, np.asarray(labels)
    finally:
        close_batches(batches)


def _new(path: Path, dtype: str, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def _function(model: Any) -> Callable[[Any], list[Array]]:
    @tf.function(jit_compile=False, autograph=False)
    def run(images: Any) -> Any:
        return tf.nest.flatten(model(images, training=False))

    return lambda images: [np.asarray(one) for one in run(images)]


def feature_batches(
    features: Features, batch_size: int, seed: int, steps: int, first_step: int, taught: Features | None = None
) -> Any:
    """A `tf.data.Dataset` of `(features, labels)` for the steps from `first_step`, each a function of the seed and
    its number: an epoch is a permutation of all samples. What a teacher makes of the same samples follows the features.
    """
    order = _Order(len(features.labels), seed)

    def load(step: int) -> tuple[Array, ...]:
        numbers = order.numbers(step * batch_size, batch_size)
        *found, labels = features.batch(numbers)
        return (*found, *(taught.batch(numbers)[:-1] if taught else ()), labels)

    arrays = (*features.arrays, *(taught.arrays if taught else ()))
    shapes = [(batch_size, *array.shape[1:]) for array in (*arrays, features.labels)]
    dtypes = ["float32"] * len(arrays) + ["uint8"]
    return python_batches(load, range(first_step, steps), shapes, dtypes, lambda: None)


class _Order:
    """Sample numbers by their place in the run."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._epochs: dict[int, Array] = {}

    def numbers(self, first: int, count: int) -> Array:
        places = range(first, first + count)
        return np.array([self._epoch(place // self._count)[place % self._count] for place in places])

    def _epoch(self, number: int) -> Array:
        if number not in self._epochs:
            kept = {epoch: order for epoch, order in self._epochs.items() if epoch >= number - 1}
            order = np.random.default_rng([self._seed, number]).permutation(self._count)
            self._epochs = {**kept, number: order}
        return self._epochs[number]
