"""Linting: every branch of every selector and every option of every choice is read as if it stood there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, Problem, UserError, nearest
from archspec.graph import Range
from archspec.spec.composite_kinds import ListKind, RecordKind, TupleKind, takes, takes_real
from archspec.spec.document_file import shown_path
from archspec.spec.kinds import INVALID, AnyKind, BoolKind, Kind, LiteralKind, NumberKind, TextKind
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, one_line, only_key, plain, shown
from archspec.spec.parts import Part, load_part
from archspec.spec.reader import Reader, unknown_section
from archspec.spec.sections import Named, StepTemplate, find_part, read_arguments, read_section, read_step, section_form
from archspec.spec.signatures import signature_of
from archspec.spec.special_values import Choice, case_problem, range_options, range_problem
from archspec.spec.words import (
    CHOOSE,
    RANGE,
    SCOPE,
    SECTION_SETTINGS,
    SELECTED_BY,
    SELECTORS,
    TOP_KEYS,
    UNTIL,
    VARIANTS,
)  # fmt: skip

IN_PART = "in a part file"
WIDTH = NumberKind(real=True, limits=Range(gt=0, le=16))
VARIANT = LiteralKind(VARIANTS)
REPEAT = NumberKind(limits=Range(ge=1, le=1000))
DILATE = BoolKind()
_NUMBER = NumberKind(real=True)
_POSITIVE = NumberKind(limits=Range(ge=1))
_FILTERS = NumberKind(real=True, limits=Range(gt=0), sample="32")
_SCALED = RecordKind({"filters": _FILTERS, "divisor": _POSITIVE, "minimum": _POSITIVE}, ("filters",))
_RANGE = RecordKind(
    {"from": _NUMBER, "to": _NUMBER, "step": NumberKind(real=True, limits=Range(gt=0)), "log": BoolKind()},
    ("from", "to"),
)
LAST_STEP = TextKind(
    r"[A-Za-z_][A-Za-z0-9_]*(\.[0-9]+)?", "the id of a step, such as stage3, or a unit of it: stage3.1"
)
SECTION_KINDS: dict[str, Kind] = {"width_multiplier": WIDTH, "variant": VARIANT, "dilate": DILATE, UNTIL: LAST_STEP}


@dataclass
class Allowed:
    """What may stand where a value is read."""

    choices: bool = True
    selectors: bool = True
    names: tuple[str, ...] = SCOPE
    what: str = "here"


_GENERATOR = Allowed(choices=False, selectors=False, names=(), what="in a generator")


class Lint(Reader):
    """Checks a document without resolving it; collects its choices."""

    def __init__(self, catalog: Catalog, allowed: Allowed | None = None) -> None:
        super().__init__(catalog)
        self.allowed = allowed or Allowed()
        self.choices: dict[str, Choice] = {}
        self.uses: dict[str, list[Kind]] = {}
        self.inside: tuple[str, int] = ("", 0)

    def special_words(self) -> tuple[frozenset[str], str]:
        choices, selectors = self.allowed.choices, self.allowed.selectors
        words = (self.choice_words if choices else frozenset()) | (frozenset(SELECTORS) if selectors else frozenset())
        named = [name for name, there in (("a selector", selectors), ("a choice", choices)) if there]
        return words, " or ".join(named)

    # ---- values -------------------------------------------------------------------------------------------------
    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        entry = node.entries[word]
        if word in self.choice_words:
            if not self.allowed.choices:
                remedy = "Declare an argument in 'arguments', and choose its value in the spec"
                if self.allowed.what != IN_PART:
                    remedy = "Write the value"
                return self.fault(f"a choice cannot stand {self.allowed.what} ('{word}')", remedy, path, entry.place)
            self._choice(kind, node, word, path)
        elif not self.allowed.selectors:
            remedy = "Write the value; selectors stand in the arguments of sections and steps"
            return self.fault(f"a selector cannot stand {self.allowed.what} ('{word}')", remedy, path, entry.place)
        elif word in SELECTED_BY:
            self._cases(kind, entry.node, word, path)
        elif word == "argument":
            self._argument(kind, entry.node, path)
        else:
            self._scaled(kind, entry.node, node, path)
        return INVALID

    def _cases(self, kind: Kind, cases: Node, word: str, path: str) -> None:
        if not isinstance(cases, Table) or not cases.entries:
            example = {"by_width": "0.5: 48", "by_variant": "paper: 48"}.get(word, "16: 48")
            self.fault(f"{word} needs cases ({shown(cases)})", f"Write {{{word}: {{{example}, …}}}}", path, cases.place)
            return
        for key, entry in cases.entries.items():
            where = f"{path}.{word}[{key}]" if word == "by_width" else f"{path}.{word}.{key}"
            problem = case_problem(word, key)
            if problem:
                self.fault(problem.fact, problem.remedy, where, entry.place)
            self.read(kind, entry.node, where)

    def _argument(self, kind: Kind, inner: Node, path: str) -> None:
        name = inner.value if isinstance(inner, Scalar) else None
        if isinstance(name, str) and name in self.allowed.names:
            self.uses.setdefault(name, []).append(kind)
        elif name is not BROKEN:
            self.fault(f"unknown argument ({shown(inner)})", nearest(name, self.allowed.names), path, inner.place)

    def _scaled(self, kind: Kind, inner: Node, node: Table, path: str) -> None:
        if not takes(kind, NumberKind):
            self.fault(f"must be {kind.words} ({shown(node)})", "'scaled' makes an integer", path, node.place)
        if isinstance(inner, Table) and only_key(inner) not in SELECTORS:
            _SCALED.read(inner, f"{path}.scaled", self)
        else:
            self.read(_FILTERS, inner, f"{path}.scaled")

    # ---- choices ------------------------------------------------------------------------------------------------
    def _choice(self, kind: Kind, node: Table, word: str, path: str) -> None:
        inner = node.entries[word].node
        if word == CHOOSE:
            self.choose(node, path, lambda option, where: self.read(kind, option, where))
            return
        if word == RANGE:
            found = self._range(kind, inner, f"{path}.range")
            if found is not None:
                whole = not takes_real(kind)
                self._open(Choice(path, node.place, RANGE, range_options(found), found, *self.inside, whole))
            return
        if not (takes(kind, ListKind) or takes(kind, TupleKind)):
            self.fault(f"must be {kind.words} ({shown(node)})", f"'{word}' makes a list", path, node.place)
        self.generator(node, word, path)

    def generator(self, node: Table, word: str, path: str) -> None:
        """A generator, whose arguments are plain values: what varies is what it makes."""
        entry = node.entries[word]
        where = f"{path}.{word}"
        written = read_arguments(entry.node, word, where, self.faults)
        allowed, self.allowed = self.allowed, _GENERATOR
        try:
            self.arguments(signature_of(self.catalog.generator(word)), written, where, entry.place)
        except UserError as error:
            self.faults.extend(error.faults)
        except Problem as problem:
            self.faults.append(problem.at(Place(shown_path(self.catalog.generators()[word]), 1, 1), word))
        self.allowed = allowed
        self._open(Choice(path, node.place, word, (), plain(written), *self.inside))

    def choose(
        self, node: Table, path: str, read: Callable[[Node, str], object], form: Callable[[Node], Any] = plain
    ) -> None:
        """A `choose`, each option read as if it stood there; `form` gives an option as plain Python."""
        options = node.entries[CHOOSE].node
        where = f"{path}.{CHOOSE}"
        if not isinstance(options, Items) or not options.items:
            self.fault(f"must be a list of options ({shown(options)})", "Write {choose: [A, B]}", where, options.place)
            return
        self._open(Choice(path, node.place, CHOOSE, tuple(map(form, options.items)), {}, *self.inside))
        outer = self.inside
        for i, option in enumerate(options.items):
            self.inside = (path, i)
            read(option, f"{where}[{i}]")
        self.inside = outer

    def _open(self, choice: Choice) -> None:
        self.choices[choice.path] = choice

    def _range(self, kind: Kind, node: Node, path: str) -> dict[str, Any] | None:
        before = len(self.faults)
        if not isinstance(node, Table) or _RANGE.read(node, path, self) is INVALID:
            if not isinstance(node, Table):
                self.mismatch(_RANGE, node, path)
            return None
        for end in ("from", "to"):
            self.read(kind, node.entries[end].node, f"{path}.{end}")
        settings: dict[str, Any] = plain(node)
        problem = range_problem(settings, whole=not takes_real(kind))
        if problem and len(self.faults) == before:
            self.fault(problem.fact, problem.remedy, path, node.place)
        return settings if len(self.faults) == before else None

    # ---- sections and steps -------------------------------------------------------------------------------------
    def step(self, step: StepTemplate) -> None:
        if step.repeat is not None:
            self.read(REPEAT, step.repeat, f"{step.path}.repeat")
        signature = self.signature(step.block, step.place, step.path)
        if signature:
            self.inputs(signature, step.inputs, step.inputs_place, step.path)
            self.arguments(signature, step.arguments, step.arguments_path, step.place)

    def _item(self, node: Node, path: str) -> None:
        if only_key(node) == CHOOSE and isinstance(node, Table):
            self.choose(node, path, self._item, section_form)
            return
        step = read_step(node, path, self.faults)
        if step:
            self.step(step)

    def section(self, kind: str, node: Node, path: str) -> None:
        if only_key(node) == CHOOSE and isinstance(node, Table):
            self.choose(node, path, lambda option, where: self.section(kind, option, where), section_form)
            return
        word = only_key(node)
        if word in self.choice_words - {CHOOSE, RANGE} and isinstance(node, Table):
            self.generator(node, str(word), path)
            return
        before = len(self.faults)
        asked = read_section(kind, node, path, self.faults)
        if isinstance(asked, Named) and not (
            find_part(kind, asked.name, self.catalog) or asked.name in self.catalog.blocks()
        ):
            self.faults[before:] = [unknown_section(kind, asked, self.catalog, self.choice_words)]
        elif isinstance(asked, Named):
            self._named(kind, asked)
        elif asked is not None:
            for i, item in enumerate(asked.steps.items):
                self._item(item, f"{asked.path}[{i}]")
            for name, wanted in SECTION_KINDS.items():
                given = asked.settings.get(name)
                if given is not None:
                    self.read(wanted, given, f"{path}.{name}")

    def _named(self, kind: str, named: Named) -> None:
        file = find_part(kind, named.name, self.catalog)
        if file is not None:
            self._part(load_part(kind, named.name, file), named)
            return
        signature = self.signature(named.name, named.place, named.path)
        if signature:
            self.inputs(signature, (), named.place, named.path)
            self.arguments(signature, named.arguments, named.path, named.place)

    def _part(self, part: Part, named: Named) -> None:
        checked = lint_part(part, self.catalog)
        self.faults.extend(checked.faults)
        allowed = (*part.arguments.entries, *SECTION_SETTINGS)
        for name, entry in named.arguments.entries.items():
            path = f"{named.path}.{name}"
            if name in SECTION_SETTINGS:
                self.read(SECTION_KINDS[name], entry.node, path)
            elif name in part.arguments.entries:
                for kind in checked.uses.get(name, [AnyKind()]):
                    self.read(kind, entry.node, path)
            else:
                remedy = nearest(name, allowed)
                if name in TOP_KEYS and not remedy.startswith("Did"):
                    remedy = "Write it at the top level of the spec"
                self.fault(
                    f"unknown argument '{one_line(name)}' of {part.kind} '{part.name}'", remedy, path, entry.place
                )


@dataclass(frozen=True)
class CheckedPart:
    """What linting a part found: its faults, and the kinds that each declared argument must satisfy."""

    faults: tuple[Fault, ...]
    uses: dict[str, list[Kind]] = field(default_factory=dict)


_CHECKED: WeakKeyDictionary[Catalog, dict[Part, CheckedPart]] = WeakKeyDictionary()


def lint_part(part: Part, catalog: Catalog) -> CheckedPart:
    """Check a part file once a catalog."""
    known = _CHECKED.setdefault(catalog, {})
    if part not in known:
        names = (*SCOPE, *part.arguments.entries)
        lint = Lint(catalog, Allowed(choices=False, names=names, what=IN_PART))
        for step in part.steps:
            lint.step(step)
        lint.read(DILATE, part.dilate, f"{part.kind}.dilate")
        known[part] = CheckedPart((*part.faults, *lint.faults), lint.uses)
    return known[part]
