"""The form of a section: `none`, a name, `{NAME: {arguments}}`, a list of steps, or `{steps: [...], dilate: ...}`.

The form of a step: `BLOCK` or `{BLOCK: {arguments}}` with `repeat`, `id` and `from` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, nearest
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, one_line, only_key, plain, shown
from archspec.spec.reader import SPECIAL
from archspec.spec.words import NONE, STEP_KEYS, WRITTEN_KEYS, article

_NAMING = ("type", "name", "kind", "block")  # how other languages name a thing


@dataclass(frozen=True, slots=True)
class Named:
    """A section that names a part or a block."""

    name: str
    arguments: Table
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class Written:
    """A section whose steps stand in the spec. `settings` may hold `dilate`, `width_multiplier` and `variant`."""

    steps: Items
    settings: Table
    path: str

    def templates(self, faults: list[Fault]) -> tuple[StepTemplate, ...]:
        """The steps; those that are no steps are reported."""
        found = (read_step(item, f"{self.path}[{i}]", faults) for i, item in enumerate(self.steps.items))
        return tuple(step for step in found if step)


def read_section(kind: str, node: Node, path: str, faults: list[Fault]) -> Named | Written | None:
    """What a section asks for; None for `none` or after a fault."""
    if isinstance(node, Items):
        return _read_list(node, EMPTY, path, faults)
    if isinstance(node, Scalar):
        return _read_name(kind, node, path, faults)
    if "steps" in node.entries:
        return _read_written(node, path, faults)
    name = only_key(node)
    if name is None or name in _NAMING:
        faults.append(_not_one_name(kind, node, path))
        return None
    entry = node.entries[name]
    where = f"{path}.{name}"
    if name == NONE:
        faults.append(Fault("'none' takes no arguments", f"Write {kind}: none", where, entry.place))
        return None
    return Named(name, read_arguments(entry.node, name, where, faults), entry.place, where)


def _not_one_name(kind: str, node: Table, path: str) -> Fault:
    """The fault of a mapping that is not `{NAME: {arguments}}`, with what was probably meant."""
    keys = list(node.entries)
    fact = f"a section names one thing ({one_line(', '.join(map(repr, keys[:3]))) or '{}'})"
    naming = next((key for key in keys if key in _NAMING), None)
    meant = node.entries[naming].node if naming else None
    name = str(meant.value) if isinstance(meant, Scalar) else (keys[0] if keys else "NAME")
    others = [key for key in keys if key not in (naming, name)]
    remedy = f"{kind}: {{{name}: {{{others[0]}: …}}}}" if others else f"{kind}: {name}"
    place = node.entries[others[0]].place if others else (node.entries[keys[0]].place if keys else node.place)
    return Fault(fact, f"Write {one_line(remedy)}", path, place)


def _read_name(kind: str, node: Scalar, path: str, faults: list[Fault]) -> Named | None:
    if node.value is BROKEN:
        return None
    if node.value == NONE and kind == "backbone":
        faults.append(Fault("a network needs a backbone (none)", "Write backbone: NAME", path, node.place))
        return None
    if node.value == NONE:
        return None
    if not isinstance(node.value, str):
        fact = f"must be the name of {article(kind)}, a mapping or a list of steps ({shown(node)})"
        remedy = "Write backbone: NAME" if kind == "backbone" else f"Write {kind}: none, or a name"
        faults.append(Fault(fact, remedy, path, node.place))
        return None
    return Named(node.value, EMPTY, node.place, f"{path}.{node.value}")


def _read_written(node: Table, path: str, faults: list[Fault]) -> Written | None:
    for key, entry in node.entries.items():
        if key not in WRITTEN_KEYS:
            fact = f"unknown key '{one_line(key)}' beside 'steps'"
            faults.append(Fault(fact, nearest(key, WRITTEN_KEYS), one_line(f"{path}.{key}", 120), entry.place))
    steps = node.entries["steps"].node
    if isinstance(steps, Items):
        return _read_list(steps, node.without("steps"), f"{path}.steps", faults)
    if not (isinstance(steps, Scalar) and steps.value is BROKEN):
        fact = f"must be a list of steps ({shown(steps)})"
        faults.append(Fault(fact, "Write - BLOCK: {arguments}", f"{path}.steps", steps.place))
    return None


def _read_list(node: Items, settings: Table, path: str, faults: list[Fault]) -> Written | None:
    if not node.items:
        faults.append(Fault("a list of no steps ([])", "Write - BLOCK: {arguments}, or none", path, node.place))
        return None
    return Written(node, settings, path)


def find_part(kind: str, name: str, catalog: Catalog) -> Path | None:
    """The part file of a name."""
    return catalog.parts(kind).get(name)


def section_form(node: Node) -> Any:
    """A section in its shortest form."""
    if isinstance(node, Items):
        return [section_form(item) for item in node.items]
    name = only_key(node)
    if isinstance(node, Table) and name is not None:
        inner = node.entries[name].node
        if plain(inner) in (None, {}):
            return name
        if name == "choose" and isinstance(inner, Items):
            return {name: [section_form(item) for item in inner.items]}
    if isinstance(node, Table) and "steps" in node.entries:
        steps = section_form(node.entries["steps"].node)
        return steps if name == "steps" else plain(node) | {"steps": steps}
    if isinstance(node, Table):
        return {key: {} if value is None and key not in STEP_KEYS else value for key, value in plain(node).items()}
    return plain(node)


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


def has_special(node: Node | None, words: Container[str | None] = SPECIAL) -> bool:
    """Whether a selector or a choice (of these words) stands anywhere inside."""
    if isinstance(node, Table):
        return only_key(node) in words or any(has_special(entry.node, words) for entry in node.entries.values())
    return isinstance(node, Items) and any(has_special(item, words) for item in node.items)


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


def _id_text(node: Node, pattern: re.Pattern[str] = _ID) -> str | None:
    value: Any = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _read_id(node: Node | None, path: str, faults: list[Fault]) -> str | None:
    if node is None or (isinstance(node, Scalar) and node.value is BROKEN):
        return None
    found = _id_text(node)
    if found is None:
        remedy = "Write letters, digits and _, such as id: stage2"
        faults.append(Fault(f"not a usable id ({shown(node)})", remedy, path, node.place))
    return found


def _read_inputs(node: Node, path: str, faults: list[Fault]) -> tuple[str, ...]:
    found = [_id_text(item) for item in node.items] if isinstance(node, Items) else [_id_text(node)]
    if not found or None in found:
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            remedy = "Write from: ID or from: [ID, ID]"
            faults.append(Fault(f"must be an id or a list of ids ({shown(node)})", remedy, path, node.place))
        return ()
    return tuple(name for name in found if name is not None)
