"""One stage, step by step: batches in, rows and checkpoints out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from archspec.datasets import close_batches, reading_errors
from archspec.train._checkpoint import Position, write_checkpoint
from archspec.train._class_validation import AnyScores, AnyValidator
from archspec.train._fit import Fit
from archspec.train._optimizer import learning_rate
from archspec.train._progress import Log, Row, StepReport, TrainingProgress
from archspec.train._quantization import FIRST_BATCHES
from archspec.train._recipe import Stage
from archspec.train._run import Run
from archspec.train._trunk_folder import TrunkFolder

ROW_EVERY = 10


class Diverged(Exception):
    """The loss is not a finite number any more."""

    def __init__(self, reason: str, checkpoint: Path | None) -> None:
        self.reason, self.checkpoint = reason, checkpoint
        super().__init__(reason)


@dataclass
class _Since:
    """Sums since the last row. The first step of a process traces the model: it does not tell how fast steps are."""

    losses: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    timed: int = 0

    def add(self, loss: float, seconds: float, tracing: bool) -> None:
        self.losses += loss
        self.steps += 1
        if not tracing:
            self.seconds += seconds
            self.timed += 1

    @property
    def seconds_a_step(self) -> float | None:
        """None where there was only the first."""
        return self.seconds / self.timed if self.timed else None


@dataclass
class StageRun:
    """A stage of a run with its model, and its batches from a step on.

    `seconds` is the training so far, of all stages; at the end of the `trunk` the state is kept for longer ones.
    """

    run: Run
    stage: Stage
    number: int
    stages: int
    steps: int
    fit: Fit
    batches: Callable[[int], Any]
    validator: AnyValidator
    progress: TrainingProgress
    stopped: Callable[[], bool]
    trunk: TrunkFolder | None = None
    seconds: float = 0.0
    scores: AnyScores | None = None  # the newest
    last_checkpoint: Path | None = None
    since: _Since = field(default_factory=_Since)

    def begin(self) -> None:
        """What has to be known before the first step: the ranges of int8, from the first batches."""
        if self.fit.quantised is None or self.fit.quantised.is_begun:
            return
        batches = self.batches(0)
        try:
            with reading_errors():
                self.fit.quantised.begin(images for images, _ in islice(iter(batches), min(FIRST_BATCHES, self.steps)))
        finally:
            close_batches(batches)

    def train(self, first: int) -> None:
        """Steps `first` to the last.

        Raises `UserError` for data that cannot be read, `Diverged`, and `KeyboardInterrupt` after Ctrl-C with all kept.
        """
        if first == self.steps:
            return
        batches = self.batches(first)
        try:
            self._steps(first, iter(self.fit.distributed(batches)))
        finally:
            close_batches(batches)

    def _steps(self, first: int, batches: Iterator[Any]) -> None:
        log = Log(self.run.log)
        for step in range(first, self.steps):
            started = time.perf_counter()
            with reading_errors():
                images, labels = next(batches)
            rate = learning_rate(self.stage, step, self.steps)
            loss = self.fit.step(images, labels, rate)
            elapsed = time.perf_counter() - started
            self.seconds += elapsed
            if not math.isfinite(loss):
                reason = f"the loss is {loss} in step {step + 1} of stage '{self.stage.name}'"
                raise Diverged(reason, self.last_checkpoint)
            self.since.add(loss, elapsed, tracing=step == first)
            self._after(step + 1, rate, log)

    def _after(self, step: int, rate: float, log: Log) -> None:
        """What is due after a step."""
        stopped, done = self.stopped(), step == self.steps
        validates = done or _is_due(step, self.stage.validation.every)
        keeps = stopped or done or self._branches(step) or _is_due(step, self.stage.checkpoint_every)
        if validates:
            self.scores = self.validator.score(self.fit.weights())
        report = self._report(step, rate)
        self.progress.step(report)
        if keeps or validates or step % ROW_EVERY == 0:
            log.add(self._row(report, self.scores.logged if validates and self.scores is not None else {}))
            self.progress.row(report)
            self.since = _Since()
        if keeps:
            self.keep(step)
        if stopped and not done:
            raise KeyboardInterrupt

    def keep(self, step: int) -> None:
        """Write a checkpoint. Raises `Diverged` rather than keep what is not finite."""
        state = self.fit.state()
        broken = [key for key, array in state.items() if array.dtype.kind == "f" and not _is_finite(array)]
        if broken:
            raise Diverged(f"'{broken[0]}' is not finite after step {step}", self.last_checkpoint)
        position = Position(self.number, step, self.seconds)
        if self.trunk is not None and self._branches(step):  # before the run goes on from here, should it be killed
            self.trunk.keep(position, state, Log(self.run.log))
        self.last_checkpoint = write_checkpoint(self.run.checkpoints, position, state)

    def _branches(self, step: int) -> bool:
        """Whether the trunk ends after a step."""
        return self.trunk is not None and self.trunk.branch.place == (self.number, step)

    def _report(self, step: int, rate: float) -> StepReport:
        a_step = self.since.seconds_a_step
        return StepReport(
            stage=self.number + 1,
            stages=self.stages,
            step=step,
            steps=self.steps,
            loss=self.since.losses / self.since.steps,
            learning_rate=rate,
            images_per_second=None if a_step is None else self.stage.batch_size / a_step,
            seconds_left=None if a_step is None else a_step * (self.steps - step),
            **({} if self.scores is None else self.scores.logged),
            val_classes=(0, 0) if self.scores is None else self.scores.classes,
        )

    def _row(self, done: StepReport, scores: dict[str, float]) -> Row:
        rate, speed = done.learning_rate, done.images_per_second
        return Row(done.stage, done.step, done.loss, rate, speed, self.seconds, **scores)


def _is_due(step: int, every: int | None) -> bool:
    return every is not None and step % every == 0


def _is_finite(array: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(array).all())
