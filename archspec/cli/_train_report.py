"""What a training says: a bar on a terminal, a line now and then in a pipe, the scores at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archspec.cli._messages import safe, say
from archspec.cli._options import put_table
from archspec.reporters import Column, Table

if TYPE_CHECKING:
    from archspec.train import Order, Outcome, Progress, Watch

BAR = 10
CACHING = "features"


@contextmanager
def watching_training(order: Order) -> Iterator[Watch]:
    """Says what is trained, then watches it."""
    stage = order.recipe.stages[-1]
    lines = [f"{order.spec.name}, recipe {order.recipe.name}, seed {order.seed}"]
    classes = len(order.final.classes)
    written = order.spec.values["classes"]
    if written != classes:
        lines.append(f"the spec says {written} classes; {order.final.name} has {classes}, which are used here")
    lines.append(f"weights: {order.start_said}")
    lines.append(f"trained on {stage.augmentation.size[0]} x {stage.augmentation.size[1]}, batch {stage.batch_size}")
    if not sys.stderr.isatty():
        watch: Watch = _Lines()
        _say(watch, lines)
        yield watch
        return
    with _Bar() as bar:
        _say(bar, lines)
        yield bar


def _say(watch: Watch, lines: list[str]) -> None:
    for line in lines:
        watch.said(line)


class _Lines:
    """One line a row of the log."""

    def __init__(self) -> None:
        self._tenths = 0

    def said(self, text: str) -> None:
        """At once."""
        say(text)

    def step(self, progress: Progress) -> None:
        """Too often for a pipe."""

    def row(self, progress: Progress) -> None:
        """The row in words."""
        self.said(f"stage {progress.stage}/{progress.stages} step {progress.step}/{progress.steps} {_words(progress)}")

    def caching(self, done: int, samples: int) -> None:
        """Ten lines of it."""
        if done == samples or done * 10 // samples > self._tenths:
            self._tenths = done * 10 // samples
            self.said(f"features of {done}/{samples} samples")


class _Bar:
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

    def said(self, text: str) -> None:
        """Above the bar."""
        self._console.print(safe(text), highlight=False, markup=False, soft_wrap=True)

    def step(self, progress: Progress) -> None:
        """Move the bar."""
        if self._task is None:
            self._task = self._bars.add_task("", total=progress.steps, stage=progress.stage, words="")
        stage = f"{progress.stage}/{progress.stages}" if progress.stages > 1 else "step"
        room = self._console.width - max(len(stage), len(CACHING)) - BAR - 2 * len(str(progress.steps)) - 4
        words = _words(progress, room)
        self._bars.update(self._task, completed=progress.step, total=progress.steps, stage=stage, words=words)

    def row(self, progress: Progress) -> None:
        """The bar shows it."""

    def caching(self, done: int, samples: int) -> None:
        """A bar of its own."""
        if self._caching is None:
            self._caching = self._bars.add_task("", total=samples, stage=CACHING, words="of the frozen part")
        self._bars.update(self._caching, completed=done, visible=done < samples)


def _words(progress: Progress, room: int | None = None) -> str:
    """Loss, learning rate, speed, score, time: without the least of them where there is no room for all."""
    speed = score = left = ""
    rate = f"lr {progress.learning_rate:.1e}"
    if progress.images_per_second is not None:
        speed = f"{progress.images_per_second:.1f} images/s"
    if progress.val_miou is not None:
        counted, classes = progress.val_classes
        partial = f" ({counted} of {classes} classes)" if counted < classes else ""
        score = f"val mIoU {progress.val_miou:.4f}{partial}"
    if progress.seconds_left is not None:
        left = f"{_time(progress.seconds_left)} left"
    parts = [part for part in (f"loss {progress.loss:.4f}", rate, speed, score, left) if part]
    for least in (rate, speed):
        if room is not None and len("  ".join(parts)) > room and least in parts:
            parts.remove(least)
    return "  ".join(parts)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def put_outcome(outcome: Outcome) -> None:
    """What became of it, and where it is."""
    from archspec.scoring.metrics import describe_missing

    about = outcome.about
    if outcome.state == "failed":
        say(f"failed: {about['error']}")
        last = about["last_good_checkpoint"]
        say(f"last good checkpoint: {outcome.run.folder / last if last else 'none'}")
        return
    if not outcome.fresh:
        print(f"finished before ({about['finished']}): not trained again")
    metrics = about["metrics"]
    partial = describe_missing(tuple(metrics["val_iou"].values()), tuple(metrics["val_iou"]))
    rows = (*metrics["val_iou"].items(), ("mean", metrics["val_miou"]))
    columns = (Column("class", "class"), Column("iou", "val IoU", kind="number", digits=4))
    notes = (f"{metrics['val_images']} whole images", *filter(None, (partial,)), f"run: {outcome.run.folder}")
    put_table(Table("", columns, rows, notes), "table", None)
