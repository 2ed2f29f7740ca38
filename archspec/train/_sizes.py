"""At which sizes validation images are predicted: their own, as long as they have few of them."""

from __future__ import annotations

from archspec.datasets import Dataset, Example
from archspec.train._recipe import Validation

Size = tuple[int, int]
MOST_SIZES = 4  # each needs a network of its own, which takes seconds
MULTIPLE = 128


def validation_examples(dataset: Dataset, validation: Validation) -> tuple[Example, ...]:
    """Those of the split that are looked at: all, or so many evenly spread."""
    examples, count = dataset.examples(validation.split), validation.images
    if count is None or count >= len(examples):
        return examples
    return tuple(examples[number * len(examples) // count] for number in range(count))


def validation_shapes(dataset: Dataset, validation: Validation) -> dict[Size, Size]:
    """Size of an image -> size that it is predicted at.

    The same for up to four sizes. Where there are more, images are padded at the bottom and the right to the next
    multiples of 128, so that a few networks serve them all.
    """
    sizes = {dataset.image_size(example) for example in validation_examples(dataset, validation)}
    if len(sizes) <= MOST_SIZES:
        return {size: size for size in sizes}
    return {size: (_up(size[0]), _up(size[1])) for size in sizes}


def _up(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE
