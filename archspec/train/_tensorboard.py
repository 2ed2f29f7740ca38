"""Rows of the log as events that TensorBoard shows; TensorFlow writes them, the package tensorboard is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.lower.framework import tf
from archspec.train._watching import Progress, Watch


class TensorBoard:
    """Passes everything on to another watch, and writes the rows; steps of stages are counted through."""

    def __init__(self, folder: Path, watch: Watch, steps: tuple[int, ...]) -> None:
        self._watch, self._steps = watch, steps
        self._writer = tf.summary.create_file_writer(str(folder))
        metadata = tf.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "scalars"
        self._metadata = metadata

    def said(self, text: str) -> None:
        """Passed on."""
        self._watch.said(text)

    def step(self, progress: Progress) -> None:
        """Passed on."""
        self._watch.step(progress)

    def caching(self, done: int, samples: int) -> None:
        """Passed on."""
        self._watch.caching(done, samples)

    def row(self, progress: Progress) -> None:
        """Written, and passed on."""
        step = sum(self._steps[: progress.stage - 1]) + progress.step
        values: dict[str, Any] = {
            "loss": progress.loss,
            "learning_rate": progress.learning_rate,
            "images_per_second": progress.images_per_second,
            "val_miou": progress.val_miou,
        }
        with self._writer.as_default():
            for tag, value in values.items():
                if value is not None:
                    tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=self._metadata)
        self._writer.flush()
        self._watch.row(progress)
