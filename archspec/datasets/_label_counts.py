"""What labels hold before anything is trained on them: pixels of each class, and what looks wrong about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.datasets._contract import IGNORE, Dataset, Example
from archspec.errors import user_error

Array = np.ndarray[Any, Any]

MOST_LABELS = 200  # read to look for what is wrong; evenly spread over the split
MOST_IGNORED = 1 / 3  # of the pixels: more is a caution
MOST_NAMED = 6
_THREADS = 4  # decoding runs outside the interpreter's lock


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Pixels of each class and of none, in `examined` of `labels` labels."""

    pixels: tuple[int, ...]
    ignored: int
    labels: int
    examined: int

    @property
    def ignored_share(self) -> float:
        """Of all pixels; 0 where there are none."""
        return self.ignored / max(1, self.ignored + sum(self.pixels))


def count_labels(dataset: Dataset, split: str, examples: Sequence[Example] | None = None) -> LabelCounts:
    """Of up to 200 labels, evenly spread over a split or over some `examples` of it; once for each data set.

    Raises `UserError` for a label that cannot be read, and where no pixel of any label has a class: all are read then.
    """
    chosen = [one for one in (dataset.examples(split) if examples is None else examples) if one.label is not None]
    if not chosen:
        fact = f"the labels of the split '{split}' are not public"
        raise user_error(fact, "Choose another split", place=dataset.place)
    key = (split, tuple(one.name for one in chosen))
    if key not in dataset.label_counts:
        dataset.label_counts[key] = _counted(dataset, chosen)
    counts = dataset.label_counts[key]
    if not sum(counts.pixels):
        fact = f"no pixel of the {counts.labels} labels of the split '{split}' has a class"
        fact += f": all are ignored{_by_which_number(dataset)}" if counts.ignored else ""
        raise user_error(fact, "Nothing can be learned or scored from it: look at the labels", place=dataset.place)
    return counts


def cautions(dataset: Dataset, found: Mapping[str, LabelCounts]) -> tuple[str, ...]:
    """What looks wrong about the labels of some splits, a line each, with the likely cause.

    A class without a pixel in any of them, as far as all labels were read; more than a third of the pixels ignored.
    """
    if not found:
        return ()
    pixels = np.sum([counts.pixels for counts in found.values()], axis=0)
    absent = [name for name, count in zip(dataset.classes.names, pixels.tolist(), strict=True) if not count]
    one_left = len(absent) >= len(pixels) - 1 and any(counts.ignored for counts in found.values())
    whole = all(counts.examined == counts.labels for counts in found.values())
    ignoring = [
        f"{split}: {100 * counts.ignored_share:.0f} % of the labels' pixels are ignored"
        for split, counts in found.items()
        if counts.ignored_share > MOST_IGNORED
    ]
    lines = []
    if absent and (whole or one_left):
        some = ", ".join(f"'{name}'" for name in absent[:MOST_NAMED])
        more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
        lines.append(f"no pixel of class {some}{more} in {', '.join(found)}")
    lines += ignoring
    if lines and one_left and _numbers(dataset).get(IGNORE) == IGNORE:
        lines.append("255 means ignored; in masks of 0 and 255 write 1, not 255, for the foreground")
    elif ignoring:
        lines.append(f"what is ignored{_by_which_number(dataset)} is neither trained on nor scored")
    return tuple(lines)


def label_cautions(dataset: Dataset) -> tuple[str, ...]:
    """`cautions` of the splits `train` and `val`, where there are any. Raises `UserError` as `count_labels` does."""
    splits = [split for split in ("train", "val") if split in dataset.splits]
    return cautions(dataset, {split: count_labels(dataset, split) for split in splits})


def _counted(dataset: Dataset, examples: Sequence[Example]) -> LabelCounts:
    """Of the chosen labels, and of all further ones until some pixel has a class."""
    step = max(1, -(-len(examples) // MOST_LABELS))
    first = list(examples[::step])
    pixels = sum(_read(dataset, first), np.zeros(256, np.int64))
    classes, examined = len(dataset.classes), len(first)
    if not pixels[:classes].any():
        rest = [example for number, example in enumerate(examples) if number % step]
        for counts in _read(dataset, rest):
            pixels, examined = pixels + counts, examined + 1
            if pixels[:classes].any():
                break
    return LabelCounts(tuple(pixels[:classes].tolist()), int(pixels[IGNORE]), len(examples), examined)


def _read(dataset: Dataset, examples: Sequence[Example]) -> Iterator[Array]:
    """The pixels of each number 0 to 255 in each label."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="archspec-labels") as pool:
        for start in range(0, len(examples), 4 * _THREADS):
            some = examples[start : start + 4 * _THREADS]
            yield from pool.map(lambda one: np.bincount(dataset.read_label(one).ravel(), minlength=256), some)


def _numbers(dataset: Dataset) -> Mapping[int, int]:
    """The class of each number in a label file, where labels are files of numbers."""
    found: Mapping[int, int] = getattr(dataset, "numbers", {})
    return found


def _by_which_number(dataset: Dataset) -> str:
    """` (255)`: the numbers that stand for ignored pixels, where they are few."""
    ignored = [number for number, label in _numbers(dataset).items() if label == IGNORE]
    return f" ({', '.join(map(str, ignored))})" if 0 < len(ignored) <= MOST_NAMED else ""
