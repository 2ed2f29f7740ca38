"""Kinds of value: each can check a node, say what it wants, and describe itself as JSON Schema.

Our own instead of pydantic's: importing pydantic costs 0.1 s of a command that has 0.5, and a union's errors there
name every alternative instead of the one the user meant.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from archspec.errors import Fault, Place, nearest
from archspec.graph import Range
from archspec.spec.nodes import Items, Node, Scalar, Table, one_line, show_plain, shown

Schema: TypeAlias = dict[str, Any]
Wrap: TypeAlias = Callable[[Schema], Schema]


class Invalid:
    """What reading gives when a fault has been reported."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()
LARGEST_INTEGER = 2**31 - 1  # sizes, strides and shapes of a `.tflite` are 32-bit integers


class Reads(Protocol):
    """What a kind needs of its reader: reading what is inside, and reporting."""

    faults: list[Fault]

    def read(self, kind: Kind, node: Node, path: str) -> Any: ...
    def mismatch(self, kind: Kind, node: Node, path: str) -> Invalid: ...
    def fault(self, fact: str, remedy: str, path: str, place: Place) -> Invalid: ...
    def attempt(self, kind: Kind, node: Node, path: str) -> tuple[Any, list[Fault]]: ...


class Kind(ABC):
    """A kind of value."""

    words: str = "a value"
    example: str = "1"

    @abstractmethod
    def fits(self, node: Node) -> bool:
        """Whether the node has the outer form of this kind (used to pick a union's alternative)."""

    @abstractmethod
    def read(self, node: Node, path: str, reader: Reads) -> Any:
        """The plain value, or INVALID after faults were reported. The node is neither a selector nor a choice."""

    @abstractmethod
    def schema(self, wrap: Wrap) -> Schema:
        """JSON Schema; `wrap` is applied to every value inside, to allow selectors and choices there."""

    def remedy(self, node: Node) -> str:
        return f"Write {self.words} such as {self.example}"


class AnyKind(Kind):
    """Whatever YAML can say."""

    def fits(self, node: Node) -> bool:
        return True

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is Table:
            return {key: reader.read(self, entry.node, f"{path}.{key}") for key, entry in node.entries.items()}
        if type(node) is Items:
            return tuple(reader.read(self, item, f"{path}[{i}]") for i, item in enumerate(node.items))
        return node.value  # type: ignore[union-attr]

    def schema(self, wrap: Wrap) -> Schema:
        return {}


@dataclass(frozen=True)
class NumberKind(Kind):
    """`int` or `float`, within limits. A bool is not a number; an int is accepted for a float."""

    real: bool = False
    limits: Range = field(default_factory=Range)
    sample: str = ""

    @property
    def words(self) -> str:  # type: ignore[override]
        return "a number" if self.real else "an integer"

    @property
    def example(self) -> str:  # type: ignore[override]
        if self.sample:
            return self.sample
        for candidate in (0.5, 1.0, 2.0) if self.real else (1, 3, 0, 8, -1):
            if not self.limits.broken(candidate):
                return f"{candidate}"
        bound = self.limits.ge if self.limits.ge is not None else self.limits.le
        return "1" if bound is None else f"{bound:g}"

    def fits(self, node: Node) -> bool:
        return type(node) is Scalar and (type(node.value) is int or (self.real and type(node.value) is float))

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if not self.fits(node):
            return reader.mismatch(self, node, path)
        value: Any = node.value  # type: ignore[union-attr]
        if not self.real and abs(value) > LARGEST_INTEGER:
            return reader.fault(
                f"too large ({value:,})",
                "Write a number below 2^31, the largest there is in a .tflite",
                path,
                node.place,
            )
        broken = self.limits.broken(value)
        if broken:
            return reader.fault(f"{broken} ({value})", f"Allowed: {self.limits.words()}", path, node.place)
        return float(value) if self.real else value

    def remedy(self, node: Node) -> str:
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.strip("+-").isdigit():
            return "Remove the quotes"
        return f"Write {'a number' if self.real else 'a whole number'} such as {self.example}"

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "number" if self.real else "integer", **self.limits.schema()}


class BoolKind(Kind):
    """`true` or `false`."""

    words = "true or false"
    example = "true"

    def fits(self, node: Node) -> bool:
        return type(node) is Scalar and type(node.value) is bool

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        return node.value if type(node) is Scalar and self.fits(node) else reader.mismatch(self, node, path)

    def remedy(self, node: Node) -> str:
        word = str(node.value).lower() if isinstance(node, Scalar) else ""
        return {"yes": "Write true", "on": "Write true", "no": "Write false", "off": "Write false"}.get(
            word, "Write true or false"
        )

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "boolean"}


class NullKind(Kind):
    """`null`."""

    words = "null"
    example = "null"

    def fits(self, node: Node) -> bool:
        return type(node) is Scalar and node.value is None

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        return None if self.fits(node) else reader.mismatch(self, node, path)

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "null"}


@dataclass(frozen=True)
class TextKind(Kind):
    """Text; `pattern` with `form` in words restricts it, and `longest`, where it is not 0, its length."""

    words = "text"
    example = "'name'"
    pattern: str = ""
    form: str = ""
    longest: int = 0

    def fits(self, node: Node) -> bool:
        return type(node) is Scalar and type(node.value) is str

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if not self.fits(node):
            return reader.mismatch(self, node, path)
        value: str = node.value  # type: ignore[union-attr, assignment]
        if self.pattern and not re.fullmatch(self.pattern, value):
            return reader.fault(f"not a usable name ({shown(node)})", f"Write {self.form}", path, node.place)
        if self.longest and len(value) > self.longest:
            fact = f"a name of {len(value)} letters ({one_line(value, 20)})"
            return reader.fault(fact, f"Write at most {self.longest}", path, node.place)
        return value

    def remedy(self, node: Node) -> str:
        if isinstance(node, Scalar) and node.value is not None:
            return f"Put it in quotes: '{show_plain(node.value)}'"
        return "Write text"

    def schema(self, wrap: Wrap) -> Schema:
        return {
            "type": "string",
            **({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}),
            **({"maxLength": self.longest} if self.longest else {}),
        }


@dataclass(frozen=True)
class LiteralKind(Kind):
    """One of a few values."""

    options: tuple[Any, ...]

    @property
    def words(self) -> str:  # type: ignore[override]
        listed = list(map(show_plain, self.options))
        return listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + f" or {listed[-1]}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return show_plain(self.options[0])

    def fits(self, node: Node) -> bool:
        return type(node) is Scalar and any(type(node.value) is type(option) for option in self.options)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is Scalar:
            for option in self.options:
                if type(option) is type(node.value) and option == node.value:
                    return option
        return reader.fault(f"not allowed ({shown(node)})", self.remedy(node), path, node.place)

    def remedy(self, node: Node) -> str:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            meant = [option for option in self.options if str(option) == node.value]
            return "Remove the quotes" if meant else nearest(node.value, self.options)
        return "One of: " + ", ".join(map(str, self.options))

    def schema(self, wrap: Wrap) -> Schema:
        return {"enum": list(self.options)}
