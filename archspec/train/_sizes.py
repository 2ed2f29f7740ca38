"""At which sizes validation images are predicted: their own, as long as they have few of them."""

from __future__ import annotations

from archspec.datasets import Dataset, Example
from archspec.graph.padding import next_multiple, padding_multiple
from archspec.train._recipe import Validation

Size = tuple[int, int]


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
    multiple = padding_multiple(sizes)
    return {size: next_multiple(size, multiple) for size in sizes}
