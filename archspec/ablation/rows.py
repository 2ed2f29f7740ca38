"""From what an ablation file says to its rows: variants, a grid, one factor at a time, each element left out."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.errors import Fault, Problem, UserError
from archspec.spec import Items, Node, Spec, Table, one_line, override, plain, shown, split_path

BASE = "base"
READS = "input"


@dataclass
class Rows:
    """Specs by the name of their row, in order, and what was wrong on the way."""

    base: Spec
    faults: list[Fault]
    specs: dict[str, Spec] = field(default_factory=dict)

    def add(self, name: str, spec: Spec, node: Node) -> None:
        """Another row. One of a name that is there is a fault, unless it is the same spec."""
        if name in self.specs and self.specs[name] != spec:
            self.faults.append(Fault(f"two rows are called '{name}'", "Rename the variant", name, node.place))
        self.specs.setdefault(name, spec)

    def changed(self, name: str, changes: Mapping[str, Node], node: Node) -> None:
        """The row of the base with changes."""
        try:
            self.add(name, override(self.base, dict(changes)), node)
        except UserError as error:
            self.faults.extend(error.faults)

    def grid(self, node: Table) -> None:
        """One row for each combination."""
        lists = self._lists(node, "grid")
        if not lists:
            return
        for values in itertools.product(*lists.values()):
            pairs = dict(zip(lists, values, strict=True))
            self.changed(", ".join(_named(path, value) for path, value in pairs.items()), pairs, node)

    def one_at_a_time(self, node: Table) -> None:
        """One row for each value of each path, the others as in the base; the base's own value is the base."""
        for path, values in self._lists(node, "one_at_a_time").items():
            for value in values:
                self.changed(_named(path, value), {path: value}, node)

    def leave_one_out(self, node: Node) -> None:
        """One row for each element of each list."""
        for item in node.items if isinstance(node, Items) else (node,):
            path = str(plain(item))
            try:
                items = list_at(self.base, path)
            except Problem as problem:
                self.faults.append(problem.at(item.place, "leave_one_out"))
                continue
            for index in range(len(items)):
                name = f"without {split_path(path)[-1]}[{index}]"
                try:
                    self.add(name, override(self.base, {path: without(items, index)}), item)
                except UserError as error:
                    self.faults.extend(error.faults)

    def _lists(self, node: Table, key: str) -> dict[str, tuple[Node, ...]]:
        found = {}
        if not node.entries:
            self.faults.append(Fault("nothing in it", f"Write {key}: {{output_stride: [8, 16]}}", key, node.place))
        for path, entry in node.entries.items():
            if isinstance(entry.node, Items) and entry.node.items:
                found[path] = entry.node.items
                self._none_twice(entry.node.items, f"{key}.{one_line(path)}")
            else:
                fact = f"must be a list of values ({shown(entry.node)})"
                self.faults.append(Fault(fact, "Write [0.5, 1.0]", f"{key}.{one_line(path)}", entry.node.place))
        return found

    def _none_twice(self, items: tuple[Node, ...], path: str) -> None:
        seen: list[str] = []
        for item in items:
            text = _text_of(plain(item))
            if text in seen:
                self.faults.append(Fault(f"'{one_line(text)}' is there twice", "Leave one", path, item.place))
            seen.append(text)


def _named(path: str, value: Node) -> str:
    """`width_multiplier=0.5`: short, and what one would write after --set."""
    text = _text_of(plain(value))
    return f"{path}={text}"


def _text_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text_of, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def list_at(spec: Spec, path: str) -> list[Any]:
    """The list at a path of the spec, a block's own default where it is not written. Raises `Problem`."""
    section, *keys = split_path(path)
    value: Any = spec.values.get(section)
    for key in keys:
        value = _inside(value, key, spec)
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Problem(f"'{path}' is no list of several elements ({value!r})", "Name a list, such as head.dpc.branches")
    return [dict(item) if isinstance(item, Mapping) else item for item in value]


def _inside(value: Any, key: str, spec: Spec) -> Any:
    if isinstance(value, str) and value == key:  # `head: dpc` is short for `head: {dpc: {}}`
        return {"": key}
    if isinstance(value, Mapping) and key in value:
        inner = value[key]
        return {**inner, "": key} if isinstance(inner, Mapping) and key in spec.catalog.blocks() else inner
    block = value.get("") if isinstance(value, Mapping) else None
    if block is not None:
        parameter = inspect.signature(spec.catalog.function(block)).parameters.get(key)
        if parameter is not None and parameter.default is not inspect.Parameter.empty:
            return parameter.default
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    raise Problem(f"the spec has no '{key}' there", "Write the path of a list, such as head.dpc.branches")


def without(items: Sequence[Any], index: int) -> list[Any]:
    """The list without element `index`.

    Branches of a dense prediction cell name what they read by number: whoever read the one that is gone reads what it
    read, and the numbers behind it move up.
    """
    kept = [item for place, item in enumerate(items) if place != index]
    if not all(isinstance(item, Mapping) and READS in item for item in items):
        return kept
    gone = items[index][READS]
    return [{**item, READS: _rewired(item[READS], index, gone)} for item in kept]


def _rewired(reads: int, index: int, gone: int) -> int:
    source = gone if reads == index else reads
    return source - 1 if source > index else source
