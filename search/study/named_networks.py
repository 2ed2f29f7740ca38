"""The networks that a study names: those beside its front, and the priors it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from archspec.errors import UserError, nearest
from archspec.search.candidates import DecisionValue, Genome
from archspec.search.space import Space
from archspec.search.study.kinds import SHARE_KIND
from archspec.search.study.study import Known
from archspec.spec import INVALID, DocumentReader, Node, Spec, Table, override, plain
from archspec.spec.nodes import show_plain

NETWORKS, SHARE = "networks", "share"
EXAMPLE = "{plain: {head: basic}}"


class NamedNetworks:
    """Reads the networks of one study, whose space is `space`; faults are the `reader`'s."""

    def __init__(self, reader: DocumentReader[Any], space: Spec) -> None:
        self._reader, self._space = reader, space

    def beside(self, node: Node | None) -> dict[str, Spec]:
        """The networks beside the front."""
        if node is None:
            return {}
        if not isinstance(node, Table):
            self._reader.not_mapping(node, "beside", "{basic: {head: basic}}")
            return {}
        found = {key: self._closed(key, entry.node, f"beside.{key}") for key, entry in node.entries.items()}
        return {key: spec for key, spec in found.items() if spec is not None}

    def priors(self, node: Node | None) -> Known:
        """The priors: a mapping of names, or such a mapping under `networks` with their `share` beside it."""
        if node is None:
            return Known()
        if not isinstance(node, Table):
            self._reader.not_mapping(node, "priors", EXAMPLE)
            return Known()
        share = None
        networks, path = node, "priors"
        if NETWORKS in node.entries:
            self._reader.check_keys(node, (NETWORKS, SHARE), "priors")
            inner, path = node.entries[NETWORKS].node, f"priors.{NETWORKS}"
            if not isinstance(inner, Table):
                self._reader.not_mapping(inner, path, EXAMPLE)
                return Known()
            networks = inner
            if SHARE in node.entries:
                share = self._reader.read(SHARE_KIND, node.entries[SHARE].node, f"priors.{SHARE}")
        space = self._reader.tried(partial(Space.of, self._space))
        if space is None:
            return Known()
        found = {key: self._prior(key, entry.node, space, f"{path}.{key}") for key, entry in networks.entries.items()}
        known = {key: one for key, one in found.items() if one is not None}
        return Known(known) if share is None or share is INVALID else Known(known, share)

    def _prior(self, name: str, node: Node, space: Space, path: str) -> Genome | Spec | None:
        """A point of the space, or a part of one; a spec's name, a whole spec, or changes of the space's."""
        if not isinstance(node, Table) or {"name", "backbone"} <= node.entries.keys():
            return self._named(name, self._whole(node, path), node, path)
        decisions = {one.name for one in space.decisions}
        written = {key: plain(entry.node) for key, entry in node.entries.items()}
        if all(key in decisions and not _is_structure(value) for key, value in written.items()):
            return self._point(written, node, space, path)
        try:
            spec = override(self._space, {key: entry.node for key, entry in node.entries.items()})
        except UserError as error:
            unknown = [key for key in written if key not in decisions]
            if not unknown or len(unknown) == len(written):
                self._reader.faults.extend(error.faults)
                return None
            for key in unknown:
                fact = "no such decision in this space"
                self._reader.fault(fact, nearest(key, decisions), f"{path}.{key}", node.entries[key].place)
            return None
        rest = self._reader.tried(partial(_with_first_options, spec))
        return None if rest is None else self._renamed(name, rest)

    def _point(self, written: Mapping[str, Any], node: Table, space: Space, path: str) -> Genome | None:
        """The genome of decisions that are taken; each fault at its line."""
        options = {one.name: one.options for one in space.decisions}
        taken = {key: _taken(value, options[key]) for key, value in written.items()}
        faults = len(self._reader.faults)
        for key, value in taken.items():
            self._tried_at(partial(space.completed, {key: value}), node.entries[key].node, path)
        return (
            self._tried_at(partial(space.completed, taken), node, path) if len(self._reader.faults) == faults else None
        )

    def _tried_at(self, make: partial[Genome], node: Node, path: str) -> Genome | None:
        try:
            return make()
        except UserError as error:
            self._reader.faults.extend(
                replace(fault, path=f"{path}.{fault.path}", place=node.place) for fault in error.faults
            )
            return None

    def _closed(self, name: str, node: Node, path: str) -> Spec | None:
        """A spec's name, a whole spec, or changes of the space's; without any choice."""
        if isinstance(node, Table) and not {"name", "backbone"} <= node.entries.keys():
            changes = {key: entry.node for key, entry in node.entries.items()}
            return self._named(name, self._reader.tried(partial(override, self._space, changes)), node, path)
        return self._named(name, self._whole(node, path), node, path)

    def _whole(self, node: Node, path: str) -> Spec | None:
        wanted = "the name of a spec, a path, or a whole spec"
        return self._reader.spec(node, path, wanted, f"Write {path}: shufflenetv2_dpc")

    def _named(self, name: str, spec: Spec | None, node: Node, path: str) -> Spec | None:
        if spec is not None and spec.choices():
            wanted = spec.choices()[0].path
            self._reader.fault(
                f"'{wanted}' is still an open choice in it", f"Write {wanted}: VALUE here", path, node.place
            )
        return spec if spec is None else self._renamed(name, spec)

    def _renamed(self, name: str, spec: Spec) -> Spec:
        return override(spec, {"name": _name(name)})


def _with_first_options(spec: Spec) -> Spec:
    """The spec with the first option of every choice that is still open in it."""
    if not spec.choices():
        return spec
    space = Space.of(spec)
    return space.closed(space.completed({}))


def _is_structure(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value))


def _taken(value: Any, options: tuple[DecisionValue, ...]) -> DecisionValue:
    """An option as the space has it: lists, truth values and null stand there as words."""
    if isinstance(value, list | bool) or value is None:
        return show_plain(value)
    return next((option for option in options if option == value), value)


def _name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_.-" else "_" for letter in text).lstrip(".-") or "beside"
