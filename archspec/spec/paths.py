"""The path grammar of `--set`, ablations and choices: `head.dpc.branches[0].rate`."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.errors import Fault, Place, Problem, nearest
from archspec.spec.choices import CHOICES
from archspec.spec.document import INPUT_DEFAULTS, size_node
from archspec.spec.nodes import Entry, Items, Node, Scalar, Table, from_plain, one_line, shown
from archspec.spec.reading import decode_file, read_text, shown_path
from archspec.spec.words import INPUT_KEYS, NONE, SECTION_DEFAULTS, STEP_KEYS, TOP_KEYS, TOP_SECTIONS

_WORD = r"[A-Za-z_][A-Za-z0-9_-]*|[0-9]+"
_PATH = re.compile(rf"(?:{_WORD})(?:\.(?:{_WORD})|\[[^\[\]=]+\])*")
_TOKEN = re.compile(rf"\[([^\[\]=]+)\]|({_WORD})")
_SETTABLE = tuple(key for key in TOP_KEYS if key != "extends")


def split_path(path: str) -> list[str]:
    """The segments of a path. Raises `Problem` when it is not one."""
    if not _PATH.fullmatch(path):
        raise Problem(f"not a path ('{one_line(path)}')", "Write it as head.dpc.branches[0].rate")
    return [bracket or word for bracket, word in _TOKEN.findall(path)]


def override(document: Table, assignment: str, faults: list[Fault]) -> Table:
    """The document with `path=value` applied; unchanged after a fault."""
    place = Place(f"--set {one_line(assignment, 80)}")
    path, equals, text = assignment.partition("=")
    path = path.strip()
    if not equals:
        faults.append(Fault("not an assignment", "Write --set PATH=VALUE", place=place))
        return document
    found = len(faults)
    if text.strip().startswith("@"):
        value = _value_in_file(Path(text.strip()[1:]), faults, place)
    else:
        value = read_text(text, place.file, faults, place)
    if value is None and len(faults) == found:
        value = Scalar(None, place)
    if value is None:
        return document
    return replace(document, path, value, faults, place)


def _value_in_file(path: Path, faults: list[Fault], place: Place) -> Node | None:
    """`--set head.branches=@cell.json`: the value is what the file holds, with its places."""
    if not path.is_file():
        faults.append(Fault(f"no such file ({one_line(str(path))})", "Write PATH=@FILE", place=place))
        return None
    text = decode_file(path, faults)
    return None if text is None else read_text(text, shown_path(path), faults)


def replace(document: Table, path: str, value: Node, faults: list[Fault], place: Place) -> Table:
    """The document with the value at a path replaced; unchanged after a fault."""
    try:
        return _Setter(value, place).document(document, split_path(path))
    except Problem as problem:
        faults.append(problem.at(place, one_line(path, 80)))
        return document


class _Setter:
    """Walks down a path by what may stand there, and makes the changed copies on the way back."""

    def __init__(self, value: Node, place: Place) -> None:
        self.value, self.place = value, place

    def document(self, node: Table, segments: list[str]) -> Table:
        key, rest = segments[0], segments[1:]
        if key == "extends":
            raise Problem("'extends' cannot be set", "Write it in the spec file")
        if key not in _SETTABLE:
            inside = f"Did you mean 'input.{key}'?" if key in INPUT_KEYS else nearest(key, _SETTABLE)
            raise Problem(f"unknown key '{one_line(key)}'", inside)
        old = node.get(key)
        if not rest:
            new = self.value
        elif key == "input":
            new = self.image(old, rest)
        elif key in TOP_SECTIONS:
            new = self.section(key, old, rest)
        else:
            new = self.inside(old, rest, key)
        return node.with_entry(key, new, self.place)

    def image(self, node: Node | None, segments: list[str]) -> Node:
        table = node if isinstance(node, Table) else Table({}, self.place)
        key, rest = segments[0], segments[1:]
        if key not in INPUT_KEYS:
            raise Problem(
                f"unknown key '{one_line(key)}'", nearest(f"input.{key}", [f"input.{name}" for name in INPUT_KEYS])
            )
        old = table.get(key)
        if not rest:
            new = self.value
        elif key == "preprocess":
            new = self.section(key, old, rest)
        else:
            size = size_node(old) if old else from_plain(INPUT_DEFAULTS[key], self.place)
            new = self.inside(size, rest, f"input.{key}")
        return table.with_entry(key, new, self.place)

    def section(self, kind: str, node: Node | None, segments: list[str]) -> Node:
        if node is None and kind in SECTION_DEFAULTS:
            node = Scalar(SECTION_DEFAULTS[kind], self.place)
        if isinstance(node, Items):
            return self.item(node, segments, kind, self.step)
        if isinstance(node, Table) and "steps" in node.entries:
            return self.written(node, segments)
        if isinstance(node, Table) and len(node.entries) == 1:
            name, entry = next(iter(node.entries.items()))
            if name == "choose" and segments[0] == name:
                return self.options(node, entry, segments[1:], kind)
            if name in CHOICES:
                raise Problem(f"'{kind}' is an open choice", f"Choose first: --set {kind}=NAME")
            return self.named(name, entry, segments, node.place)
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value != NONE:
            return self.named(node.value, Entry(Scalar(None, node.place), node.place), segments, node.place)
        raise Problem(
            f"'{kind}' is {shown(node) if node else 'not written'}".replace("'none'", NONE),
            f"Set it first: --set {kind}=NAME",
        )

    def written(self, node: Table, segments: list[str]) -> Node:
        key, rest = segments[0], segments[1:]
        steps = node.entries["steps"].node
        if key == "steps" and rest and isinstance(steps, Items):
            return node.with_entry(key, self.item(steps, rest, key, self.step), self.place)
        return self.inside(node, segments, "section")

    def options(self, node: Table, entry: Entry, segments: list[str], kind: str) -> Node:
        if not segments or not isinstance(entry.node, Items):
            new = self.value
        else:
            new = self.item(entry.node, segments, kind, lambda item, rest: self.section(kind, item, rest))
        return node.with_entry("choose", new, entry.place)

    def named(self, name: str, entry: Entry, segments: list[str], place: Place) -> Table:
        """`head.dpc.filters` and `head.filters` are the same."""
        if segments[0] == name:
            segments = segments[1:]
        new = self.inside(entry.node, segments, name) if segments else self.value
        return Table({name: Entry(new, entry.place)}, place)

    def step(self, node: Node, segments: list[str]) -> Node:
        key = segments[0]
        if isinstance(node, Scalar) and isinstance(node.value, str):
            node = Table({node.value: Entry(Scalar(None, node.place), node.place)}, node.place)
        if not isinstance(node, Table):
            raise Problem(f"not a step ({shown(node)})", "Set the whole step")
        block = next((name for name in node.entries if name not in STEP_KEYS), None)
        if key in STEP_KEYS or block is None or block == "choose":
            return self.inside(node, segments, "step")
        entry = node.entries[block]
        rest = segments[1:] if key == block else segments
        new = self.inside(entry.node, rest, block) if rest else self.value
        return node.with_entry(block, new, entry.place)

    def item(self, node: Items, segments: list[str], where: str, then) -> Items:  # type: ignore[no-untyped-def]
        key, rest = segments[0], segments[1:]
        if not key.isdigit() or int(key) >= len(node.items):
            last = f"[0] to [{len(node.items) - 1}]" if node.items else "nothing"
            raise Problem(f"'{where}' is a list of {len(node.items)} (no '{one_line(key)}')", f"There is {last}")
        index = int(key)
        new = then(node.items[index], rest) if rest else self.value
        return Items((*node.items[:index], new, *node.items[index + 1 :]), node.place)

    def inside(self, node: Node | None, segments: list[str], where: str) -> Node:
        """Set inside a plain value. New keys may be made (they are checked later), new list items may not."""
        if not segments:
            return self.value
        key, rest = segments[0], segments[1:]
        if isinstance(node, Items):
            return self.item(node, segments, where, lambda item, tail: self.inside(item, tail, f"{where}[{key}]"))
        if node is None or (isinstance(node, Scalar) and node.value is None):
            if key.isdigit():
                raise Problem(f"'{where}' is not written in the spec", f"Set the whole list: --set PATH.{where}=[…]")
            node = Table({}, self.place)
        if not isinstance(node, Table):
            raise Problem(f"'{where}' is a plain value and has no '{one_line(key)}'", f"Set '{where}' itself")
        return node.with_entry(key, self.inside(node.get(key), rest, key), self.place)
