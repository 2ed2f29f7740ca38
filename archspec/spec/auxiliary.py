"""Auxiliary heads: further scores that a training takes beside the network's own, and that are left out of it.

`auxiliary: [{from: stage3, head: HEAD, weight: 0.4}]`: `from` is the id of a step or a section, or a tap of it
(`pyramid.stride16`), `head` is written as the section of that name, `weight` is what the loss of its scores counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.errors import Place, mistyped, nearest
from archspec.graph import Range
from archspec.spec.decoder_input import FEATURES, block_reads
from archspec.spec.kinds import Kind, NumberKind, TextKind
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, from_plain, one_line, only_key, plain, shown
from archspec.spec.sections import section_form
from archspec.spec.words import AUXILIARY, AUXILIARY_KEYS, CHOOSE, NONE

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.spec.expanded import Section
    from archspec.spec.lint import Allowed, Lint

WEIGHT_DEFAULT = 0.4  # what PSPNet (arXiv:1612.01105) gives its auxiliary loss
KINDS: Mapping[str, Kind] = {
    "from": TextKind(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)?", "the id of a step, such as stage3"),
    "weight": NumberKind(real=True, limits=Range(ge=0), sample="0.4"),
}
EXAMPLE = "[{from: stage3, weight: 0.4}]"


@dataclass(frozen=True, slots=True)
class WrittenHead:
    """One item of the list, its form checked by linting. `path` is where it stands."""

    source: Node
    head: Node
    weight: Node
    place: Place
    path: str


def lint_auxiliary(node: Node, lint: Lint, values: Allowed, section: Allowed, where: str = AUXILIARY) -> None:
    """Report what is wrong with the form of `auxiliary`; `values` and `section` say what may stand in it."""
    if only_key(node) == CHOOSE and isinstance(node, Table):
        lint.choose(node, where, lambda option, at: lint_auxiliary(option, lint, values, section, at), auxiliary_form)
        return
    if isinstance(node, Scalar) and node.value in (NONE, BROKEN):
        return
    if not isinstance(node, Items):
        lint.fault(f"must be a list of heads ({shown(node)})", f"Write {AUXILIARY}: {EXAMPLE}", where, node.place)
        return
    for number, item in enumerate(node.items):
        path = f"{where}[{number}]"
        if isinstance(item, Table):
            _lint_item(item, path, lint, values, section)
        elif not (isinstance(item, Scalar) and item.value is BROKEN):
            lint.fault(f"must be a mapping ({shown(item)})", "Write {from: stage3, weight: 0.4}", path, item.place)


def _lint_item(item: Table, path: str, lint: Lint, values: Allowed, section: Allowed) -> None:
    for key, entry in item.entries.items():
        if key not in AUXILIARY_KEYS:
            where = f"{path}.{one_line(key)}"
            lint.fault(f"unknown key '{one_line(key)}'", nearest(key, AUXILIARY_KEYS), where, entry.place)
    if "from" not in item.entries and "from" not in mistyped(item.entries, AUXILIARY_KEYS):
        lint.fault("missing key 'from'", "Write from: ID, the id of a step of the backbone", path, item.place)
    lint.allowed = values
    for key, kind in KINDS.items():
        given = item.get(key)
        if given is not None:
            lint.read(kind, given, f"{path}.{key}")
    lint.allowed = section
    lint.section("head", item.get("head") or Scalar(NONE, item.place), f"{path}.head")


def auxiliary_form(node: Node | None) -> Any:
    """The list in plain Python with every default; empty where there is none."""
    if node is None or (isinstance(node, Scalar) and node.value == NONE):
        return []
    if isinstance(node, Table):
        options = node.entries[CHOOSE].node
        return {CHOOSE: [auxiliary_form(option) for option in options.items]} if isinstance(options, Items) else []
    if not isinstance(node, Items):
        return []
    found = []
    for item in node.items:
        if isinstance(item, Table):
            weight = plain(item.get("weight") or from_plain(WEIGHT_DEFAULT))
            weight = float(weight) if isinstance(weight, int) else weight
            head = section_form(item.get("head") or Scalar(NONE))
            found.append({"from": plain(item.get("from") or Scalar(None)), "head": head, "weight": weight})
    return found


def written_heads(node: Node | None) -> list[WrittenHead]:
    """The items of a list whose form is right."""
    found = []
    for number, item in enumerate(node.items if isinstance(node, Items) else ()):
        if isinstance(item, Table) and "from" in item.entries:
            head = item.get("head") or Scalar(NONE, item.place)
            weight = item.get("weight") or Scalar(WEIGHT_DEFAULT, item.place)
            found.append(WrittenHead(item.entries["from"].node, head, weight, item.place, f"{AUXILIARY}[{number}]"))
    return found


def makes_scores(section: Section | None, catalog: Catalog) -> bool:
    """Whether a head makes the class scores itself, so that no classifier follows it."""
    return section is not None and any(block_reads(step.block, catalog) == FEATURES for step in section.steps)
