"""The progress of a training: its callbacks, and the rows of `log.csv` and of TensorBoard."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from archspec.files import DATA_BYTES, read_text
from archspec.record import write_text
from archspec.train._checkpoint import Position

SCORES = ("val_miou", "val_top1")
OPTIONAL = ("images_per_second", *SCORES)


@dataclass(frozen=True, slots=True)
class StepReport:
    """After a step: of which stage, how far, how fast (None before that is known). `seconds_left`: of this stage.

    `val_classes`: how many classes `val_miou` is the mean of, and how many there are. A classifier has `val_top1`.
    """

    stage: int
    stages: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    images_per_second: float | None
    seconds_left: float | None
    val_miou: float | None = None
    val_classes: tuple[int, int] = (0, 0)
    val_top1: float | None = None


class TrainingProgress:
    """Called back while a training goes on, in order. Nothing is done here: a subclass overrides what it needs."""

    def message(self, text: str) -> None:
        """A fact worth a line: what is fresh, what is resumed, what was found out."""

    def step(self, report: StepReport) -> None:
        """Another step is done."""

    def row(self, report: StepReport) -> None:
        """Another row of the log is written."""

    def caching(self, done: int, samples: int) -> None:
        """Features of so many samples are computed."""


@dataclass(frozen=True, slots=True)
class Row:
    """After `step` updates of a stage (from 1): the mean loss since the row before, the rate of the last update, the
    images a second (None where that is not known) and the seconds of training so far; `val_miou` where validated, of a
    classifier `val_top1`."""

    stage: int
    step: int
    loss: float
    learning_rate: float
    images_per_second: float | None
    seconds: float
    val_miou: float | None = None
    val_top1: float | None = None


COLUMNS = tuple(one.name for one in fields(Row))


class Log:
    """The rows of a run and their file. Rows are appended at once; cutting it back rewrites it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[Row]:
        """All rows; a last one that is torn is left out."""
        if not self._path.is_file():
            return []
        found = []
        for line in csv.DictReader(io.StringIO(read_text(self._path, most_bytes=DATA_BYTES))):
            row = _row(line)
            if row is not None:
                found.append(row)
        return found

    def add(self, row: Row) -> None:
        """One more row, on disk as soon as the system writes it."""
        if not self._path.is_file():
            self._write([row])
            return
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(_text([row]))

    def replace(self, rows: Iterable[Row]) -> None:
        """These rows instead of those that are there."""
        self._write(rows)

    def cut(self, position: Position) -> None:
        """Only rows up to a position: the rest will be done again."""
        here = (position.stage + 1, position.step)
        self._write([row for row in self.rows() if (row.stage, row.step) <= here])

    def _write(self, rows: Iterable[Row]) -> None:
        write_text(self._path, ",".join(COLUMNS) + "\n" + _text(rows))


def _text(rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow(["" if value is None else value for value in asdict(row).values()])
    return buffer.getvalue()


def _row(line: dict[str, str | None]) -> Row | None:
    try:
        cells = {name: line.get(name) or "" if name in SCORES else line[name] or "" for name in COLUMNS}
        stage, step = int(cells.pop("stage")), int(cells.pop("step"))
        optional = {name: float(text) if text else None for name in OPTIONAL for text in (cells.pop(name),)}
        others: dict[str, Any] = {name: float(text) for name, text in cells.items()}
        return Row(stage, step, **(others | optional))
    except (KeyError, ValueError):
        return None


class TensorBoard(TrainingProgress):
    """Passes everything on, and writes rows as events for TensorBoard; steps of stages are counted through.

    TensorFlow writes them: the package tensorboard is not needed.
    """

    def __init__(self, folder: Path, progress: TrainingProgress, steps: tuple[int, ...]) -> None:
        from archspec.lower import tf

        self._progress, self._steps, self._tf = progress, steps, tf
        self._writer = tf.summary.create_file_writer(str(folder))
        metadata = tf.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "scalars"
        self._metadata = metadata

    def message(self, text: str) -> None:
        self._progress.message(text)

    def step(self, report: StepReport) -> None:
        self._progress.step(report)

    def caching(self, done: int, samples: int) -> None:
        self._progress.caching(done, samples)

    def row(self, report: StepReport) -> None:
        step = sum(self._steps[: report.stage - 1]) + report.step
        values: dict[str, Any] = {
            "loss": report.loss,
            "learning_rate": report.learning_rate,
            "images_per_second": report.images_per_second,
            "val_miou": report.val_miou,
        }
        with self._writer.as_default():
            for tag, value in values.items():
                if value is not None:
                    self._tf.summary.write(
                        tag, self._tf.constant(value, self._tf.float32), step=step, metadata=self._metadata
                    )
        self._writer.flush()
        self._progress.row(report)
