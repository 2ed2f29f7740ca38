"""YAML to a study: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog, bundled_folder
from archspec.errors import Fault, Place, UserError, mistyped, nearest
from archspec.files import exists, expanded, is_file
from archspec.search.study.kinds import KEYS, STUDY_KINDS
from archspec.search.study.study import Study
from archspec.spec import Spec, override
from archspec.spec.document import raise_together
from archspec.spec.document_file import read_file, shown_path
from archspec.spec.document_reader import PlainReader, find_document
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, from_plain, one_line, shown
from archspec.spec.paths import override_plain
from archspec.spec.sources import load_named, parse_document, recalled
from archspec.spec.yaml_text import read_mapping

OPTION = "--set-study"
FOLDER = "searches"
REQUIRED = ("spec", "objectives")


def study_names() -> dict[str, Path]:
    """The bundled studies by name."""
    return {path.stem: path for path in sorted((bundled_folder("specs") / FOLDER).glob("*.yaml"))}


def load_study(
    source: str | Path,
    *,
    changes: Sequence[str] = (),
    options: Mapping[str, tuple[str, Any]] | None = None,
    overrides: Sequence[str | Mapping[str, Any]] = (),
    catalog: Catalog | None = None,
) -> Study:
    """The study in a file, or the bundled one of that name.

    `changes` are assignments `PATH=VALUE` to the study, `options` values that the command line has an option for
    (`{"budget.evaluations": ("--trials", 20)}`), `overrides` changes of its spec, laid on last.
    Raises `UserError` with every fault, in the order of their places.
    """
    path = _find(source)
    faults: list[Fault] = []
    document = read_file(path, faults)
    return _finish(document, path, faults, changes, options or {}, overrides, recalled(path, catalog))


def parse_study(text: str, *, file: str = "<text>", catalog: Catalog | None = None) -> Study:
    """The study in a text; `file` is what messages call it, and what its paths are relative to."""
    faults: list[Fault] = []
    return _finish(read_mapping(text, file, faults), Path(file), faults, (), {}, (), catalog or Catalog())


def _find(source: str | Path) -> Path:
    return find_document(source, study_names(), "study")


def _finish(
    document: Table | None,
    path: Path,
    faults: list[Fault],
    changes: Sequence[str],
    options: Mapping[str, tuple[str, Any]],
    overrides: Sequence[str | Mapping[str, Any]],
    catalog: Catalog,
) -> Study:
    if document is None:
        raise_together(faults)
        raise AssertionError("a study that cannot be read has a fault")
    for assignment in changes:
        document = override_plain(document, assignment, faults, OPTION)
    for where, (option, value) in options.items():
        document = _with_option(document, where.split("."), from_plain(value, Place(f"{option} {value}")))
    reading = _Reading(faults, catalog, path)
    study = reading.study(document, path.stem, overrides)
    raise_together(reading.faults)
    if study is None:
        raise AssertionError("a study that is none has a fault")
    return study


def _with_option(document: Table, keys: list[str], node: Node) -> Table:
    key, *rest = keys
    if rest:
        inner = document.get(key)
        node = _with_option(inner if isinstance(inner, Table) else Table({}, node.place), rest, node)
    return document.with_entry(key, node, node.place)


class _Reading(PlainReader):
    """Reads one study. Choices stand in its space only, which the spec's own reader checks."""

    def __init__(self, faults: list[Fault], catalog: Catalog, path: Path) -> None:
        super().__init__(catalog, faults)
        self.path = path

    def study(self, document: Table, name: str, overrides: Sequence[str | Mapping[str, Any]]) -> Study | None:
        """The study; None after faults."""
        for key, entry in document.entries.items():
            if key not in KEYS:
                self.fault(f"unknown key '{one_line(key)}'", nearest(key, KEYS), key, entry.place)
        meant = mistyped(document.entries, KEYS)
        for key in REQUIRED:
            if key not in document.entries and key not in meant:
                example = "shufflenetv2_dpc" if key == "spec" else STUDY_KINDS[key].example
                self.fault(f"missing key '{key}'", f"Write {key}: {example}", "", document.place)
        values: dict[str, Any] = {"name": name}
        for key, kind in STUDY_KINDS.items():
            if key in document.entries:
                values[key] = self.read(kind, document.entries[key].node, key)
        space = self._space(document, overrides)
        beside = {} if space is None else self._beside(document.get("beside"), space)
        if space is None or self.faults:
            return None
        return self._located(values | {"space": space, "beside": beside, "file": shown_path(self.path)})

    def _located(self, values: dict[str, Any]) -> Study:
        """With paths as seen from the current folder; in the file they are relative to it."""
        values["target"] = values.pop("device", Study.target)
        folder = self.path.parent
        pretrain = values.get("pretrain")
        if pretrain is not None:
            values["pretrain"] = replace(pretrain, recipe=_seen(pretrain.recipe, folder))
        values["recipes"] = {metric: _seen(one, folder) for metric, one in values.get("recipes", {}).items()}
        values["data"] = tuple(_reference(one, folder) for one in values.get("data", ()))
        return Study(**values)

    def _space(self, document: Table, overrides: Sequence[str | Mapping[str, Any]]) -> Spec | None:
        """The spec with everything that the study, then the command line, changes about it."""
        written = document.get("spec")
        if written is None:
            return None
        space = self._tried(partial(self._spec, written, "spec"))
        for text, place in self._assignments(document.get("set")):
            space = space and self._assigned(space, text, place)
        choices = document.get("choices")
        if isinstance(choices, Table):
            for path, entry in choices.entries.items():
                space = space and (self._changed(space, {path: entry.node}) or space)
        elif choices is not None:
            self._not_table(choices, "choices", "{width_multiplier: {choose: [0.5, 1.0]}}")
        for change in overrides:
            space = space and self._tried(partial(override, space, [change] if isinstance(change, str) else change))
        return space

    def _assigned(self, spec: Spec, text: str, place: Place) -> Spec:
        """The spec with an assignment of the key `set`, whose faults stand where it was written."""
        try:
            return override(spec, [text])
        except UserError as error:
            self.faults.extend(replace(fault, place=place) for fault in error.faults)
            return spec

    def _changed(self, spec: Spec, changes: Mapping[str, Node]) -> Spec | None:
        return self._tried(partial(override, spec, changes))

    def _tried(self, made: Callable[[], Spec | None]) -> Spec | None:
        """What is made, or None after its faults, kept with all the others."""
        try:
            return made()
        except UserError as error:
            self.faults.extend(error.faults)
            return None

    def _spec(self, written: Node, path: str) -> Spec | None:
        if isinstance(written, Table):
            return parse_document(written, self.path, self.catalog)
        if not isinstance(written, Scalar) or not isinstance(written.value, str):
            if not (isinstance(written, Scalar) and written.value is BROKEN):
                fact = f"must be the name of a spec, a path, or a whole spec ({shown(written)})"
                self.fault(fact, f"Write {path}: shufflenetv2_dpc", path, written.place)
            return None
        return load_named(written, self.path, path, self.catalog)

    def _assignments(self, node: Node | None) -> list[tuple[str, Place]]:
        items = () if node is None else node.items if isinstance(node, Items) else (node,)
        found = [(item.value, item.place) for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if node is not None and len(found) < len(items):
            self.fault(f"must be a list of assignments ({shown(node)})", "Write set: [classes=11]", "set", node.place)
        return found

    def _beside(self, node: Node | None, space: Spec) -> dict[str, Spec]:
        if node is None:
            return {}
        if not isinstance(node, Table):
            self._not_table(node, "beside", "{basic: {head: basic}}")
            return {}
        found = {key: self._neighbour(key, entry.node, space) for key, entry in node.entries.items()}
        return {key: spec for key, spec in found.items() if spec is not None}

    def _neighbour(self, name: str, node: Node, space: Spec) -> Spec | None:
        """A network beside the front: a spec's name, a whole spec, or changes of the space's."""
        path = f"beside.{name}"
        if isinstance(node, Table) and not {"name", "backbone"} <= node.entries.keys():
            spec = self._changed(space, {key: entry.node for key, entry in node.entries.items()})
        else:
            spec = self._tried(partial(self._spec, node, path))
        if spec is not None and spec.choices():
            wanted = spec.choices()[0].path
            fact = f"'{wanted}' is still an open choice in it"
            self.fault(fact, f"Write {wanted}: VALUE here", path, node.place)
        return spec if spec is None else override(spec, {"name": _name(name)})

    def _not_table(self, node: Node, path: str, example: str) -> None:
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            self.fault(f"must be a mapping ({shown(node)})", f"Write {path}: {example}", path, node.place)


def _name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_.-" else "_" for letter in text).lstrip(".-") or "beside"


def _seen(name: str, folder: Path) -> str:
    """A path of the file as seen from here; what is no file there is left as it is (a bundled name)."""
    there = folder / name
    return shown_path(there) if is_file(there) else name


def _reference(reference: str, folder: Path) -> str:
    name, colon, root = reference.partition(":")
    there = folder / expanded(root)
    return f"{name}:{shown_path(there)}" if colon and exists(there) else reference
