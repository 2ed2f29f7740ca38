"""`archspec train`: from a spec, a recipe and data to a folder with trained weights and their scores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import catalog, plugins_option, put_table, set_option, wide_option
from archspec.cli._paths import InputPath, OutputFolder
from archspec.cli._terminal import safe, say

if TYPE_CHECKING:
    from archspec.spec import Spec
    from archspec.train import Order, Outcome, Progress, Watch

FAILED = 1
BAR = 10
CACHING = "features"


@click.command()
@click.argument("spec", required=False)
@click.option("--recipe", metavar="RECIPE", help="How to train: a path, or a bundled recipe's name.")
@click.option("--data", "references", metavar="NAME:DIR", multiple=True,
              help="What to train on, e.g. camvid:DIR. Repeatable, for recipes of several stages.")  # fmt: skip
@click.option("--weights", type=InputPath(), metavar="FILE",
              help="What to start from; the same as --set weights=FILE.")  # fmt: skip
@click.option("--as", "weights_format", metavar="FORMAT",
              help="Where --weights come from, unless they are archspec's own.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of fresh weights, data order, augmentation and dropout.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), help="Train each stage so long, whatever the recipe says.")
@click.option("--output", "root", type=OutputFolder(), default=Path("runs"),
              show_default=True, metavar="FOLDER",
              help="The run is FOLDER/<name>-<recipe>-<hash>-s<seed>/.")  # fmt: skip
@click.option("--resume", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUN",
              help="Go on with this run's folder, instead of SPEC, --recipe and --data.")  # fmt: skip
@click.option("--tensorboard", is_flag=True, help="Write events for TensorBoard too.")
@click.option("--set-recipe", "changes", metavar="PATH=VALUE", multiple=True,
              help="Change a value of the recipe, e.g. --set-recipe learning_rate=0.001. Repeatable.")  # fmt: skip
@set_option
@plugins_option
@wide_option
def train(
    spec: str | None,
    recipe: str | None,
    references: tuple[str, ...],
    weights: Path | None,
    weights_format: str | None,
    seed: int,
    steps: int | None,
    root: Path,
    resume: Path | None,
    tensorboard: bool,
    changes: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Train SPEC (a path, or a bundled name) by a recipe.

    The same command goes on where it was stopped, by Ctrl-C or worse, and ends with the same weights as if it had
    not been. A finished run is not repeated; another spec, recipe, start or data is another run. Exits with 1 when
    the training came apart (a loss that is not finite).
    """
    if resume is not None:
        if spec or recipe or references or weights or steps or changes or overrides:
            raise click.UsageError("--resume RUN knows its spec, recipe and data. Leave the others out")
        from archspec.train import resumed_order

        order, root = resumed_order(resume, catalog(plugins)), resume.parent
    else:
        if not spec or not recipe or not references:
            raise _missing(SPEC=spec, recipe=recipe, data=references)
        network = _spec(spec, overrides, weights, weights_format, plugins)
        order = _order(network, recipe, changes, steps, references, seed)
    _run(order, root, tensorboard)


def _missing(**given: object) -> click.UsageError:
    """The fault that names everything that was not given."""
    missing = [name if name.isupper() else f"--{name}" for name, value in given.items() if not value]
    named = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    usage = "archspec train SPEC --recipe RECIPE --data NAME:DIR, or --resume RUN"
    return click.UsageError(f"{named} {'is' if len(missing) == 1 else 'are'} missing. Write {usage}")


def _spec(
    name: str, overrides: tuple[str, ...], weights: Path | None, weights_format: str | None, plugins: tuple[Path, ...]
) -> Spec:
    from archspec.spec import load, override

    spec = load(name, overrides, catalog=catalog(plugins))
    if weights is None:
        return spec
    return override(spec, {"weights": {"file": str(weights)} | ({"format": weights_format} if weights_format else {})})


def _order(
    spec: Spec, recipe: str, changes: tuple[str, ...], steps: int | None, references: tuple[str, ...], seed: int
) -> Order:
    from archspec.datasets import open_dataset
    from archspec.train import Order, load_recipe

    return Order(spec, load_recipe(recipe, changes, steps=steps), {one: open_dataset(one) for one in references}, seed)


def _run(order: Order, root: Path, tensorboard: bool) -> None:
    from archspec.cli._progress import spinner
    from archspec.record import check_folder
    from archspec.train import check_order

    check_folder(root)
    check_order(order)
    with spinner("looking at the labels"):
        order.label_cautions()  # a split without any is refused before anything slow
    with spinner("loading TensorFlow"):
        from archspec.train import Training
    with training_progress(order) as progress:
        outcome = Training(order, root, progress, tensorboard=tensorboard, checked=True).train()
    put_outcome(outcome)
    if outcome.state == "failed":
        raise click.exceptions.Exit(FAILED)


def put_outcome(outcome: Outcome) -> None:
    """What became of it, and where it is."""
    from archspec.metrics import describe_missing
    from archspec.reporters import Column, Table

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


@contextmanager
def training_progress(order: Order) -> Iterator[Watch]:
    """Says what is trained; a bar of it on a terminal, a line now and then in a pipe."""
    stage = order.recipe.stages[-1]
    lines = [f"{order.spec.name}, recipe {order.recipe.name}, seed {order.seed}"]
    classes = len(order.final.classes)
    written = order.spec.values["classes"]
    if written != classes:
        lines.append(f"the spec says {written} classes; {order.final.name} has {classes}, which are used here")
    lines.append(f"weights: {order.start_said}")
    lines.append(f"trained on {stage.augmentation.size[0]} x {stage.augmentation.size[1]}, batch {stage.batch_size}")
    with _Bar() if sys.stderr.isatty() else nullcontext(_Lines()) as progress:
        for line in lines:
            progress.said(line)
        yield progress


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
