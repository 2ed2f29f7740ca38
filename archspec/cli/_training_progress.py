"""How far a training is: a bar on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from archspec.cli._terminal import describe_duration, safe, say
from archspec.train import TrainingProgress

if TYPE_CHECKING:
    from archspec.train import Order, StepReport

BAR = 10
CACHING = "features"


@contextmanager
def training_progress(order: Order) -> Iterator[TrainingProgress]:
    """Print what is trained, then how far it is."""
    stage = order.recipe.stages[-1]
    lines = [f"{order.spec.name}, recipe {order.recipe.name}, seed {order.seed}"]
    classes = len(order.final.classes)
    written = order.spec.values["classes"]
    if written != classes:
        lines.append(f"the spec says {written} classes; {order.final.name} has {classes}, which are used here")
    lines.append(f"weights: {order.describe_start()}")
    lines.append(f"trained on {stage.augmentation.size[0]} x {stage.augmentation.size[1]}, batch {stage.batch_size}")
    with _Bar() if sys.stderr.isatty() else nullcontext(_Lines()) as progress:
        for line in lines:
            progress.message(line)
        yield progress


class _Lines(TrainingProgress):
    """One line for each row of the log."""

    def __init__(self) -> None:
        self._tenths = 0

    def message(self, text: str) -> None:
        """At once."""
        say(text)

    def row(self, report: StepReport) -> None:
        """The row in words."""
        self.message(f"stage {report.stage}/{report.stages} step {report.step}/{report.steps} {_words(report)}")

    def caching(self, done: int, samples: int) -> None:
        """Ten lines of it."""
        if done == samples or done * 10 // samples > self._tenths:
            self._tenths = done * 10 // samples
            self.message(f"features of {done}/{samples} samples")


class _Bar(TrainingProgress):
    """A bar of the stage's steps."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._console = Console(stderr=True)
        columns = (TextColumn("{task.fields[stage]}"), BarColumn(bar_width=BAR), MofNCompleteColumn(),
                   TextColumn("{task.fields[words]}"))  # fmt: skip
        self._bars = Progress(*columns, console=self._console, transient=True, refresh_per_second=4)
        self._task: Any = None
        self._caching: Any = None

    def __enter__(self) -> _Bar:
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.stop()

    def message(self, text: str) -> None:
        """Above the bar."""
        self._console.print(safe(text), highlight=False, markup=False, soft_wrap=True)

    def step(self, report: StepReport) -> None:
        """Move the bar."""
        if self._task is None:
            self._task = self._bars.add_task("", total=report.steps, stage=report.stage, words="")
        stage = f"{report.stage}/{report.stages}" if report.stages > 1 else "step"
        room = self._console.width - max(len(stage), len(CACHING)) - BAR - 2 * len(str(report.steps)) - 4
        words = _words(report, room)
        self._bars.update(self._task, completed=report.step, total=report.steps, stage=stage, words=words)

    def caching(self, done: int, samples: int) -> None:
        """A bar of its own."""
        if self._caching is None:
            self._caching = self._bars.add_task("", total=samples, stage=CACHING, words="of the frozen part")
        self._bars.update(self._caching, completed=done, visible=done < samples)


def _words(report: StepReport, room: int | None = None) -> str:
    """Loss, learning rate, speed, score, time: without the least of them where there is no room for all."""
    speed = score = left = ""
    rate = f"lr {report.learning_rate:.1e}"
    if report.images_per_second is not None:
        speed = f"{report.images_per_second:.1f} images/s"
    if report.val_miou is not None:
        counted, classes = report.val_classes
        partial = f" ({counted} of {classes} classes)" if counted < classes else ""
        score = f"val mIoU {report.val_miou:.4f}{partial}"
    if report.val_top1 is not None:
        score = f"val top-1 {report.val_top1:.4f}"
    if report.seconds_left is not None:
        left = f"{describe_duration(report.seconds_left)} left"
    parts = [part for part in (f"loss {report.loss:.4f}", rate, speed, score, left) if part]
    for least in (rate, speed):
        if room is not None and len("  ".join(parts)) > room and least in parts:
            parts.remove(least)
    return "  ".join(parts)
