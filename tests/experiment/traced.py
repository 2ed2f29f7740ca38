"""Evaluators that write down what they do: `begun` and `done` have a line for each evaluation, with its process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Leg, Places, Trip
from archspec.measures import Evaluation, Settings

PREFIX = "sleep "


@dataclass(frozen=True)
class Line:
    """A line: the spec's text, the process, and when."""

    text: str
    pid: int
    time_s: float


@dataclass(frozen=True)
class Traced:
    """`sleep S …` takes so many seconds."""

    folder: str
    timeout_s: float | None = None
    evaluations_per_process: int = 0
    preload: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The process."""
        write_line(Path(self.folder) / "begun", f"{spec_text}|{os.getpid()}|{time.time()}")
        time.sleep(float(spec_text.removeprefix(PREFIX).split()[0]))
        write_line(Path(self.folder) / "done", f"{spec_text}|{os.getpid()}|{time.time()}")
        return Evaluation({"pid": float(os.getpid())})


@dataclass(frozen=True)
class Reading:
    """Gives the number in a file that goes along (`settings.latency_table`), where the data of `data` are."""

    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timeout_s: float | None = None
    evaluations_per_process: int = 0
    preload: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The number and the process."""
        number = float(Path(settings.latency_table).read_text()) if settings.latency_table else 0.0
        return Evaluation({"number": number, "pid": float(os.getpid())})

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """With the file."""
        files = {settings.latency_table: Parcel.of_path(Path(settings.latency_table))} if settings.latency_table else {}
        return Trip(self, legs=(Leg(settings),), files=files, data=self.data)

    def moved(self, places: Places) -> Reading:
        """The same."""
        return self

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """None."""
        return ()


def write_line(path: Path, text: str) -> None:
    """One write: several processes may append."""
    with path.open("ab", buffering=0) as file:
        file.write(f"{text}\n".encode())
        os.fsync(file.fileno())


def lines_of(path: Path) -> list[Line]:
    """What `Traced` wrote."""
    if not path.is_file():
        return []
    rows = [line.split("|") for line in path.read_text().splitlines()]
    return [Line(text, int(pid), float(when)) for text, pid, when in rows]
