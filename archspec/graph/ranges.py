"""`Range`: what values an argument may take, written in a block's signature with `Annotated`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number: `Annotated[int, Range(ge=1)]`. The spec language checks them, the JSON Schema shows them."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: float | None = None

    def broken(self, value: float) -> str:
        """What is wrong with a value, or ''."""
        if self.ge is not None and value < self.ge:
            return f"must be at least {self.ge:g}"
        if self.gt is not None and value <= self.gt:
            return f"must be greater than {self.gt:g}"
        if self.le is not None and value > self.le:
            return f"must be at most {self.le:g}"
        if self.lt is not None and value >= self.lt:
            return f"must be less than {self.lt:g}"
        if self.multiple_of is not None and value % self.multiple_of:
            return f"must be a multiple of {self.multiple_of:g}"
        return ""

    def words(self) -> str:
        """All bounds in words."""
        named = (("at least", self.ge), ("greater than", self.gt), ("at most", self.le), ("less than", self.lt))
        parts = [f"{word} {bound:g}" for word, bound in named if bound is not None]
        return " and ".join(parts + ([f"a multiple of {self.multiple_of:g}"] if self.multiple_of else []))

    def schema(self) -> dict[str, Any]:
        """The bounds in JSON Schema's words."""
        named = {
            "minimum": self.ge,
            "exclusiveMinimum": self.gt,
            "maximum": self.le,
            "exclusiveMaximum": self.lt,
            "multipleOf": self.multiple_of,
        }
        return {word: bound for word, bound in named.items() if bound is not None}
