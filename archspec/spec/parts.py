"""Part files: backbones, necks, heads and decoders written as lists of steps. Parsed once a process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import Fault, Place, mistyped, nearest
from archspec.spec.document_file import read_file, shown_path
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, one_line, shown
from archspec.spec.sections import EMPTY, StepTemplate, has_special, read_step
from archspec.spec.special_values import CHOICES
from archspec.spec.words import PART_KEYS, READS, SCOPE


@dataclass(frozen=True, eq=False)
class Part:
    """A part file. `faults` are those of its form; its steps' arguments are checked by readers that know the blocks.

    `reads` is what a decoder says it reads, '' where it leaves that to its blocks.
    """

    kind: str
    name: str
    file: str
    arguments: Table
    dilate: Node
    steps: tuple[StepTemplate, ...]
    faults: tuple[Fault, ...]
    reads: str = ""


_PARTS: dict[tuple[str, Path, str], tuple[tuple[int, int], Part]] = {}


def load_part(kind: str, name: str, path: Path) -> Part:
    """The part in a file, from memory when the file has not changed."""
    try:
        status = os.stat(path)
        stamp = (status.st_mtime_ns, status.st_size)
    except OSError:
        stamp = (0, 0)
    key = (kind, path, shown_path(path))  # places are relative to the current folder
    known = _PARTS.get(key)
    if known is None or known[0] != stamp:
        known = _PARTS[key] = (stamp, _read_part(kind, name, path))
    return known[1]


def _read_part(kind: str, name: str, path: Path) -> Part:
    faults: list[Fault] = []
    root = read_file(path, faults)
    file = shown_path(path)
    if root is None:
        return Part(kind, name, file, EMPTY, Scalar(True), (), tuple(faults))
    for key, entry in root.entries.items():
        if key not in PART_KEYS:
            where = f"{kind}.{one_line(key)}"
            faults.append(Fault(f"unknown key '{one_line(key)}'", nearest(key, PART_KEYS), where, entry.place))
    for key in ("summary", "source"):
        text = root.get(key)
        if text is not None and not (isinstance(text, Scalar) and isinstance(text.value, str)):
            faults.append(Fault(f"must be text ({shown(text)})", "Write one line of text", f"{kind}.{key}", text.place))
    reads = _read_reads(root.get("reads"), kind, faults)
    return Part(
        kind,
        name,
        file,
        _read_arguments(root.get("arguments"), kind, faults),
        root.get("dilate") or Scalar(True, Place(file, 1, 1)),
        _read_steps(root, kind, faults),
        tuple(faults),
        reads,
    )


def _read_arguments(node: Node | None, kind: str, faults: list[Fault]) -> Table:
    if node is None:
        return EMPTY
    if not isinstance(node, Table):
        fact = f"must be a mapping of names to defaults ({shown(node)})"
        faults.append(Fault(fact, "Write arguments: {name: default}", f"{kind}.arguments", node.place))
        return EMPTY
    taken = [key for key in node.entries if key in SCOPE]
    for key in taken:
        fact = f"'{key}' is given by the network"
        faults.append(Fault(fact, "Declare another name", f"{kind}.arguments.{key}", node.entries[key].place))
    for key, entry in node.entries.items():
        if key not in taken and has_special(entry.node, CHOICES):
            fact = f"a choice cannot be the default of an argument ({shown(entry.node)})"
            remedy = "Write the value, and choose in the spec"
            faults.append(Fault(fact, remedy, f"{kind}.arguments.{one_line(key)}", entry.node.place))
    return node.without(*taken)


def _read_reads(node: Node | None, kind: str, faults: list[Fault]) -> str:
    if node is None or (isinstance(node, Scalar) and node.value is BROKEN):
        return ""
    if isinstance(node, Scalar) and node.value in READS:
        return str(node.value)
    remedy = f"Write reads: {READS[0]}, or reads: {READS[1]}"
    faults.append(Fault(f"not what a decoder may read ({shown(node)})", remedy, f"{kind}.reads", node.place))
    return ""


def _read_steps(root: Table, kind: str, faults: list[Fault]) -> tuple[StepTemplate, ...]:
    node = root.get("steps")
    if node is None and "steps" in mistyped(root.entries, PART_KEYS):
        return ()
    if node is None:
        faults.append(Fault("missing key 'steps'", "Write steps: and a list of blocks", kind, root.place))
        return ()
    if not isinstance(node, Items) or not node.items:
        faults.append(
            Fault(f"must be a list of steps ({shown(node)})", "Write - BLOCK: {arguments}", f"{kind}.steps", node.place)
        )
        return ()
    found = (read_step(item, f"{kind}.steps[{i}]", faults) for i, item in enumerate(node.items))
    return tuple(step for step in found if step)


def is_plain(part: Part) -> bool:
    """Whether nothing in the part depends on its scope."""
    return all(step.is_plain for step in part.steps) and not has_special(part.dilate)
