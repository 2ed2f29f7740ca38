"""From a source (a file, a bundled name, a text) to a checked spec: parents, overrides, then every fault together.

A spec is merged over its parent on nodes, so that every value keeps the place where it was written. Mappings merge key
by key; lists and values are replaced. A section that names something else, a selector and a choice are replaced whole:
a merge of two names would be neither.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, UserError, nearest, user_error
from archspec.file_kinds import KERAS, kind_of_file
from archspec.files import exists, is_file, is_folder
from archspec.spec.document import Spec, check_document, default_name, raise_together
from archspec.spec.document_file import place_of, read_file, shown_path
from archspec.spec.expansion import best_effort_faults
from archspec.spec.joint_check import check_joint
from archspec.spec.located_files import locate_files
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Scalar, Table, from_plain, one_line, only_key, shown
from archspec.spec.paths import override as _override
from archspec.spec.paths import replace
from archspec.spec.reader import SPECIAL
from archspec.spec.words import TOGETHER, TOP_SECTIONS
from archspec.spec.yaml_text import read_mapping

_MAX_PARENTS = 20
MODELS = (".keras", ".tflite")  # endings of files that stand where a spec may


@cache
def bundled_catalog() -> Catalog:
    """The catalog of what comes with archspec, one a process."""
    return Catalog()


Changes = Sequence[str] | Mapping[str, Any]
"""Assignments as text (`head.filters=128`), or paths and plain Python values."""


def load(source: str | Path, overrides: Changes = (), *, catalog: Catalog | None = None) -> Spec:
    """The spec in a file, or the bundled spec of that name, with its parents and changes (as of `--set`) merged.

    Raises `UserError` with every fault, in the order of their places.
    """
    path = _find(source, catalog or bundled_catalog())
    catalog = recalled(path, catalog)
    faults: list[Fault] = []
    document = _model_document(path) if kind_of_file(path) is KERAS else read_file(path, faults)
    return _finish(document, path, overrides, catalog, faults)


def _model_document(path: Path) -> Table:
    """What stands for a Keras model in a file. Raises `UserError`."""
    from archspec.keras_model import spec_of_model

    found = from_plain(spec_of_model(shown_path(path)), Place(shown_path(path)))
    assert isinstance(found, Table)  # noqa: S101 (of a mapping)
    return found


def parse(text: str, *, file: str = "<text>", overrides: Changes = (), catalog: Catalog | None = None) -> Spec:
    """The spec in a text; `file` is what messages call it, and what `extends` is relative to."""
    faults: list[Fault] = []
    document = read_mapping(text, file, faults)
    path = Path(file)
    return _finish(document, path, overrides, recalled(path, catalog), faults)


def recalled(path: Path, catalog: Catalog | None) -> Catalog:
    """The catalog (None: what comes with archspec) with the plugin folders that what lies there was made with."""
    from archspec.record import noted_plugins

    noted = noted_plugins(path) if exists(path) else ()
    if catalog is None:
        return Catalog(noted) if noted else bundled_catalog()
    catalog.add(noted)
    return catalog


def load_named(written: Scalar, file: Path, path: str, catalog: Catalog) -> Spec:
    """The spec that another document names: a path relative to its `file`, or the name of a bundled spec.

    What is wrong with the name is said to stand where it is written, at `path`. Raises `UserError`.
    """
    name = str(written.value)
    beside = file.parent / name
    try:
        found = _find(shown_path(beside) if name and is_file(beside) else name, catalog)
    except UserError as error:
        fault = error.faults[0]
        fact = f"{fault.message} ({shown(written)})" if name.strip() else fault.message
        raise UserError(Fault(fact, fault.remedy, path, written.place)) from None
    return load(found, catalog=catalog)


def parse_document(document: Table, file: Path, catalog: Catalog | None = None, overrides: Changes = ()) -> Spec:
    """The spec that stands inside another document: as `parse`, of a mapping that is read already."""
    return _finish(document, file, overrides, catalog or bundled_catalog(), [])


def override(spec: Spec, changes: Changes) -> Spec:
    """The spec with changes.

    A value may also be a node of another document: faults are then said to stand where it was written.

    Raises `UserError` with every fault.
    """
    faults: list[Fault] = []
    return _checked(_overridden(spec.document, changes, faults), spec.catalog, faults)


def _find(source: str | Path, catalog: Catalog) -> Path:
    if not str(source).strip():
        raise user_error("a spec without a name ('')", "Name a spec file, or a bundled spec")
    path = Path(source)
    named = catalog.specs().get(str(source)) or catalog.spaces().get(str(source))
    if named is not None and not is_file(path):
        return named
    if not exists(path):
        if path.suffix in MODELS:
            fact = "cannot be read (No such file or directory)"
            raise user_error(fact, f"Name a {path.suffix} file", place=place_of(source))
        remedy = nearest(path.stem, [*catalog.specs(), *catalog.spaces()]) or "Name a spec file"
        raise user_error("no such spec file, nor a bundled spec of that name", remedy, place=place_of(source))
    if is_folder(path):
        raise user_error("this is a folder", "Name a spec file in it", place=place_of(source))
    return path


def _finish(document: Table | None, path: Path, overrides: Changes, catalog: Catalog, faults: list[Fault]) -> Spec:
    if document is None:
        document = _overridden(Table({}), overrides, faults)  # so that bad assignments are reported as well
        raise_together(faults)
        raise AssertionError("a document that cannot be read has a fault")
    name = document.get("name")
    document = _with_parents(locate_files(document, path.parent), path, catalog, faults, (_identity(path),))
    if name is None:
        place = document.place
        document = document.with_entry("name", Scalar(default_name(str(path)), place), place)
    document = _overridden(document, overrides, faults)
    return _checked(document, catalog, faults)


def _overridden(document: Table, overrides: Changes, faults: list[Fault]) -> Table:
    if not isinstance(overrides, Mapping):
        for assignment in overrides:
            document = _override(document, assignment, faults)
        return document
    for path, value in overrides.items():
        if isinstance(value, Scalar | Items | Table):
            document = replace(document, path, value, faults, value.place)
            continue
        place = Place(f"--set {one_line(path)}={one_line(str(value))}")
        document = replace(document, path, from_plain(value, place), faults, place)
    return document


def _checked(document: Table, catalog: Catalog, faults: list[Fault]) -> Spec:
    found, choices = (check_joint if TOGETHER in document.entries else check_document)(document, catalog)
    faults.extend(found)
    if faults and not choices:
        known = {fault.place if fault.place.line else (fault.place, fault.message) for fault in faults}
        for fault in best_effort_faults(document, catalog):
            if fault.place not in known and (fault.place, fault.message) not in known:
                faults.append(fault)
    raise_together(faults)
    return Spec(document, catalog, choices)


def _identity(path: Path) -> str:
    return os.path.realpath(path)


def _with_parents(document: Table, path: Path, catalog: Catalog, faults: list[Fault], seen: tuple[str, ...]) -> Table:
    """The document merged over the parent it extends, and that over its own parent."""
    written = document.get("extends")
    if written is None:
        return document
    own = document.without("extends")
    parent_path = _parent(written, path, catalog, faults)
    if parent_path is None:
        return own.with_entry("backbone", own.get("backbone") or Scalar(BROKEN), own.place)
    if _identity(parent_path) in seen or len(seen) > _MAX_PARENTS:
        fact = f"'extends' goes round in a circle ({shown_path(parent_path)})"
        faults.append(Fault(fact, "Remove one 'extends'", "extends", written.place))
        return own.with_entry("backbone", own.get("backbone") or Scalar(BROKEN), own.place)
    parent = read_file(parent_path, faults)
    if parent is None:
        return own.with_entry("backbone", own.get("backbone") or Scalar(BROKEN), own.place)
    whole = _with_parents(
        locate_files(parent, parent_path.parent), parent_path, catalog, faults, (*seen, _identity(parent_path))
    )
    taken = _labels(own)
    if taken:
        own = own.with_entry(TOGETHER, own.entries[TOGETHER].node.without(*taken), own.place)  # type: ignore[union-attr]
    merged = merge(whole, own)
    for name, label in taken.items():
        merged = replace(merged, f"{TOGETHER}.{name}", label, faults, label.place)
    return merged


def _labels(document: Table) -> dict[str, Scalar]:
    """The options of a parent's `together` that a document takes: `together: {backbone: mobilenet}`."""
    written = document.get(TOGETHER)
    entries = written.entries if isinstance(written, Table) else {}
    return {name: entry.node for name, entry in entries.items() if isinstance(entry.node, Scalar)}


def _parent(written: Node, path: Path, catalog: Catalog, faults: list[Fault]) -> Path | None:
    name = written.value if isinstance(written, Scalar) else None
    if name is BROKEN:
        return None
    if not isinstance(name, str) or not name:
        faults.append(
            Fault(f"must be one path or name ({shown(written)})", "Write extends: other_spec", "extends", written.place)
        )
        return None
    for candidate in (path.parent / name, path.parent / f"{name}.yaml"):
        if is_file(candidate) and (candidate != path or name == path.name):
            return candidate
    if name in catalog.specs():
        return catalog.specs()[name]
    beside = [other.stem for other in path.parent.glob("*.yaml") if other != path] if is_folder(path.parent) else []
    remedy = nearest(Path(name).stem, [*beside, *catalog.specs()]) or "Write a path relative to this file"
    faults.append(Fault(f"no such spec ({shown(written)})", remedy, "extends", written.place))
    return None


def merge(parent: Table, child: Table) -> Table:
    """The child's document over its parent's."""
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        known = entries.get(key)
        if known is None:
            entries[key] = entry
        elif key == "input":
            entries[key] = Entry(_merge_image(known.node, entry.node), entry.place)
        else:
            join = _merge_section if key in TOP_SECTIONS else _merge_value
            entries[key] = Entry(join(known.node, entry.node), entry.place)
    return Table(entries, child.place)


def _merge_image(parent: Node, child: Node) -> Node:
    if not isinstance(parent, Table) or not isinstance(child, Table):
        return child
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        join = _merge_section if key == "preprocess" else _merge_value
        entries[key] = Entry(join(entries[key].node, entry.node), entry.place) if key in entries else entry
    return Table(entries, child.place)


def _merge_section(parent: Node, child: Node) -> Node:
    return _merge_value(parent, child) if only_key(parent) == only_key(child) else child


def _merge_value(parent: Node, child: Node) -> Node:
    if not isinstance(parent, Table) or not isinstance(child, Table):
        return child
    if only_key(parent) in SPECIAL or only_key(child) in SPECIAL:
        return child
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        entries[key] = Entry(_merge_value(entries[key].node, entry.node), entry.place) if key in entries else entry
    return Table(entries, child.place)
