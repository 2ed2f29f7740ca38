"""Proof of equality: a file's logits against a reference's, on several images; its labels against its own logits.

The label map alone proves nothing: an untrained network's is often constant, and equal whatever is wrong.

Networks that unpool choose the largest of a window's four numbers, and which one that is may hang on the last bit. Two
runtimes round differently, choose differently, and a number lands on the pixel beside it: logits then differ far more
than by rounding, and both are right. For them the proof takes two steps, which together leave nothing out: the
reference's choices are among the file's largest numbers, to the tolerance; and with those choices the logits are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.calibration import synthetic_images
from archspec.export.interpreter import enter, leave, run
from archspec.export.surgery import Cut, cut_argmax, open_choices

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
    are then compared at equal choices, and the choices by themselves (archspec/export/equality.py). Raises `Problem`
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
        label_agreement=float(np.mean(_labels(found, wanted) == _labels(wanted, wanted))),
    )


def _labels(scores: Array, wanted: Array) -> Array:
    """The label of each pixel; of a single score the foreground where it is above 0, of probabilities above 0.5."""
    if scores.shape[-1] > 1:
        labels: Array = scores.argmax(-1)
        return labels
    probabilities = wanted.min() >= 0 and wanted.max() <= 1
    above: Array = scores[..., 0] > (0.5 if probabilities else 0.0)
    return above


def default_images(shape: tuple[int, ...]) -> list[Array]:
    """Two smooth images, one of noise and one of a single colour, each `(1, H, W, C)` of whole numbers in 0..255."""
    size, channels = (shape[1], shape[2]), shape[3]
    noise = np.random.default_rng(1).integers(0, 256, (1, *size, channels)).astype(np.float32)
    return [*synthetic_images(size, channels, 2), noise, np.full((1, *size, channels), 200, np.float32)]


def _check_labels(data: bytes, cut: Cut, images: Sequence[Array], logits: Sequence[Array]) -> None:
    if not cut.had_argmax:
        return
    for labels, scores in zip(run(data, images), logits, strict=True):
        if not np.array_equal(labels, _repeated(scores.argmax(-1), labels.shape)):
            raise Problem("the file's labels are not the largest of its own logits", "Please report the spec")


def _repeated(labels: Array, shape: tuple[int, ...]) -> Array:
    """Labels `(N, h, w)` as the nearest ones at `(N, H, W)`: of scores that stand for several pixels each."""
    for axis in range(1, labels.ndim):
        old, new = labels.shape[axis], shape[axis]
        labels = labels.take((2 * np.arange(new) + 1) * old // (2 * new), axis)
    return labels


Places = Callable[[Array], Sequence[Array]]
WINDOW_AXIS = 2  # of what ARG_MAX reads: (1, positions, 4, C)


def run_with_places(data: bytes, images: Sequence[Array], places: Places, tolerance: float) -> list[Array]:
    """The first output for each image, with the reference's choices in place of the file's own.

    `places` gives, for an image, an array `(1, h, w, C)` of 0 to 3 for each pooling in execution order. Raises
    `Problem` where one is not, to `tolerance`, a largest number of its window, and where there are not as many.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=open_choices(data), num_threads=1)
    interpreter.allocate_tensors()
    entrance, *choices = interpreter.get_input_details()
    exit_, *windows = interpreter.get_output_details()
    results = []
    for image in images:
        given = [np.asarray(one, np.int32) for one in places(image)]
        if len(given) != len(choices):
            raise Problem(f"the file makes {len(choices)} choices, the reference {len(given)}: different networks")
        interpreter.set_tensor(entrance["index"], enter(image, entrance["dtype"]))
        for detail, one in zip(choices, given, strict=True):
            interpreter.set_tensor(detail["index"], one.reshape(detail["shape"]))
        interpreter.invoke()
        for number, (detail, choice) in enumerate(zip(windows, choices, strict=True)):
            numbers = leave(interpreter.get_tensor(detail["index"]), detail["quantization"])
            _check_places(numbers, given[number].reshape(choice["shape"]), tolerance, number)
        results.append(leave(interpreter.get_tensor(exit_["index"]), exit_["quantization"]))
    return results


def _check_places(windows: Array, places: Array, tolerance: float, number: int) -> None:
    """Raises `Problem` unless each place holds a largest number of its window, to rounding."""
    taken = np.take_along_axis(windows, places[:, :, None], WINDOW_AXIS)[:, :, 0]
    gap = float((windows.max(WINDOW_AXIS) - taken).max() / np.abs(windows).max())
    if not gap <= tolerance:  # `not <=` also catches NaN
        raise Problem(
            f"pooling {number} of the reference chooses a number {gap:.2e} below the file's largest",
            "This is a fault of archspec's export: please report the spec",
        )
