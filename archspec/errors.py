"""The one user error: every fault with its place, its path, the fact and a remedy.

Inner code raises `Problem`, the bare fact. The outermost public function that knows where the fact
was written turns it into a `Fault` with a `Place`, and raises all faults together as `UserError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file (or `--set …`), a line and a column, both from 1; 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `file:line:col: path: fact (value). Remedy`."""

    message: str
    remedy: str = ""
    path: str = ""
    place: Place = NOWHERE

    def __str__(self) -> str:
        message = self.message if not self.remedy else f"{self.message}. {self.remedy}"
        parts = [part for part in (str(self.place), self.path, message) if part]
        return ": ".join(parts)


class UserError(Exception):
    """What a user can mend. The command line prints one line per fault and exits with code 2."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


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


def nearest(word: object, options: Iterable[object]) -> str:
    """The remedy for a name that does not exist: the nearest valid one, else all of them (up to 12)."""
    import difflib  # only needed once something is already wrong

    names = sorted({str(option) for option in options})
    lowered = {name.lower(): name for name in reversed(names)}
    matches = difflib.get_close_matches(str(word).lower(), list(lowered), n=1, cutoff=0.6)
    if matches:
        return f"Did you mean '{lowered[matches[0]]}'?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"One of: {shown}" + (", …" if len(names) > 12 else "")
