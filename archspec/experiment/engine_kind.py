"""The key `engine` of a study and of an ablation, and the option `--engine` of their commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.catalog import load_function, members
from archspec.errors import nearest, user_error
from archspec.experiment.engines import KIND
from archspec.spec import Entry, Named, NamedKind, Node, Reads, Scalar, Table

AUTO, SCHEME, CLUSTER = "auto", "ray://", "ray"
NAME, ADDRESS = "name", "address"


class EngineKind(NamedKind):
    """A name, `{NAME: {options}}`, the same as `{name: NAME, …options}`; `auto` and `ray://HOST:PORT` are clusters."""

    def __init__(self) -> None:
        super().__init__("engine", lambda: members(KIND), _engine_function)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        return super().read(_by_name(node), path, reader)


def _engine_function(name: str) -> Callable[..., Any]:
    return load_function(KIND, name)


def _by_name(node: Node) -> Node:
    """As `{NAME: {options}}`, however it is written."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and _is_address(node.value):
        options = Table({ADDRESS: Entry(node, node.place)}, node.place)
        return Table({CLUSTER: Entry(options, node.place)}, node.place)
    name = node.get(NAME) if isinstance(node, Table) else None
    if isinstance(node, Table) and isinstance(name, Scalar) and isinstance(name.value, str):
        return Table({name.value: Entry(node.without(NAME), node.entries[NAME].place)}, node.place)
    return node


def _is_address(text: str) -> bool:
    return text == AUTO or text.startswith(SCHEME)


def engine_named(text: str | None, written: Named) -> Named:
    """The engine of `--engine`: `local`, another by its name, `auto` or `ray://HOST:PORT`; `written` is the file's,
    which is taken where the option is not given, and whose options stay where it is the same engine.

    Raises `UserError` for a name that no engine has.
    """
    if text is None:
        return written
    address = {ADDRESS: text} if _is_address(text) else {}
    name = CLUSTER if address else text
    if name not in members(KIND):
        names = nearest(name, [*members(KIND), AUTO, f"{SCHEME}HOST:10001"])
        raise user_error(f"no engine is called '{text}'", names)
    options = written.arguments if written.name == name else {}
    return Named(name, {**options, **address})
