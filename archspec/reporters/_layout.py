"""A table as the lines of a terminal of some width: numbers and names whole, the most important columns first.

A table that does not fit is turned on its side where it has few rows, else columns are left out, and a line says
which. Row names that are lists of assignments (`a=1, b=2`) become one column for each factor. Headings, notes and
columns that `wraps` may go over several lines, at spaces only: a word that is longer than the terminal stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from archspec.reporters._table import NOTHING, Column, Table, for_people, visible, width

GAP = "  "
FEW_ROWS = 4  # that stand side by side where a table is turned
PROSE = 16  # terminal cells that a text needs to be read, where it has so many
COMFORT = 40  # and that it gets before a detail stands beside it
_KEPT = "\ue000"  # a space that no line ends at
_TOGETHER = re.compile(r"(?<=\d) (?=[x×±] \d)|(?<=\d [x×±]) (?=\d)|(?<=\d,) (?=\d+[,)\]])|(?<=\d) (?=%|(?:ms|MB|px)\b)")
_ASSIGNMENTS = re.compile(r", (?=[A-Za-z_][\w.\[\]-]*=)")


class Line(NamedTuple):
    """One line, without its line feed, and what it is."""

    text: str
    part: Literal["title", "heading", "rule", "row", "left out", "note"]


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    wraps: bool = False
    right: bool = False

    def least(self, prose: int = PROSE) -> int:
        """Terminal cells that it needs, where texts that wrap have up to `prose`."""
        if not self.wraps:
            return width(self.text)
        return max(*map(width, _words(self.text)), min(width(self.text), prose))


@dataclass(frozen=True, slots=True)
class _Grid:
    headings: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]

    @classmethod
    def of(cls, table: Table) -> _Grid:
        """The cells of a table as text."""
        headings = tuple(_Cell(visible(column.heading), True, column.right) for column in table.columns)
        rows = tuple(
            tuple(
                _Cell(visible(for_people(cell, column)), column.wraps, column.right)
                for cell, column in zip(row, table.columns, strict=True)
            )
            for row in table.rows
        )
        return cls(headings, rows)

    @property
    def columns(self) -> list[tuple[_Cell, ...]]:
        return [tuple(row[index] for row in self.rows) for index in range(len(self.headings))]

    @property
    def turned(self) -> _Grid:
        """Rows and columns exchanged."""
        rows = tuple(
            (heading, *(replace(cell, right=not cell.wraps) for cell in column))
            for heading, column in zip(self.headings[1:], self.columns[1:], strict=True)
        )
        names = (replace(row[0], wraps=False, right=True) for row in self.rows)
        left = tuple((replace(row[0], right=False), *row[1:]) for row in rows)
        return _Grid((self.headings[0], *names), left)

    def only(self, kept: Sequence[int]) -> _Grid:
        rows = tuple(tuple(row[index] for index in kept) for row in self.rows)
        return _Grid(tuple(self.headings[index] for index in kept), rows)

    @property
    def least(self) -> list[int]:
        return self._least([PROSE] * len(self.headings))

    def comfortable(self, table: Table) -> list[int]:
        """The same, where texts are not narrowed for the sake of a detail."""
        details = any(column.detail for column in table.columns)
        return self._least([COMFORT if details and not column.detail else PROSE for column in table.columns])

    def _least(self, prose: Sequence[int]) -> list[int]:
        return [
            max(heading.least(1), *(cell.least(most) for cell in cells), 1)
            for heading, cells, most in zip(self.headings, self.columns, prose, strict=True)
        ]

    @property
    def total(self) -> int:
        return _total(self.least)


def laid_out(table: Table, room: int | None) -> Iterator[Line]:
    """The lines of `table` on a terminal of `room` cells; None is as wide as it takes."""
    grid, remarks = _shaped(table, room)
    if table.title:
        yield from (Line(text, "title") for text in folded(table.title, room))
    widths = _widths(grid, room)
    yield from (Line(text, "heading") for text in _row(grid.headings, widths, bottom=True))
    yield Line("─" * _total(widths), "rule")
    for row in grid.rows:
        yield from (Line(text, "row") for text in _row(row, widths))
    if table.notes or remarks:
        yield Line("", "note")
    yield from (Line(text, "left out") for note in remarks for text in _note(note, room))
    yield from (Line(text, "note") for note in table.notes for text in folded(note, room))


def cut(text: str, room: int | None) -> str:
    """A line of a text, with an ellipsis where the terminal ends."""
    text = visible(text)
    if room is None or width(text) <= room:
        return text
    while width(text) >= room:
        text = text[:-1]
    return f"{text}…"


def folded(note: str, room: int | None) -> list[str]:
    """The lines of a note: parted at spaces, indented where it goes on."""
    return list(_note(visible(note), room))


def _shaped(table: Table, room: int | None) -> tuple[_Grid, list[str]]:
    """The form in which it fits, and in words what is not in it."""
    grid = _Grid.of(table)
    if room is None or (table.upright is not None and grid.total <= room):
        return grid, []
    filled, remarks = _filled(table.upright or table)
    for one in (filled, _factored(filled)):
        grid = _Grid.of(one)
        if _total(grid.comfortable(one)) <= room:
            return grid, remarks
    if 0 < len(filled.rows) <= FEW_ROWS and len(filled.columns) > 2 and _Grid.of(filled).turned.total <= room:
        return _Grid.of(filled).turned, remarks
    grid, more = _left_out(one, room)
    return grid, [*remarks, *more]


def _filled(table: Table) -> tuple[Table, list[str]]:
    """Without the columns that no row has anything in, and their names."""
    kept = [
        index
        for index in range(len(table.columns))
        if len(table.rows) < 2 or any(row[index] not in (None, "") for row in table.rows)
    ]
    gone = [column.name for index, column in enumerate(table.columns) if index not in kept]
    if not gone or not kept:
        return table, []
    columns = tuple(table.columns[index] for index in kept)
    rows = tuple(tuple(row[index] for index in kept) for row in table.rows)
    return replace(table, columns=columns, rows=rows), [f"nothing in: {', '.join(map(visible, gone))}"]


def _left_out(table: Table, room: int) -> tuple[_Grid, list[str]]:
    """The columns that fit, by importance; remarks name the others, and what is the same in every row."""
    grid = _Grid.of(table)
    constant = [len(grid.rows) > 1 and len({cell.text for cell in column}) == 1 for column in grid.columns]
    own = [index for index, same in enumerate(constant) if not same]
    main = [index for index in own if not table.columns[index].detail]
    details = sorted(set(own) - set(main), key=lambda index: (table.columns[index].detail, index))
    order = [*main, *details, *(index for index, same in enumerate(constant) if same)]
    kept = order[:2]  # a row needs its name and one value, however narrow the terminal
    at = {column.id: index for index, column in enumerate(table.columns)}
    full = False
    for index in order[2:]:
        least = grid.least if index in main else grid.comfortable(table)
        more = {index, at.get(table.columns[index].of, index)} - {*kept}
        fits = _total([least[one] for one in (*kept, *more)]) <= room
        full = full or (index in main and not fits)
        if fits and not (full and index in main):
            kept += more
    return grid.only(sorted(kept)), list(_describe_others(table, grid, kept, constant))


def _describe_others(table: Table, grid: _Grid, kept: Sequence[int], constant: Sequence[bool]) -> Iterator[str]:
    """What became of the other columns, in at most two lines."""
    names = [column.name for column in table.columns]
    named = [  # by what tells them apart, between commas
        column.id if names.count(column.name) > 1 else column.name.replace(",", "") for column in table.columns
    ]
    others = [(index, column) for index, column in enumerate(table.columns) if index not in kept]
    same = [f"{named[index]} {grid.rows[0][index].text} {column.unit}" for index, column in others if constant[index]]
    gone = [named[index] for index, _ in others if not constant[index]]
    if same:
        yield f"in every row: {', '.join(visible(text).rstrip() for text in same)}"
    if gone:
        yield f"left out: {', '.join(map(visible, gone))}; --wide shows all"


def _factored(table: Table) -> Table:
    """With one column for each factor where rows are named by assignments; another name stands in the first column."""
    names = [_ASSIGNMENTS.split(row[0]) if isinstance(row[0], str) else [] for row in table.rows]
    found = [
        {path: value for path, _, value in (part.partition("=") for part in parts if "=" in part)} for parts in names
    ]
    factored = [len(own) == len(parts) > 0 for own, parts in zip(found, names, strict=True)]
    factors = list(dict.fromkeys(path for own, is_one in zip(found, factored, strict=True) if is_one for path in own))
    if not any(is_one and len(own) > 1 for own, is_one in zip(found, factored, strict=True)):
        return table
    first = (table.columns[0],) if not all(factored) else ()
    columns = [Column(f"factor {number}", name.replace("_", " ")) for number, name in enumerate(_short(factors))]
    rows = []
    for row, own, is_one in zip(table.rows, found, factored, strict=True):
        name = ("" if is_one else row[0],) if first else ()
        rows.append((*name, *(own.get(path, NOTHING) if is_one else "" for path in factors), *row[1:]))
    return replace(table, columns=(*first, *columns, *table.columns[1:]), rows=tuple(rows))


def _short(paths: Sequence[str]) -> list[str]:
    """Each by the last words of its path that tell it from the others."""
    short = []
    for path in paths:
        words = path.split(".")
        ends = (".".join(words[-count:]) for count in range(1, len(words) + 1))
        short.append(next(end for end in ends if sum(f".{one}".endswith(f".{end}") for one in paths) == 1))
    return short


def _widths(grid: _Grid, room: int | None) -> list[int]:
    """What each column needs; what is left goes to texts that wrap, then to headings."""
    whole = [max(width(cell.text) for cell in column) if column else 0 for column in grid.columns]
    full = [max(size, width(heading.text), 1) for size, heading in zip(whole, grid.headings, strict=True)]
    if room is None:
        return full
    widths = grid.least
    texts = [index for index, column in enumerate(grid.columns) if any(cell.wraps for cell in column)]
    left = _spread(widths, {index: whole[index] for index in texts}, room - _total(widths))
    _spread(widths, dict(enumerate(full)), left)
    if texts[-1:] == [len(widths) - 1]:  # a word that is too long reaches over the edge, alone
        widths[-1] = min(widths[-1], max(PROSE, room - _total([*widths[:-1], 0])))
    return widths


def _spread(widths: list[int], wanted: dict[int, int], left: int) -> int:
    """Widen columns evenly up to what is wanted; what is left then."""
    while left > 0 and (short := [index for index, size in wanted.items() if widths[index] < size]):
        for index in short[:left]:
            widths[index] += 1
        left -= len(short[:left])
    return left


def _row(cells: Sequence[_Cell], widths: Sequence[int], *, bottom: bool = False) -> Iterator[str]:
    texts = [_wrapped(cell.text, size) if cell.wraps else [cell.text] for cell, size in zip(cells, widths, strict=True)]
    height = max(map(len, texts))
    for lines in texts:
        filler = [""] * (height - len(lines))
        lines[:] = [*filler, *lines] if bottom else [*lines, *filler]
    for parts in zip(*texts, strict=True):
        padded = (
            " " * (size - width(text)) + text if cell.right else text + " " * (size - width(text))
            for text, cell, size in zip(parts, cells, widths, strict=True)
        )
        yield GAP.join(padded).rstrip(" ")


def _note(text: str, room: int | None) -> Iterator[str]:
    """A line below or above the table; where it goes on, it is indented."""
    words = text.lstrip(" ")
    indent = " " * (len(text) - len(words))
    if room is None:
        yield text
        return
    first, *others = _wrapped(words, room - len(indent) - 2) if width(text) > room else [words]
    yield indent + first
    yield from (f"{indent}  {other}" for other in others)


def _wrapped(text: str, room: int) -> list[str]:
    """Lines of at most `room` cells, parted at spaces; a longer word is a line of its own."""
    lines: list[str] = []
    for word in _words(text):
        if lines and width(lines[-1]) + 1 + width(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _words(text: str) -> list[str]:
    """What stands between spaces; `14 x 14`, `9.3 ± 0.1`, `(18, 15)`, `89 %` and `3 ms` are one."""
    return [word.replace(_KEPT, " ") for word in _TOGETHER.sub(_KEPT, text).split(" ")]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)
