"""Reading values against kinds: what linting and expanding share, and the faults of names that stand for nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archspec.catalog import PART_KINDS, Catalog
from archspec.errors import Fault, Place, Problem, UserError, mistyped, nearest
from archspec.spec.document_file import shown_path
from archspec.spec.kinds import INVALID, Invalid, Kind
from archspec.spec.nodes import BROKEN, Node, Scalar, Table, one_line, only_key, shown
from archspec.spec.signatures import Signature, signature_of
from archspec.spec.special_values import CHOICES
from archspec.spec.words import CONTEXT, NONE, SECTIONS, SELECTORS, STEP_KEYS, TOP_KEYS, article, section_path

if TYPE_CHECKING:
    from archspec.spec.sections import Named

SPECIAL = CHOICES | frozenset(SELECTORS)


class Reader(ABC):
    """Reads nodes against kinds and collects every fault. Subclasses say what selectors and choices mean."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.faults: list[Fault] = []
        plugged = catalog.generators()
        self.choice_words = CHOICES.union(plugged)
        self.special_keys = SPECIAL.union(plugged)

    def read(self, kind: Kind, node: Node, path: str) -> Any:
        """The plain value of a node, or INVALID after a fault."""
        if type(node) is Table:
            word = only_key(node)
            if word in self.special_keys:
                return self.special(kind, node, str(word), path)
            if not kind.fits(node):
                return self._stray_table(kind, node, path)
        elif type(node) is Scalar and node.value is BROKEN:
            return INVALID
        return kind.read(node, path, self)

    @abstractmethod
    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        """Read a selector or a choice that stands where a value of `kind` is wanted."""

    def _stray_table(self, kind: Kind, node: Table, path: str) -> Invalid:
        words, named = self.special_words()
        special = next((word for word in node.entries if word in words), None)
        if special:
            other = next(word for word in node.entries if word != special)
            fact = f"'{special}' must stand alone, not beside '{one_line(other)}'"
            return self.fault(fact, f"Write {{{special}: …}} only", path, node.entries[other].place)
        word = only_key(node)
        if word is None or not words:
            return self.mismatch(kind, node, path)
        joint = "," if " or " in named else " or"
        fact = f"must be {kind.words}{joint} {named} ('{one_line(word)}')"
        return self.fault(fact, nearest(word, words), path, node.entries[word].place)

    def special_words(self) -> tuple[frozenset[str], str]:
        """The selectors and choices that may stand here, and what they are together."""
        return self.special_keys, "a selector or a choice"

    def mismatch(self, kind: Kind, node: Node, path: str) -> Invalid:
        return self.fault(f"must be {kind.words} ({shown(node)})", kind.remedy(node), path, node.place)

    def fault(self, fact: str, remedy: str, path: str, place: Place) -> Invalid:
        self.faults.append(Fault(fact, remedy, one_line(path, 120), place))
        return INVALID

    def attempt(self, kind: Kind, node: Node, path: str) -> tuple[Any, list[Fault]]:
        """Read, but hand the faults back instead of reporting them."""
        kept, self.faults = self.faults, []
        try:
            return kind.read(node, path, self), self.faults
        finally:
            self.faults = kept

    def signature(self, block: str, place: Place, path: str) -> Signature | None:
        """The signature of a block, or None after a fault."""
        if block not in self.catalog.blocks():
            self.faults.append(unknown_block(block, place, path, self.catalog))
            return None
        function = None
        try:
            function = self.catalog.function(block)
            return signature_of(function)
        except UserError as error:
            self.faults.extend(error.faults)
        except Problem as problem:
            line = function.__code__.co_firstlineno if function else 1
            self.faults.append(problem.at(Place(shown_path(self.catalog.blocks()[block]), line, 1), block))
        return None

    def arguments(self, signature: Signature, written: Table, path: str, place: Place) -> dict[str, Any]:
        """The arguments of a step, checked. `place` is where the block is named: missing arguments are said there."""
        values: dict[str, Any] = {}
        for name, entry in written.entries.items():
            parameter = signature.parameters.get(name)
            if parameter:
                values[name] = self.read(parameter.kind, entry.node, f"{path}.{name}")
            else:
                self._unknown_argument(name, signature, f"{path}.{name}", entry.place)
        meant = mistyped(written.entries, signature.parameters)
        for name in signature.required:
            if name not in written.entries and name not in meant:
                example = signature.parameters[name].kind.example
                remedy = f"Write {signature.name}: {{{name}: {example}}}"
                self.fault(f"missing argument '{name}' of '{signature.name}'", remedy, path, place)
        return values

    def inputs(self, signature: Signature, inputs: tuple[str, ...], place: Place, path: str) -> None:
        """Check that a block that reads several tensors is given several, and another one."""
        if signature.many_inputs is True and len(inputs) < 2:
            remedy = "Write from: [ID, ID], ids of earlier steps"
            self.fault(f"'{signature.name}' reads several tensors", remedy, path, place)
        elif signature.many_inputs is False and len(inputs) > 1:
            fact = f"'{signature.name}' reads one tensor ({len(inputs)} given)"
            self.fault(fact, "Write from: ID", f"{path}.from", place)

    def _unknown_argument(self, name: str, signature: Signature, path: str, place: Place) -> None:
        if name in CONTEXT:
            where = "; write it at the top level of the spec" if name in TOP_KEYS and name != "name" else ""
            self.fault(f"'{name}' is given by the network", f"Remove it{where}", path, place)
            return
        if name in STEP_KEYS:
            remedy = f"Write it in a step, beside '{signature.name}'"
            self.fault(f"'{name}' is not an argument", remedy, path, place)
            return
        remedy = nearest(name, signature.parameters) or f"'{signature.name}' takes no arguments"
        self.fault(f"unknown argument '{one_line(name)}'", remedy, path, place)


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
    """The fault of a step that names no block. A part is no block either: its name stands alone in its section."""
    kind = next((one for one in SECTIONS if path.startswith(section_path(one))), "")
    whole = next((one for one in PART_KINDS if block in catalog.parts(one)), "")
    if whole:
        remedy = f"Write {whole}: {one_line(block)}, or the steps of its file"
        return Fault(f"'{one_line(block)}' is {article(whole)}, not a block", remedy, one_line(path, 120), place)
    remedy = nearest(block, fitting_blocks(kind, catalog))
    if not catalog.plugins:
        remedy += f"{'' if remedy.endswith('?') else '.'} For a block of your own: --plugins FOLDER"
    return Fault(f"unknown block '{one_line(block)}'", remedy, one_line(path, 120), place)
