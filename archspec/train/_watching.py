"""What a training tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """After a step: of which stage, how far, how fast (None before that can be told). `seconds_left`: of this stage.

    `val_classes`: how many classes `val_miou` is the mean of, and how many there are.
    """

    stage: int
    stages: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    images_per_second: float | None
    seconds_left: float | None
    val_miou: float | None
    val_classes: tuple[int, int] = (0, 0)


class Watch(Protocol):
    """Told of everything, in order."""

    def said(self, text: str) -> None:
        """A fact worth a line: what is fresh, what is resumed, what was found out."""

    def step(self, progress: Progress) -> None:
        """Another step is done."""

    def row(self, progress: Progress) -> None:
        """Another row of the log is written."""

    def caching(self, done: int, samples: int) -> None:
        """Features of so many samples are computed."""


class Unwatched:
    """Nobody looks."""

    def said(self, text: str) -> None:
        """Not read."""

    def step(self, progress: Progress) -> None:
        """Not read."""

    def row(self, progress: Progress) -> None:
        """Not read."""

    def caching(self, done: int, samples: int) -> None:
        """Not read."""
