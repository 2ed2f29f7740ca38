"""A table of learning curves: one row a network, appended whole, and beside it the conditions it holds under.

`NAME.csv` has the rows, `NAME.json` what they have in common (space, recipe, rungs, seeds, data). A row that was cut
off by a kill is dropped when the table is opened to go on; networks whose training failed have a row that says so.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.errors import Place, user_error
from archspec.record import held, write_text
from archspec.search.candidates import Genome

COSTS = ("params", "gmacs", "predicted_latency_ms", "latency_ratio")
FIXED = ("number", "hash", "key", "genome", *COSTS, "cpu_seconds", "fault")


@dataclass(frozen=True)
class CurveRow:
    """A network: its place in the draw, what it is, what it costs, and its scores by `(rung, seed)`.

    `key` is equal for networks that compute the same function. `fault` is why it has no scores; '' where it has.
    """

    number: int
    hash: str
    key: str
    genome: Genome
    costs: Mapping[str, float | None] = field(default_factory=dict)
    scores: Mapping[tuple[int, int], float] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    fault: str = ""

    def judged(self, rung: int) -> float:
        """The mean of all seeds at a rung."""
        found = [score for (at, _), score in self.scores.items() if at == rung]
        return sum(found) / len(found)


@dataclass(frozen=True)
class Conditions:
    """What all rows have in common. `about` is further facts, which may differ when a table is continued."""

    space: str
    recipe: str
    steps: tuple[int, ...]
    decay: float
    seeds: tuple[int, ...]
    size: tuple[int, int]
    draw: int
    data: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def differences(self, other: Conditions) -> list[str]:
        """Names of what is not the same."""
        names = ("space", "recipe", "steps", "decay", "seeds", "size", "draw", "data")
        return [name for name in names if getattr(self, name) != getattr(other, name)]


class CurveTable:
    """The rows in a CSV file, in the order in which they were finished."""

    def __init__(self, file: Path, conditions: Conditions, rows: Iterable[CurveRow] = ()) -> None:
        self.file, self.conditions = file, conditions
        self.rows = list(rows)

    @classmethod
    def read(cls, file: str | Path) -> CurveTable:
        """A table as it is, without a last row that was cut off. Raises `UserError`."""
        file = Path(file)
        beside = file.with_suffix(".json")
        try:
            conditions = _conditions(json.loads(beside.read_text("utf-8")))
            text = file.read_text("utf-8") if file.exists() else ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            fact = f"no table of learning curves ({type(error).__name__}: {error})"
            raise user_error(fact, "Make one with benchmarks/learning_curves.py", place=Place(str(beside))) from error
        return cls(file, conditions, _rows(_whole_lines(text), conditions, file))

    @classmethod
    @contextmanager
    def opened(cls, file: Path, conditions: Conditions) -> Iterator[CurveTable]:
        """The table to go on with, or a new one; no other process writes to it meanwhile.

        Raises `UserError` where another process does, and for a table that was made under other conditions.
        """
        place = Place(str(file))
        with held(file.with_suffix(".lock")) as alone:
            if not alone:
                raise user_error("another process makes this table", "Wait for it, or stop it", place=place)
            if not file.with_suffix(".json").exists():
                write_text(file.with_suffix(".json"), _conditions_text(conditions))
                write_text(file, _line(columns(conditions)))
            table = cls.read(file)
            differences = table.conditions.differences(conditions)
            if differences:
                fact = f"this table was made with another {', '.join(differences)}"
                raise user_error(fact, "Give those of before, or name another --table", place=place)
            text = _whole_lines(file.read_text("utf-8"))
            if len(text.encode()) != file.stat().st_size:
                write_text(file, text)
            yield table

    def add(self, row: CurveRow) -> None:
        """Append a row and have it on the disk."""
        line = _line(_cells(row, self.conditions)).encode()
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.rows.append(row)

    @cached_property
    def trained(self) -> tuple[CurveRow, ...]:
        """The rows with scores, by their number in the draw: of a table that is not written to any more."""
        return tuple(sorted((row for row in self.rows if not row.fault), key=lambda row: row.number))

    @property
    def last(self) -> int:
        """The number of the last rung."""
        return len(self.conditions.steps) - 1


def columns(conditions: Conditions) -> list[str]:
    """The header: a score's column is `miou_STEPS_sSEED`."""
    scores = [score_column(steps, seed) for seed in conditions.seeds for steps in conditions.steps]
    return [*FIXED[:-2], *scores, *FIXED[-2:]]


def score_column(steps: int, seed: int) -> str:
    """The name of a score's column."""
    return f"miou_{steps}_s{seed}"


def _cells(row: CurveRow, conditions: Conditions) -> list[str]:
    scores = [
        "" if (rung, seed) not in row.scores else f"{row.scores[rung, seed]:.6f}"
        for seed in conditions.seeds
        for rung in range(len(conditions.steps))
    ]
    costs = ["" if (cost := row.costs.get(name)) is None else f"{cost:.8g}" for name in COSTS]
    genome = json.dumps(dict(row.genome), sort_keys=True)
    return [str(row.number), row.hash, row.key, genome, *costs, *scores, f"{row.cpu_seconds:.1f}", row.fault]


def _rows(text: str, conditions: Conditions, file: Path) -> Iterator[CurveRow]:
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    if header != columns(conditions):
        fact = f"the columns are not those of {file.with_suffix('.json').name}"
        raise user_error(fact, "Make the table anew", place=Place(str(file), 1, 1))
    for number, cells in enumerate(lines, 2):
        try:
            yield _row(dict(zip(header, cells, strict=True)), conditions)
        except (ValueError, KeyError) as error:
            raise user_error(f"no row ({error})", "Take the line out", place=Place(str(file), number, 1)) from error


def _row(cells: Mapping[str, str], conditions: Conditions) -> CurveRow:
    scores = {
        (rung, seed): float(cell)
        for seed in conditions.seeds
        for rung, steps in enumerate(conditions.steps)
        if (cell := cells[score_column(steps, seed)])
    }
    costs = {name: float(cells[name]) if cells[name] else None for name in COSTS}
    genome = json.loads(cells["genome"])
    return CurveRow(
        int(cells["number"]), cells["hash"], cells["key"], genome, costs, scores, float(cells["cpu_seconds"]),
        cells["fault"],
    )  # fmt: skip


def _whole_lines(text: str) -> str:
    """The text up to its last line end: a row is written with one."""
    return text[: text.rfind("\n") + 1]


def _line(cells: Iterable[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow([cell.replace("\n", " ") for cell in cells])
    return stream.getvalue()


def _conditions(found: Mapping[str, Any]) -> Conditions:
    tuples = {name: tuple(found[name]) for name in ("steps", "seeds", "size")}
    return Conditions(**{**found, **tuples})


def _conditions_text(conditions: Conditions) -> str:
    return json.dumps(vars(conditions), indent=2) + "\n"
