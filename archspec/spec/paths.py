"""The path grammar of `--set`, ablations and choices: `head.dpc.branches[0].rate`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from archspec.errors import Fault, Place, Problem, nearest
from archspec.files import is_file
from archspec.spec.document import DEFAULTS, INPUT_DEFAULTS, size_node
from archspec.spec.document_file import decode_file, shown_path
from archspec.spec.joint_choice import EXAMPLE, JointChoice, JointOption, joint_choices
from archspec.spec.nodes import Entry, Items, Node, Scalar, Table, from_plain, one_line, shown
from archspec.spec.special_values import CHOICES
from archspec.spec.words import (
    AUXILIARY,
    INPUT_KEYS,
    NONE,
    SECTION_DEFAULTS,
    STEP_KEYS,
    TOGETHER,
    TOP_KEYS,
    TOP_SECTIONS,
)
from archspec.spec.yaml_text import read_text

_WORD = r"[A-Za-z_][A-Za-z0-9_-]*|[0-9]+"
_PATH = re.compile(rf"(?:{_WORD})(?:\.(?:{_WORD})|\[[^\[\]=]+\])*")
_TOKEN = re.compile(rf"\[([^\[\]=]+)\]|({_WORD})")
SETTABLE = tuple(key for key in TOP_KEYS if key != "extends")


def split_path(path: str) -> list[str]:
    """The segments of a path. Raises `Problem` when it is not one."""
    if not _PATH.fullmatch(path):
        raise Problem(f"not a path ('{one_line(path)}')", "Write it as head.dpc.branches[0].rate")
    return [bracket or word for bracket, word in _TOKEN.findall(path)]


def override(document: Table, assignment: str, faults: list[Fault]) -> Table:
    """The document with `path=value` applied; unchanged after a fault."""
    found = _assigned(assignment, faults, "--set")
    return document if found is None else replace(document, *found[:2], faults, found[2])


def override_plain(document: Table, assignment: str, faults: list[Fault], option: str) -> Table:
    """As `override`, in a document whose keys are not a spec's: keys may be made, items of lists may not."""
    found = _assigned(assignment, faults, option)
    if found is None:
        return document
    path, value, place = found
    try:
        segments = split_path(path)
        changed = _Setter(segments, value, place).inside(document, segments)
    except Problem as problem:
        faults.append(problem.at(place, one_line(path, 80)))
        return document
    return changed if isinstance(changed, Table) else document


def _assigned(assignment: str, faults: list[Fault], option: str) -> tuple[str, Node, Place] | None:
    """Path, value and place of `path=value`; None after a fault."""
    place = Place(f"{option} {one_line(assignment, 80)}")
    path, equals, text = assignment.partition("=")
    path = path.strip()
    if not equals:
        faults.append(Fault("not an assignment", f"Write {option} PATH=VALUE", place=place))
        return None
    found = len(faults)
    if text.strip().startswith("@"):
        value = _value_in_file(Path(text.strip()[1:]), faults, place)
    else:
        value = read_text(text, place.file, faults, place)
    if value is None and len(faults) == found:
        value = Scalar(None, place)
    return None if value is None else (path, value, place)


def _value_in_file(path: Path, faults: list[Fault], place: Place) -> Node | None:
    """`--set head.branches=@cell.json`: the value is what the file holds, with its places."""
    if not is_file(path):
        faults.append(Fault(f"no such file ({one_line(str(path))})", "Write PATH=@FILE", place=place))
        return None
    text = decode_file(path, faults)
    return None if text is None else read_text(text, shown_path(path), faults)


def replace(document: Table, path: str, value: Node, faults: list[Fault], place: Place) -> Table:
    """The document with the value at a path replaced, or the option of `together` taken that the value names;
    unchanged after a fault."""
    try:
        segments = split_path(path)
        if segments[0] == TOGETHER and len(segments) > 1:
            return _joined(document, segments, value, faults, place)
        return _Setter(segments, value, place).document(document)
    except Problem as problem:
        faults.append(problem.at(place, one_line(path, 80)))
        return document


def _joined(document: Table, segments: list[str], value: Node, faults: list[Fault], place: Place) -> Table:
    """The document with an option of `together` taken, or another choice there. Raises `Problem`."""
    name, written = segments[1], document.get(TOGETHER)
    table = written if isinstance(written, Table) else Table({}, place)
    if len(segments) > 2:
        raise Problem(f"what is inside '{TOGETHER}.{name}' cannot be set", f"Take an option: {TOGETHER}.{name}=LABEL")
    if not isinstance(value, Scalar):
        return document.with_entry(TOGETHER, table.with_entry(name, value, place), place)
    found = {choice.name: choice for choice in joint_choices(document, [])}
    if name not in found:
        remedy = nearest(name, found) or f"Nothing changes together here; write {TOGETHER}: {{NAME: {EXAMPLE}}}"
        raise Problem(f"no choice '{one_line(name)}' in {TOGETHER}", remedy)
    left = table.without(name)
    document = document.with_entry(TOGETHER, left, place) if left.entries else document.without(TOGETHER)
    return with_option(document, found[name], found[name].option(value.value), faults)


def with_option(document: Table, choice: JointChoice, option: JointOption, faults: list[Fault]) -> Table:
    """The document with everything that an option sets. What cannot be set is told with the place in the option."""
    for path, entry in option.changes.items():
        found: list[Fault] = []
        document = replace(document, path, entry.node, found, entry.place)
        faults += [dataclasses.replace(one, path=f"{choice.path}.{option.label}.{one.path}") for one in found]
    return document


class _Setter:
    """Walks down a path by what may stand there, and makes the changed copies on the way back."""

    def __init__(self, path: list[str], value: Node, place: Place) -> None:
        self.path, self.value, self.place = path, value, place

    def before(self, segments: list[str]) -> str:
        """The path without its last segments, as a user writes it."""
        done = self.path[: len(self.path) - len(segments)]
        return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in done).lstrip(".")

    def document(self, node: Table) -> Table:
        key, rest = self.path[0], self.path[1:]
        if key == "extends":
            raise Problem("'extends' cannot be set", "Write it in the spec file")
        if key not in SETTABLE:
            inside = f"Did you mean 'input.{key}'?" if key in INPUT_KEYS else nearest(key, SETTABLE)
            raise Problem(f"unknown key '{one_line(key)}'", inside)
        old = node.get(key)
        if not rest:
            new = self.value
        elif key == "input":
            new = self.image(old, rest)
        elif key in TOP_SECTIONS:
            new = self.section(key, old, rest)
        elif key == AUXILIARY:
            new = self.item(old, rest, self.auxiliary) if isinstance(old, Items) else self.inside(None, rest)
        else:
            new = self.inside(old or from_plain(DEFAULTS.get(key, ""), self.place), rest)
        return node.with_entry(key, new, self.place)

    def auxiliary(self, node: Node, segments: list[str]) -> Node:
        key, rest = segments[0], segments[1:]
        if key != "head" or not rest or not isinstance(node, Table):
            return self.inside(node, segments)
        return node.with_entry(key, self.section(key, node.get(key), rest), self.place)

    def image(self, node: Node | None, segments: list[str]) -> Node:
        table = node if isinstance(node, Table) else Table({}, self.place)
        key, rest = segments[0], segments[1:]
        if key not in INPUT_KEYS:
            options = [f"input.{name}" for name in INPUT_KEYS]
            raise Problem(f"unknown key '{one_line(key)}'", nearest(f"input.{key}", options))
        old = table.get(key)
        if not rest:
            new = self.value
        elif key == "preprocess":
            new = self.section(key, old, rest)
        else:
            new = self.inside(size_node(old) if old else from_plain(INPUT_DEFAULTS[key], self.place), rest)
        return table.with_entry(key, new, self.place)

    def section(self, kind: str, node: Node | None, segments: list[str]) -> Node:
        if node is None and kind in SECTION_DEFAULTS:
            node = Scalar(SECTION_DEFAULTS[kind], self.place)
        if isinstance(node, Items):
            return self.item(node, segments, self.step)
        if isinstance(node, Table) and "steps" in node.entries:
            return self.written(node, segments)
        where = self.before(segments)
        if isinstance(node, Table) and len(node.entries) == 1:
            name, entry = next(iter(node.entries.items()))
            if name == "choose" and segments[0] == name:
                return self.options(node, entry, kind, segments[1:])
            if name in CHOICES:
                raise Problem(f"'{where}' is an open choice", f"Choose first: --set {where}=NAME")
            return self.named(name, entry, segments, node.place)
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value != NONE:
            return self.named(node.value, Entry(Scalar(None, node.place), node.place), segments, node.place)
        value = "not written" if node is None else shown(node).strip("'")
        raise Problem(f"'{where}' is {value}", f"Set it first: --set {where}=NAME")

    def options(self, node: Table, entry: Entry, kind: str, segments: list[str]) -> Node:
        if not segments or not isinstance(entry.node, Items):
            new = self.value
        else:
            new = self.item(entry.node, segments, lambda item, rest: self.section(kind, item, rest))
        return node.with_entry("choose", new, entry.place)

    def named(self, name: str, entry: Entry, segments: list[str], place: Place) -> Table:
        """`head.dpc.filters` and `head.filters` are the same."""
        if segments[0] == name:
            segments = segments[1:]
        if len(segments) > 1 and segments[0] == "steps":
            raise Problem(f"the steps of '{name}' stand in its own file", "Write them in the spec to change them")
        new = self.inside(entry.node, segments) if segments else self.value
        return Table({name: Entry(new, entry.place)}, place)

    def written(self, node: Table, segments: list[str]) -> Node:
        key, rest = segments[0], segments[1:]
        steps = node.entries["steps"].node
        if key == "steps" and rest and isinstance(steps, Items):
            return node.with_entry(key, self.item(steps, rest, self.step), self.place)
        return self.inside(node, segments)

    def step(self, node: Node, segments: list[str]) -> Node:
        key = segments[0]
        if isinstance(node, Scalar) and isinstance(node.value, str):
            node = Table({node.value: Entry(Scalar(None, node.place), node.place)}, node.place)
        if not isinstance(node, Table):
            raise Problem(f"not a step ({shown(node)})", "Set the whole step")
        block = next((name for name in node.entries if name not in STEP_KEYS), None)
        if key in STEP_KEYS or block is None or block == "choose":
            return self.inside(node, segments)
        entry = node.entries[block]
        rest = segments[1:] if key == block else segments
        new = self.inside(entry.node, rest) if rest else self.value
        return node.with_entry(block, new, entry.place)

    def item(self, node: Items, segments: list[str], inside: Callable[[Node, list[str]], Node]) -> Items:
        key, rest = segments[0], segments[1:]
        if not key.isdigit() or int(key) >= len(node.items):
            last = len(node.items) - 1
            remedy = f"Write [0] to [{last}]" if last > 0 else "Write [0]" if last == 0 else "Set the whole list"
            raise Problem(f"'{self.before(segments)}' is a list of {last + 1} (no '{one_line(key)}')", remedy)
        index = int(key)
        new = inside(node.items[index], rest) if rest else self.value
        return Items((*node.items[:index], new, *node.items[index + 1 :]), node.place)

    def inside(self, node: Node | None, segments: list[str]) -> Node:
        """Set inside a plain value. New keys may be made (they are checked later), new list items may not."""
        if not segments:
            return self.value
        key, rest = segments[0], segments[1:]
        if isinstance(node, Items):
            return self.item(node, segments, self.inside)
        where = self.before(segments)
        if node is None or (isinstance(node, Scalar) and node.value is None):
            if key.isdigit():
                raise Problem(f"'{where}' is not written in the spec", f"Set the whole list: --set {where}=[…]")
            node = Table({}, self.place)
        if not isinstance(node, Table):
            raise Problem(f"'{where}' is a plain value and has no '{one_line(key)}'", f"Set '{where}' itself")
        return node.with_entry(key, self.inside(node.get(key), rest), self.place)
