"""The key `teacher` of a recipe: what may stand in it, and its paths, which are relative to the file they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archspec.errors import Problem
from archspec.files import exists
from archspec.graph import Range
from archspec.spec import (
    NONE,
    TOP_KINDS,
    Entry,
    Items,
    Kind,
    LiteralKind,
    MadeKind,
    Node,
    NumberKind,
    Reads,
    RecordKind,
    Scalar,
    Schema,
    Table,
    TextKind,
    Wrap,
    dump_plain,
    plain,
)
from archspec.train._recipe import Teacher

TEACHER = "teacher"
TAPS = ("student_tap", "teacher_tap")


class _SpecKind(Kind):
    """The name of a spec, its path, or a spec that stands in the recipe, which becomes its text."""

    words = "a spec"
    example = "camvid_mobilenetv2"

    def fits(self, node: Node) -> bool:
        return isinstance(node, Table) or (isinstance(node, Scalar) and isinstance(node.value, str))

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if not self.fits(node):
            return reader.mismatch(self, node, path)
        return dump_plain(plain(node)) if isinstance(node, Table) else plain(node)

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": ["string", "object"]}


def _teacher(written: Mapping[str, Any]) -> Teacher:
    if ("run" in written) == ("spec" in written):
        raise Problem("a teacher is either a 'run' or a 'spec'", "Write {run: DIR}, or {spec: NAME, weights: FILE}")
    if "weights" in written and "run" in written:
        raise Problem("a run has weights of its own", "Leave weights out, or name a spec instead of the run")
    named = [tap for tap in TAPS if tap in written]
    if written.get("on") == "features":
        if len(named) < len(TAPS):
            remedy = "Write student_tap: ID and teacher_tap: ID, steps of the two specs"
            raise Problem("features are those of a tap of each network", remedy)
        if "temperature" in written:
            raise Problem("a temperature softens scores, not features", "Leave temperature out, or write on: logits")
    elif named:
        raise Problem(f"'{named[0]}' is a tap of features", "Write on: features, or leave it out")
    return Teacher(**written)


class TeacherKind(MadeKind):
    """A teacher, with the place that its faults are told at."""

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        found = super().read(node, path, reader)
        return replace(found, place=node.place) if isinstance(found, Teacher) else found


_ID = TextKind(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)?", "the id of a step, such as stage3")
TEACHER_KIND = TeacherKind(
    RecordKind(
        {
            "run": TextKind(),
            "spec": _SpecKind(),
            "weights": TOP_KINDS["weights"],
            "on": LiteralKind(("logits", "features")),
            "weight": NumberKind(real=True, limits=Range(ge=0), sample="1.0"),
            "temperature": NumberKind(real=True, limits=Range(gt=0), sample="2.0"),
            "student_tap": _ID,
            "teacher_tap": _ID,
        }
    ),
    _teacher,
    "{run: DIR, on: logits}",
)


def located_teachers(document: Table, folder: Path) -> Table:
    """A recipe with the paths of its teachers, of every stage, from the root; those in it are relative to `folder`."""
    found = _located_in(document, folder)
    stages = found.get("stages")
    if isinstance(stages, Items):
        items = (_located_in(item, folder) if isinstance(item, Table) else item for item in stages.items)
        found = found.with_entry("stages", Items(tuple(items), stages.place), found.entries["stages"].place)
    return found


def _located_in(table: Table, folder: Path) -> Table:
    entry = table.entries.get(TEACHER)
    if entry is None or not isinstance(entry.node, Table):
        return table
    made = {}
    for key, inside in entry.node.entries.items():
        node = inside.node
        if key == "weights" and isinstance(node, Table) and "file" in node.entries:
            file = node.entries["file"]
            node = node.with_entry("file", _located(file.node, folder, named=False), file.place)
        elif key in ("run", "spec", "weights"):
            node = _located(node, folder, named=key == "spec")
        made[key] = Entry(node, inside.place)
    return table.with_entry(TEACHER, Table(made, entry.node.place), entry.place)


def _located(node: Node, folder: Path, *, named: bool) -> Node:
    """A path from the root; with `named` what is no file is a name, and stays."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or node.value in ("", NONE):
        return node
    path = folder / node.value
    return node if named and not exists(path) else Scalar(str(path.resolve()), node.place)
