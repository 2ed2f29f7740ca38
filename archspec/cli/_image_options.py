"""The options that say how networks are opened and given images: for `evaluate` and `predict`; and `--size`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from archspec.cli._options import plugins_option, set_option

if TYPE_CHECKING:
    from archspec.scoring import Fit, Resized, SegmenterOptions, Viewing

FITS = ("whole", "resize", "pad", "window")
LARGEST_SCALE = 16
LARGEST_SIDE = 32768

_OPTIONS = (
    click.option("--fit", type=click.Choice(FITS),
                 help="How an image of another size meets a network of one size. Without it, `whole` where the "
                      "network reads any size, else `resize`."),
    click.option("--size", metavar="H,W", help="Size of the images that a spec or a run reads, or a .tflite that "
                                               "leaves its size open."),
    click.option("--overlap", type=click.FloatRange(0, 0.95), default=1 / 3, show_default="a third",
                 help="How far windows overlap, as a share of their length."),
    click.option("--scales", metavar="S,S,…", default="1", show_default=True,
                 help="Predict the image at these sizes, 1 being its own, and average."),
    click.option("--flip", is_flag=True, help="Predict the mirrored image too, and average."),
    click.option("--resized", type=click.Choice(("logits", "probabilities")), default="logits", show_default=True,
                 help="What is resized to the image's size, where the network does not resize by itself."),
    click.option("--align-corners/--no-align-corners", default=None,
                 help="Resize with corners on corners, or between the centres of pixels. Without it, as the network "
                      "resizes its own scores."),
    click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.5,
                 show_default=True, help="Probability above which a mask holds, of a network with output: sigmoid."),
    click.option("--image-range", metavar="LOW,HIGH",
                 help="Values that a float model expects for black and white, e.g. -1,1."),
    click.option("--threads", type=click.IntRange(1, 64), help="Threads that LiteRT uses. Without it, one a "
                                                               "processor."),
    set_option,
    plugins_option,
)  # fmt: skip


def with_image_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `ImageOptions` is made of, as the keywords of its fields."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """What was asked for; the fields are the options."""

    fit: str | None
    size: str | None
    overlap: float
    scales: str
    flip: bool
    resized: Resized
    align_corners: bool | None
    threshold: float
    image_range: str | None
    threads: int | None
    overrides: tuple[str, ...]
    plugins: tuple[Path, ...]

    def viewing(self) -> Viewing:
        """How images are shown. Raises `click.UsageError`."""
        from archspec.scoring import Viewing

        scales = numbers(self.scales, "--scales")
        if any(not 0 < scale <= LARGEST_SCALE for scale in scales):
            raise click.UsageError(f"--scales must be above 0 and at most {LARGEST_SCALE} ({self.scales})")
        fit = cast("Fit | None", self.fit)
        return Viewing(fit, self.overlap, scales, self.flip, self.resized, self.align_corners, self.threshold)

    def segmenter_options(self) -> SegmenterOptions:
        """How networks are opened. Raises `click.UsageError`."""
        from archspec.scoring import SegmenterOptions, usable_processors

        ends = None if self.image_range is None else numbers(self.image_range, "--image-range", 2)
        return SegmenterOptions(
            overrides=self.overrides,
            size=height_width(self.size),
            image_range=None if ends is None else (ends[0], ends[1]),
            threads=self.threads or usable_processors(),
        )


def numbers(text: str, option: str, count: int | None = None) -> tuple[float, ...]:
    """Numbers between commas. Raises `click.UsageError`."""
    try:
        found = tuple(float(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise click.UsageError(f"{option} must be numbers between commas ({text})") from None
    if count is not None and len(found) != count:
        raise click.UsageError(f"{option} must be {count} numbers between commas ({text})")
    return found


def height_width(text: str | None) -> tuple[int, int] | None:
    """What `--size H,W` says. Raises `click.UsageError`."""
    if text is None:
        return None
    sides = numbers(text, "--size", 2)
    if any(not 1 <= side <= LARGEST_SIDE or side != int(side) for side in sides):
        raise click.UsageError(f"--size must be two whole numbers from 1 to {LARGEST_SIDE} ({text})")
    return int(sides[0]), int(sides[1])


def with_size(overrides: tuple[str, ...], size: str | None) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """The changes of a spec that `--size` adds to, and the size for a `.tflite`. Raises `click.UsageError`."""
    found = height_width(size)
    return overrides if found is None else (*overrides, f"input.size={list(found)}"), found
