"""`log.csv`: a row now and then, never further than what a resumed training will not do again."""

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


@dataclass(frozen=True, slots=True)
class Row:
    """After `step` updates of a stage (from 1): the mean loss since the row before, the rate of the last update, the
    images a second (None where that cannot be told) and the seconds of training so far; `val_miou` where validated."""

    stage: int
    step: int
    loss: float
    learning_rate: float
    images_per_second: float | None
    seconds: float
    val_miou: float | None = None


COLUMNS = tuple(one.name for one in fields(Row))
OPTIONAL = ("images_per_second", "val_miou")


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
        cells = {name: line[name] or "" for name in COLUMNS}
        stage, step = int(cells.pop("stage")), int(cells.pop("step"))
        optional = {name: float(text) if text else None for name in OPTIONAL for text in (cells.pop(name),)}
        others: dict[str, Any] = {name: float(text) for name, text in cells.items()}
        return Row(stage, step, **(others | optional))
    except (KeyError, ValueError):
        return None
