"""The one user error: every fault with its place, its path, the fact and a remedy.

Inner code raises `Problem`, the bare fact. The outermost public function that knows where the fact
was written turns it into a `Fault` with a `Place`, and raises all faults together as `UserError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_LONG_WORD = re.compile(r"\S{201,}")
_LONGEST_WORD, _LONGEST_TEXT, _LONGEST_FILE = 200, 700, 300
_SHORTEST_PART, _MOST_PARTS = 3, 3  # letters of a part of a name, names that a part stands for


def escaped(text: str) -> str:
    """Text that is safe on a terminal: ESC, NUL, other control characters, marks of direction and halves of pairs are
    written out (`\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in _SPACES else ascii(one)[1:-1] for one in text)


def _brief(text: str) -> str:
    """Text for one line of an error: no word, and not the whole, longer than can be read."""
    if len(text) > _LONGEST_WORD:
        text = _LONG_WORD.sub(lambda word: word[0][: _LONGEST_WORD - 1] + "…", text)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file (or `--set …`), a line and a column, both from 1; 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        file = self.file if len(self.file) <= _LONGEST_FILE else self.file[: _LONGEST_FILE - 1] + "…"
        return escaped(f"{file}:{self.line}:{self.column}" if self.line else file)


NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `file:line:col: path: fact (value). Remedy`.

    As text it is one line that is safe on a terminal: control characters are escaped, long words and texts shortened.
    """

    message: str
    remedy: str = ""
    path: str = ""
    place: Place = NOWHERE

    def __str__(self) -> str:
        message = ". ".join(_brief(escaped(part)) for part in (self.message, self.remedy) if part)
        parts = [part for part in (str(self.place), _brief(escaped(self.path)), message) if part]
        return ": ".join(parts)


class UserError(Exception):
    """What a user can mend. The command line prints one line per fault and exits with code 2."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, when it goes from one process to another: its text alone would be taken for faults."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[UserError], arguments: tuple[str, ...]) -> UserError:
    return kind.__new__(kind, *arguments)


class Problem(Exception):
    """A bare fact raised by a block, a layer or another inner function that does not know its place."""

    def __init__(self, fact: str, remedy: str = "") -> None:
        self.fact = fact
        self.remedy = remedy
        super().__init__(fact)

    def at(self, place: Place, path: str = "") -> Fault:
        """The same fact with its place and path."""
        return Fault(self.fact, self.remedy, path, place)


def user_error(message: str, remedy: str = "", path: str = "", place: Place = NOWHERE) -> UserError:
    """A `UserError` of one fault."""
    return UserError(Fault(message, remedy, path, place))


def each_result(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What a function makes of each item. Raises `UserError` with the faults of all of them."""
    found: list[Result] = []
    faults: list[Fault] = []
    for item in items:
        try:
            found.append(function(item))
        except UserError as error:
            faults += error.faults
    if faults:
        raise UserError(faults)
    return found


def first_line(error: Exception) -> str:
    """What another library's exception says, in a line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def nearest(word: object, options: Iterable[object]) -> str:
    """The remedy for a name that does not exist: the nearest valid ones, else all of them (up to 12)."""
    names = sorted({str(option) for option in options})
    close = _close(str(word), names)
    if close:
        return "Did you mean " + " or ".join(f"'{name}'" for name in close) + "?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"One of: {shown}" + (", …" if len(names) > 12 else "")


def mistyped(written: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The known names that unknown ones among `written` are probably meant to be: told as typos, they lack no more."""
    names = list(known)
    unknown = [word for word in written if word not in names]
    return frozenset(close[0] for word in unknown if (close := _close(word, names)))


def _close(word: str, names: list[str]) -> list[str]:
    """The name nearest to a word; else the few that it is a part of (`coco`), or that are a part of it."""
    import difflib  # only needed once something is already wrong

    lowered = {name.lower(): name for name in reversed(names)}
    matches = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    if matches or len(word) < _SHORTEST_PART:
        return [lowered[match] for match in matches]
    parts = [name for low, name in lowered.items() if word.lower() in low]
    parts = parts or [name for low, name in lowered.items() if len(low) >= _SHORTEST_PART and low in word.lower()]
    return sorted(parts) if len(parts) <= _MOST_PARTS else []
