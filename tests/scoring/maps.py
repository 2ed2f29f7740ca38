"""Label maps for tests: random ones, and what scores of them should be, by their definitions, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from archspec.scoring.metrics import Counts, Labels

Array = np.ndarray[Any, Any]
IGNORED = 255


def labels(classes: int) -> Labels:
    return Labels(tuple(f"class {number}" for number in range(classes)))


def patches(generator: np.random.Generator, size: tuple[int, int], values: list[int]) -> Array:
    """A label map of rectangles laid over each other, uint8: with regions, as real ones are."""
    found = np.full(size, generator.choice(values), np.uint8)
    for _ in range(int(generator.integers(1, 12))):
        top, left = generator.integers(0, size[0]), generator.integers(0, size[1])
        found[top : top + generator.integers(1, size[0] + 1), left : left + generator.integers(1, size[1] + 1)] = (
            generator.choice(values)
        )
    return found


@st.composite
def pairs(draw: st.DrawFn, classes: int = 5) -> tuple[Array, Array]:
    """Truth, with ignored pixels, and a prediction; some classes may be in neither."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    used = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=classes))
    truth = patches(generator, size, [*used, IGNORED])
    predicted = patches(generator, size, list(range(classes)) if draw(st.booleans()) else used)
    return truth, np.where(generator.random(size) < 0.5, predicted, np.where(truth == IGNORED, predicted, truth))


def counts(*images: tuple[Array, Array], classes: int = 5, boundaries: bool = False) -> Counts:
    """Counts of images of truth and prediction."""
    found = Counts.none(labels(classes), boundaries=boundaries)
    for truth, predicted in images:
        found = found.plus(truth, predicted)
    return found


def same(found: float | None, wanted: float | None) -> bool:
    """Equal to rounding; NaN is equal to NaN."""
    if found is None or wanted is None:
        return found is wanted
    return bool(np.isclose(found, wanted, rtol=1e-12, atol=0, equal_nan=True))
