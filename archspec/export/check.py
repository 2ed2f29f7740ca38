"""Proof of equality: a file's logits against a reference's, on several images; its labels against its own logits.

The label map alone proves nothing: an untrained network's is often constant, and equal whatever is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.choices import Places, run_with_places
from archspec.export.representative import synthetic_images
from archspec.export.running import run
from archspec.export.surgery import Cut, cut_argmax

TOLERANCE = 1e-5  # of float32 logits, relative to the largest
Reference = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Equality:
    """How near a file is to its reference, over all images together.

    `relative_error` is max|a - b| / max|b| of the logits, `snr_db` their signal-to-noise ratio in dB (infinite when
    equal), `label_agreement` the share of pixels of one label.
    """

    images: int
    relative_error: float
    snr_db: float
    label_agreement: float


def check_equality(
    data: bytes,
    reference: Reference,
    images: Sequence[Array] | None = None,
    *,
    tolerance: float | None = TOLERANCE,
    places: Places | None = None,
) -> Equality:
    """Run the file and `reference` (image `(1, H, W, C)` in 0..255 -> logits) on images, by default four made ones.

    `places` says where the reference's poolings found their maxima, of a network that unpools by them: float32 logits
    are then compared at equal choices, and the choices by themselves (archspec/export/choices.py). Raises `Problem`
    when the relative error is above `tolerance` (None: report only, for other precisions than float32), and when the
    file's labels are not the largest of its own logits.
    """
    cut = cut_argmax(data)
    if images is None:
        images = default_images(cut.input_shape)
    found = run(cut.data, images)
    wanted = [np.asarray(reference(image)) for image in images]
    shapes = {(one.shape, other.shape) for one, other in zip(found, wanted, strict=True) if one.shape != other.shape}
    if shapes:
        raise Problem(f"logits of shapes {shapes}: file and reference are different networks")
    alike = found
    if places is not None and tolerance is not None:
        alike = run_with_places(cut.data, images, places, tolerance)
    equality = compare(np.stack(alike), np.stack(wanted))
    if tolerance is not None and not equality.relative_error <= tolerance:  # `not <=` also catches NaN
        raise Problem(
            f"the file's logits differ from the reference's by {equality.relative_error:.2e} (at most {tolerance:.0e})",
            "This is a fault of archspec's export: please report the spec",
        )
    _check_labels(data, cut, images, found)
    return equality


def compare(found: Array, wanted: Array) -> Equality:
    """Two stacks of logits `(images, 1, H, W, classes)`."""
    difference = found.astype(np.float64) - wanted
    noise, signal = float(np.mean(difference**2)), float(np.mean(wanted.astype(np.float64) ** 2))
    largest = float(np.abs(wanted).max())
    return Equality(
        images=len(found),
        relative_error=float(np.abs(difference).max()) / largest if largest else float(np.abs(difference).max()),
        snr_db=float("inf") if noise == 0 else float(10 * np.log10(signal / noise)) if signal else float("-inf"),
        label_agreement=float(np.mean(found.argmax(-1) == wanted.argmax(-1))),
    )


def default_images(shape: tuple[int, ...]) -> list[Array]:
    """Two smooth images, one of noise and one of a single colour, each `(1, H, W, C)` of whole numbers in 0..255."""
    size, channels = (shape[1], shape[2]), shape[3]
    noise = np.random.default_rng(1).integers(0, 256, (1, *size, channels)).astype(np.float32)
    return [*synthetic_images(size, channels, 2), noise, np.full((1, *size, channels), 200, np.float32)]


def _check_labels(data: bytes, cut: Cut, images: Sequence[Array], logits: Sequence[Array]) -> None:
    if not cut.had_argmax:
        return
    for labels, scores in zip(run(data, images), logits, strict=True):
        if not np.array_equal(labels, scores.argmax(-1)):
            raise Problem("the file's labels are not the largest of its own logits", "Please report the spec")
