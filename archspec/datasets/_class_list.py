"""`classes.txt`: one class a line, in the order of their numbers; and colours for classes without one."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.datasets._contract import IGNORE, Classes, Colour
from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import read_text

FILE = "classes.txt"
MOST_NUMBER = 65535  # in a label file
MOST = 254  # a label is a byte, 255 is ignored, 254 is no class of any data set
_LINE = re.compile(r"(?P<name>.*?)(\s*=\s*(?P<number>\d{1,5}))?(\s+#(?P<colour>[0-9a-fA-F]{6}))?\s*$")


def colour_map(count: int) -> tuple[Colour, ...]:
    """The colours of the numbers below `count`: bit k of a number, by threes, fills the channels from the top down.

    Source: VOCdevkit, VOClabelcolormap.m.
    """

    def channel(number: int, first: int) -> int:
        return sum((number >> first + 3 * place & 1) << 7 - place for place in range(8))

    return tuple((channel(number, 0), channel(number, 1), channel(number, 2)) for number in range(count))


def read_class_list(path: Path) -> Classes:
    """The classes of a file of lines `name` or `name #rrggbb`; empty lines are skipped.

    `name = 255` says which number a class has in label files; else it is the line's, from 0. Raises `UserError` for no
    file, no class, a name or a number that comes twice, or too many.
    """
    remedy = "Write one: one line for each class, `name` or `name #rrggbb`, the first line is label 0"
    try:
        lines = read_text(path).splitlines()
    except UserError as error:
        reason = error.faults[0].message.removeprefix("cannot be read (").removesuffix(")")
        raise user_error(f"no list of classes ({reason})", remedy, place=Place(str(path))) from error
    names: list[str] = []
    given: list[Colour | None] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line.strip())
        name = match["name"].strip() if match else ""
        if not match or not name:
            continue
        if name in names:
            place = Place(str(path), number, 1)
            faults.append(Fault(f"class '{name}' comes twice", "Give each a name of its own", place=place))
        stored = int(match["number"]) if match["number"] else len(names)
        if stored in numbers or stored > MOST_NUMBER:
            fact = (
                f"label {stored} is of '{names[numbers.index(stored)]}' already"
                if stored in numbers
                else (f"label {stored} is above {MOST_NUMBER}")
            )
            place = Place(str(path), number, 1)
            faults.append(Fault(fact, f"Write {name} = NUMBER, another for each class", place=place))
        numbers.append(stored)
        names.append(name)
        given.append(_colour(match["colour"]) if match["colour"] else None)
    if not names or len(names) > MOST:
        faults.append(Fault(f"{len(names)} classes", f"Write 1 to {MOST}, one a line", place=Place(str(path))))
    if faults:
        raise UserError(faults)
    own = colour_map(len(names))
    colours = tuple(colour or usual for colour, usual in zip(given, own, strict=True))
    return Classes(tuple(names), colours, () if numbers == list(range(len(names))) else tuple(numbers))


def label_numbers(classes: Classes) -> dict[int, int]:
    """The class of each number that a label file may hold; 255 is ignored, unless a class has it."""
    own = classes.numbers or range(len(classes))
    return {IGNORE: IGNORE} | {number: label for label, number in enumerate(own)}


def class_list(classes: Classes) -> str:
    """The text of such a file."""
    pairs = zip(classes.names, classes.colours, strict=True)
    return "".join(f"{name} #{red:02x}{green:02x}{blue:02x}\n" for name, (red, green, blue) in pairs)


def _colour(digits: str) -> Colour:
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
