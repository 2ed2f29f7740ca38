"""The form of a step: `BLOCK` or `{BLOCK: {arguments}}` with `repeat`, `id` and `from` beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from archspec.errors import Fault, Place, nearest
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, one_line, shown
from archspec.spec.reader import SPECIAL
from archspec.spec.words import STEP_KEYS

EMPTY = Table({})
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, eq=False)
class StepTemplate:
    """A step as written: its form is right, its arguments are still nodes."""

    block: str
    arguments: Table
    repeat: Node | None
    id: str | None
    inputs: tuple[str, ...]
    place: Place
    inputs_place: Place
    id_place: Place
    path: str
    is_plain: bool  # no selector anywhere inside, so it reads the same in every scope

    @property
    def arguments_path(self) -> str:
        """The path of the arguments, as `--set` takes it."""
        return f"{self.path}.{self.block}"


def has_special(node: Node | None) -> bool:
    """Whether a selector or a choice stands anywhere inside."""
    if isinstance(node, Table):
        if len(node.entries) == 1 and next(iter(node.entries)) in SPECIAL:
            return True
        return any(has_special(entry.node) for entry in node.entries.values())
    return isinstance(node, Items) and any(map(has_special, node.items))


def read_step(node: Node, path: str, faults: list[Fault]) -> StepTemplate | None:
    """The template of one list item; None after a fault that leaves no block."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return StepTemplate(node.value, EMPTY, None, None, (), node.place, node.place, node.place, path, True)
    if not isinstance(node, Table):
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            faults.append(Fault(f"not a step ({shown(node)})", "Write - BLOCK: {arguments}", path, node.place))
        return None
    names = [key for key in node.entries if key not in STEP_KEYS]
    if not names:
        faults.append(Fault(f"a step without a block ({shown(node)})", "Write - BLOCK: {arguments}", path, node.place))
        return None
    block = names[0]
    for extra in names[1:]:
        faults.append(_extra_key(block, extra, path, node))
    entry = node.entries[block]
    arguments = read_arguments(entry.node, block, f"{path}.{block}", faults)
    repeat = node.get("repeat")
    inputs = node.entries.get("from")
    named = node.get("id")
    return StepTemplate(
        block,
        arguments,
        repeat,
        _read_id(named, f"{path}.id", faults),
        _read_inputs(inputs.node, f"{path}.from", faults) if inputs else (),
        entry.place,
        inputs.node.place if inputs else entry.place,
        named.place if named else entry.place,
        path,
        not has_special(arguments) and not has_special(repeat),
    )


def _extra_key(block: str, extra: str, path: str, node: Table) -> Fault:
    close = nearest(extra, STEP_KEYS)
    remedy = (
        close if close.startswith("Did") else f"Write arguments inside {block}: {{…}}, every block as its own '- ' item"
    )
    where = one_line(f"{path}.{extra}", 120)
    return Fault(
        f"'{one_line(extra)}' stands beside the block '{one_line(block)}'", remedy, where, node.entries[extra].place
    )


def read_arguments(node: Node, name: str, path: str, faults: list[Fault]) -> Table:
    """The mapping of arguments; nothing written means none."""
    if isinstance(node, Table):
        return node
    if not (isinstance(node, Scalar) and (node.value is None or node.value is BROKEN)):
        fact = f"arguments must be a mapping ({shown(node)})"
        faults.append(Fault(fact, f"Write {one_line(name)}: {{argument: value}}", one_line(path, 120), node.place))
    return EMPTY


def _text(node: Node, pattern: re.Pattern[str] = _ID) -> str | None:
    value: Any = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _read_id(node: Node | None, path: str, faults: list[Fault]) -> str | None:
    if node is None or (isinstance(node, Scalar) and node.value is BROKEN):
        return None
    found = _text(node)
    if found is None:
        remedy = "Write letters, digits and _, such as id: stage2"
        faults.append(Fault(f"not a usable id ({shown(node)})", remedy, path, node.place))
    return found


def _read_inputs(node: Node, path: str, faults: list[Fault]) -> tuple[str, ...]:
    found = [_text(item) for item in node.items] if isinstance(node, Items) else [_text(node)]
    if not found or None in found:
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            remedy = "Write from: ID or from: [ID, ID]"
            faults.append(Fault(f"must be an id or a list of ids ({shown(node)})", remedy, path, node.place))
        return ()
    return tuple(name for name in found if name is not None)
