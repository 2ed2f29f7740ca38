"""The faults of names that stand for nothing: in a section, and in a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from archspec.catalog import PART_KINDS, Catalog
from archspec.errors import Fault, Place, nearest
from archspec.spec.nodes import one_line
from archspec.spec.words import NONE, SECTIONS, article, section_path

if TYPE_CHECKING:
    from archspec.spec.sections import Named

_OWN_FOLDERS = {"preprocess": "preprocess", "outputs": "output"}  # of blocks: the section that they are for


def unknown_section(kind: str, named: Named, catalog: Catalog, choices: Iterable[str] = ()) -> Fault:
    """The fault of a name that is neither a part nor a block; `choices` are the words of open values."""
    parts = dict(catalog.parts(kind))
    none = () if kind == "backbone" else (NONE,)
    fitting = [name for name, path in catalog.blocks().items() if path.parent.name.removesuffix("s") == kind]
    close = nearest(named.name, [*parts, *fitting_blocks(kind, catalog), *none, *choices, "steps"])
    remedy = close if close.startswith("Did") else nearest("", [*parts, *fitting, *none])
    path = named.path.removesuffix(f".{named.name}")
    return Fault(f"unknown {kind} '{one_line(named.name)}'", remedy, path, named.place)


def fitting_blocks(kind: str, catalog: Catalog) -> list[str]:
    """The blocks that may be meant in a section: not those of a folder that another section has to itself."""
    return [name for name, path in catalog.blocks().items() if _OWN_FOLDERS.get(path.parent.name, kind) == kind]


def unknown_block(block: str, place: Place, path: str, catalog: Catalog) -> Fault:
    """The fault of a step that names no block: a part is none, and stands as its section's name alone."""
    kind = next((one for one in SECTIONS if path.startswith(section_path(one))), "")
    whole = next((one for one in PART_KINDS if block in catalog.parts(one)), "")
    if whole:
        remedy = f"Write {whole}: {one_line(block)}, or the steps of its file"
        return Fault(f"'{one_line(block)}' is {article(whole)}, not a block", remedy, one_line(path, 120), place)
    remedy = nearest(block, fitting_blocks(kind, catalog))
    return Fault(f"unknown block '{one_line(block)}'", remedy, one_line(path, 120), place)
