"""YAML text to nodes, from the parser's events: every limit is checked before anything is built.

libyaml's own composer recurses and crashes the process on deep nesting; its event stream does not, so the tree is
built here, with places, duplicate keys and the budget for aliases in the same single pass. Plain scalars are read by
the core schema of YAML 1.2: no `yes`/`on`, no `1:30`, `012` is twelve, `1e-3` is a number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from archspec.errors import Fault, Place, Problem, UserError
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Plain, Scalar, Table, one_line, shown

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 20_000

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOO_DEEP_TO_SCAN = "exceeded maximum nesting depth"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REMEDIES = {
    "cannot start any token": "Indent with spaces, not tabs, and quote text that starts with @, ` or %",
    "mapping values are not allowed": "Check the indentation, or quote text that holds ': '",
    "undefined alias": "Define it before with &name, or remove the *",
    "expected ',' or": "Close the bracket, or put a comma between the items",
    "expected node content": "Close the bracket, or write the missing value",
    "expected key": "Check the indentation of this line",
}


def read_mapping(text: str, file: str, faults: list[Fault]) -> Table | None:
    """The mapping in a text; what is wrong goes to `faults`."""
    found = len(faults)
    node = read_text(text, file, faults)
    if isinstance(node, Table):
        return node
    if node is None and len(faults) > found:
        return None
    if node is None or (isinstance(node, Scalar) and node.value is None):
        faults.append(Fault("the file is empty", "Write at least 'backbone: NAME'", place=Place(file, 1, 1)))
    elif not (isinstance(node, Scalar) and node.value is BROKEN):
        fact = f"must be a mapping of keys to values ({shown(node)})"
        faults.append(Fault(fact, "Write lines of 'key: value'", place=node.place))
    return None


def read_text(text: str, file: str, faults: list[Fault], place: Place | None = None) -> Node | None:
    """The one document of a text, or None when it has none. With `place`, every node is said to stand there."""
    if len(text) > MAX_BYTES:
        faults.append(too_large(len(text), place or Place(file, 1, 1)))
        return None
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        where = place or Place(file, line, bad.start() - text.rfind("\n", 0, bad.start()))
        fact = f"not text (character U+{ord(bad.group()):04X})"
        faults.append(Fault(fact, "Write the spec as plain YAML text", place=where))
        return None
    return _Builder(file, faults, place).build(text)


def too_large(size: int, place: Place) -> Fault:
    """The fault of a text that no spec can be."""
    fact = f"the file is too large ({size:,} bytes)"
    return Fault(fact, f"A spec has at most {MAX_BYTES:,} bytes: name the spec file itself", place=place)


@dataclass(slots=True)
class _Frame:
    """A list or a mapping that is still open."""

    place: Place
    anchor: str | None
    is_table: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: str | None = None
    key_place: Place = Place("")
    drop: bool = False
    broken: bool = False
    size: int = 1

    def close(self) -> Node:
        if self.broken:
            return Scalar(BROKEN, self.place)
        return Table(self.entries, self.place) if self.is_table else Items(tuple(self.items), self.place)


class _Builder:
    """Builds one tree from events with its own stack, so depth costs no recursion."""

    def __init__(self, file: str, faults: list[Fault], place: Place | None) -> None:
        self.file, self.faults, self.fixed = file, faults, place
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.total = 0
        self.documents = 0
        self.root: Node | None = None

    def build(self, text: str) -> Node | None:
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self.take(event)
        except yaml.MarkedYAMLError as error:
            if error.problem == _TOO_DEEP_TO_SCAN and error.problem_mark is not None:
                return self.reread(text[: error.problem_mark.index])
            self.faults.append(self.syntax_fault(error))
            return None
        except yaml.YAMLError as error:
            self.fault(f"not valid YAML ({one_line(str(error))})", "Write plain YAML text", Place(self.file, 1, 1))
            return None
        except UserError as error:
            self.faults.extend(error.faults)
            return None
        return self.root

    def reread(self, beginning: str) -> Node | None:
        """The text up to where libyaml's scanner gave up (from PyYAML 6.0.4 it has a limit of its own).

        It runs ahead of its events, so that our limit, lower and better said, has not been met yet; here it is.
        """
        return _Builder(self.file, self.faults, self.fixed).build(beginning)

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self.scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self.open(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            frame = self.stack.pop()
            self.add(frame.close(), frame.size, frame.anchor, frame.place)
        elif kind is yaml.AliasEvent:
            self.alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self.stop("a second document ('---')", "Write one spec a file", self.place(event))

    def place(self, event: Any) -> Place:
        return self.fixed or Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def path(self) -> str:
        path = ""
        for frame in self.stack:
            path += (f".{frame.key}" if frame.key is not None else "") if frame.is_table else f"[{len(frame.items)}]"
        return one_line(path.lstrip("."), 100)

    def fault(self, fact: str, remedy: str, place: Place) -> None:
        self.faults.append(Fault(fact, remedy, self.path(), place))

    def stop(self, fact: str, remedy: str, place: Place) -> None:
        raise UserError(Fault(fact, remedy, self.path(), place))

    def refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            tag = one_line(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.fault(f"tags are not allowed ({tag})", "Write the plain value", self.place(event))

    def is_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].is_table and self.stack[-1].key is None

    def scalar(self, event: Any) -> None:
        self.refuse_tag(event)
        place, text = self.place(event), event.value
        if self.is_key():
            self.take_key(text, place, quoted=not event.implicit[0])
            if event.anchor:
                self.anchors[event.anchor] = (Scalar(text, place), 1)
            return
        try:
            value = resolve(text) if event.implicit[0] else text
        except Problem as problem:
            self.fault(problem.fact, problem.remedy, place)
            value = BROKEN
        self.count(1, place)
        self.add(Scalar(BROKEN if event.tag is not None else value, place), 1, event.anchor, place)

    def take_key(self, text: str, place: Place, quoted: bool = False) -> None:
        frame = self.stack[-1]
        first = frame.entries.get(text)
        if text == "<<" and not quoted:
            remedy = "Use 'extends' to build on another spec"
            self.fault("merge keys are not allowed ('<<')", remedy, place)
            frame.broken = len(self.stack) > 1  # what the merge would have added is missing: say no more about it
        elif not text:
            self.fault("a key must not be empty", "Write 'key: value'", place)
        elif first:
            where = f"line {first.place.line}" if first.place.line else str(first.place)
            self.fault(f"duplicate key '{one_line(text)}' (first on {where})", "Remove one of the two", place)
        frame.drop = bool(first) or not text or (text == "<<" and not quoted)
        frame.key, frame.key_place = text, place

    def open(self, event: Any) -> None:
        place = self.place(event)
        self.refuse_tag(event)
        if len(self.stack) >= MAX_DEPTH:
            del self.stack[1:]
            self.stop(f"nested deeper than {MAX_DEPTH} levels", "Write the spec with fewer brackets", place)
        self.count(1, place)
        if event.anchor:
            self.anchors[event.anchor] = None
        frame = _Frame(place, event.anchor, type(event) is yaml.MappingStartEvent)
        frame.broken = event.tag is not None
        self.stack.append(frame)

    def alias(self, event: Any) -> None:
        place = self.place(event)
        name = one_line(event.anchor)
        if event.anchor not in self.anchors:
            self.stop(f"undefined alias ('*{name}')", _REMEDIES["undefined alias"], place)
        target = self.anchors[event.anchor]
        if target is None:
            self.stop(f"an alias holds itself ('*{name}')", "Write the value out", place)
        else:
            self.count(target[1], place)
            self.add(target[0], target[1], None, place)

    def count(self, size: int, place: Place) -> None:
        self.total += size
        if self.total > MAX_NODES:
            fact = f"more than {MAX_NODES:,} values, aliases written out"
            self.stop(fact, "Write a smaller spec, without aliases of aliases", place)

    def add(self, node: Node, size: int, anchor: str | None, place: Place) -> None:
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        if not frame.is_table:
            frame.items.append(node)
        elif frame.key is None:
            self.fault(f"a key must be plain text ({shown(node)})", "Write 'key: value'", place)
            frame.key, frame.key_place, frame.drop = "?", place, True
        else:
            if not frame.drop:
                frame.entries[frame.key] = Entry(node, frame.key_place)
            frame.key = None

    def syntax_fault(self, error: Any) -> Fault:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = one_line(str(error.problem or error.context), 100)
        remedy = next((text for part, text in _REMEDIES.items() if part in reason), "Check the lines near here")
        return Fault(f"not valid YAML ({reason})", remedy, place=self.fixed or Place(self.file, line, column))


PATTERNS = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}
_SCALAR = re.compile("|".join(f"(?P<{name}_>{pattern})" for name, pattern in PATTERNS.items() if name != "null"))
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_LARGEST_INTEGER = 2**63


def resolve(text: str) -> Plain:
    """The value of an unquoted scalar. Raises `Problem` for a number that no spec can mean."""
    if text in _NULLS:
        return None
    match = _SCALAR.fullmatch(text)
    if match is None:
        return text
    if match.lastgroup == "bool_":
        return text.lower() == "true"
    return _to_integer(text) if match.lastgroup == "int_" else _to_real(text)


def _to_integer(text: str) -> int:
    if len(text) > 40:
        raise Problem(f"number too large ({text[:12]}…)", "Write a number below 2^63")
    value = int(text, 8) if text.startswith("0o") else int(text, 16) if text.startswith("0x") else int(text)
    if abs(value) >= _LARGEST_INTEGER:
        raise Problem(f"number too large ({text})", "Write a number below 2^63")
    return value


def _to_real(text: str) -> float:
    value = math.inf if text.lower().lstrip("+-") in (".inf", ".nan") else float(text)
    if not math.isfinite(value):
        raise Problem(f"not a finite number ({text[:40]})", "Write a number")
    return value
