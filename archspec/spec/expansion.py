"""From a spec to a network: selectors resolved, arguments checked, ids found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, Problem, nearest
from archspec.spec.auxiliary import KINDS, WrittenHead, makes_scores, written_heads
from archspec.spec.document import (
    DEFAULTS,
    INPUT_DEFAULTS,
    INPUT_KINDS,
    TOP_KINDS,
    Spec,
    default_section,
    raise_together,
    size_node,
)
from archspec.spec.expanded import AuxiliaryHead, ExpandedSpec, Quantization, Section, Step, WeightsFile, cut_section
from archspec.spec.kinds import INVALID, Kind
from archspec.spec.lint import DILATE, LAST_STEP, REPEAT, SECTION_KINDS, lint_part
from archspec.spec.nodes import Entry, Node, Scalar, Table, from_plain, plain
from archspec.spec.parts import Part, load_part
from archspec.spec.reader import Reader
from archspec.spec.sections import EMPTY, Named, StepTemplate, Written, find_part, read_section
from archspec.spec.signatures import Signature
from archspec.spec.special_values import Resolver, Scope, Scoped
from archspec.spec.words import (
    AUXILIARY,
    NONE,
    QUANTIZATION,
    SECTION_DEFAULTS,
    SECTION_SCOPE,
    SECTIONS,
    UNTIL,
    section_path,
)

SCALED_IMAGE = "scaled_image"  # the block of `input.scale`


def expand(spec: Spec) -> ExpandedSpec:
    """The network a spec describes. Raises `UserError` with every open choice, or with every fault."""
    raise_together(
        [
            Fault("this choice is still open", f"Fix it with --set {choice.path}=VALUE", choice.path, choice.place)
            for choice in spec.choices()
            if not choice.parent
        ]
    )
    expansion = _Expansion(spec.document, spec.catalog)
    network = expansion.network()
    raise_together(expansion.faults)
    return network


def best_effort_faults(document: Table, catalog: Catalog) -> list[Fault]:
    """What expanding would report, for a document that already has faults."""
    expansion = _Expansion(document, catalog)
    top, inside = expansion.values()
    expansion.faults.clear()  # values at the top level look the same in every scope: linting has reported them
    expansion.sections(top, inside)
    expansion.auxiliary()
    return expansion.faults


class _Reading(Reader):
    """Reads values in a scope: selectors are followed."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self.resolver: Resolver | None = None

    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        if self.resolver is None:  # at the top level, where linting refuses selectors
            return INVALID
        self.resolver.faults = self.faults
        resolved = self.resolver.resolve(node, path)
        return INVALID if resolved is node else self.read(kind, resolved, path)


class _Expansion:
    """One pass over a checked document."""

    def __init__(self, document: Table, catalog: Catalog) -> None:
        self.document, self.catalog = document, catalog
        self.reader = _Reading(catalog)
        self.ids: list[str] = []
        self.blind = False  # a section could not be read, so that ids may be missing that are there

    @property
    def faults(self) -> list[Fault]:
        return self.reader.faults

    def values(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values at the top level and those of `input`; defaults where there is none."""
        image = self._image()
        inside = {key: self._read(kind, image, key, f"input.{key}") for key, kind in INPUT_KINDS.items()}
        return {key: self._read(kind, self.document, key, key) for key, kind in TOP_KINDS.items()}, inside

    def _image(self) -> Table:
        image = self.document.get("input")
        return image if isinstance(image, Table) else Table({})

    def sections(self, top: dict[str, Any], inside: dict[str, Any]) -> tuple[Section, ...]:
        """Every section that is not `none`, in the order data flows."""
        self.scope = self._top_scope(top, inside["size"])
        tables = {"preprocess": self._image()}
        found = [self._section(kind, tables.get(kind, self.document)) for kind in SECTIONS]
        if inside["scale"] != 1:
            found[0] = self._scaled(found[0], inside["scale"])
        return tuple(section for section in found if section)

    def _scaled(self, preprocess: Section | None, scale: float) -> Section:
        """The preprocessing, and behind it the image resized to a share of its size."""
        entry = self._image().entries.get("scale")
        place = entry.node.place if entry else self.document.place
        step = Step(SCALED_IMAGE, {"scale": scale}, 1, None, (), place, "input.scale")
        if preprocess is None:
            return Section("preprocess", None, (step,), True, place)
        return replace(preprocess, steps=(*preprocess.steps, step))

    def network(self) -> ExpandedSpec:
        top, inside = self.values()
        self._check_size(inside["size"], inside["scale"], top["output_stride"])
        return ExpandedSpec(
            name=top["name"],
            source=top["source"],
            input_size=inside["size"],
            channels=inside["channels"],
            dtype=inside["dtype"],
            classes=top["classes"],
            width_multiplier=top["width_multiplier"],
            output_stride=top["output_stride"],
            variant=top["variant"],
            sections=self.sections(top, inside),
            weights=WeightsFile.of(top["weights"], self.document.entries.get("weights")),
            deep_range=inside["deep_range"] or None,
            auxiliary=self.auxiliary(),
            quantization=Quantization.of(top[QUANTIZATION], self.document.entries.get(QUANTIZATION)),
        )

    def auxiliary(self) -> tuple[AuxiliaryHead, ...]:
        """The heads that only a training has, once the sections are read."""
        written = self.document.get(AUXILIARY)
        return () if written is None else tuple(self._auxiliary_head(one) for one in written_heads(written))

    def _auxiliary_head(self, written: WrittenHead) -> AuxiliaryHead:
        weight = self.reader.read(KINDS["weight"], written.weight, f"{written.path}.weight")
        source = self.reader.read(KINDS["from"], written.source, f"{written.path}.from")
        visible = [*self.ids, "input"]
        if source is not INVALID and source.partition(".")[0] not in visible and not self.blind:
            fact, place = f"no step has the id '{source}'", written.source.place
            self.reader.fault(fact, nearest(source, visible), f"{written.path}.from", place)
        kind = written.path.replace("[", ".").rstrip("]")
        head = self._read_section("head", written.head, f"{written.path}.head", written.place)
        made = [] if head is None else [replace(head, kind=f"{kind}.head")]
        if not makes_scores(head, self.catalog):
            name = SECTION_DEFAULTS["classifier"]
            named = Named(name, EMPTY, written.place, f"{written.path}.{name}")
            classifier = self._named("classifier", named, written.place)
            made += [] if classifier is None else [replace(classifier, kind=f"{kind}.classifier")]
        return AuxiliaryHead(source, tuple(made), weight, written.place, written.path)

    def _check_size(self, size: tuple[int, int], scale: float, output_stride: int) -> None:
        """A map of one position a side is the least that says anything of where things are."""
        if min(size) * scale < output_stride:
            entry = self._image().entries.get("size")
            shown = f"{size[0]} × {size[1]}" + (f" at scale {scale:g}" if scale != 1 else "")
            fact = f"an image of {shown} is smaller than the output_stride {output_stride}"
            remedy = f"Write at least [{output_stride}, {output_stride}], or a smaller output_stride"
            self.reader.fault(fact, remedy, "input.size", entry.node.place if entry else self.document.place)

    def _read(self, kind: Kind, table: Table, key: str, path: str) -> Any:
        node = table.get(key)
        default = INPUT_DEFAULTS.get(key, DEFAULTS.get(key, ""))
        if node is not None:
            value = self.reader.read(kind, size_node(node) if key == "size" else node, path)
            if value is not INVALID:
                return value
        return tuple(default) if isinstance(default, list) else default

    def _top_scope(self, top: dict[str, Any], size: tuple[int, int]) -> dict[str, Scoped]:
        scope = {"input_size": Scoped(from_plain(size), "input.size")}
        for name in ("width_multiplier", "output_stride", "variant", "classes"):
            entry = self.document.entries.get(name)
            place = entry.node.place if entry else self.document.place
            scope[name] = Scoped(Scalar(top[name], place), name if entry else "")
        return scope

    def _section(self, kind: str, table: Table) -> Section | None:
        entry = table.entries.get(kind)
        if entry is None:
            default = default_section(kind, self.document, self.catalog)
            if default is None:  # a missing backbone has been reported
                self.blind = True
                return None
            entry = Entry(Scalar(default, self.document.place), self.document.place)
        self.section_ids: list[str] = []
        section = self._read_section(kind, entry.node, section_path(kind), entry.place)
        if section is not None or self.section_ids:
            self.ids.extend((kind, *self.section_ids))
        return section

    def _read_section(self, kind: str, node: Node, path: str, place: Place) -> Section | None:
        before = len(self.faults)
        self.section_ids = []
        asked = read_section(kind, node, path, self.faults)
        if asked is None:
            self.blind |= not (isinstance(node, Scalar) and node.value == NONE)
            return None
        if not isinstance(asked, Named):
            return self._written(kind, asked, place, path)
        section = self._named(kind, asked, place)
        self.blind |= section is None or not section.steps
        if section is None and asked.name not in self.catalog.blocks():  # linting reports the name, nothing else
            del self.faults[before:]
        return section

    def _named(self, kind: str, named: Named, place: Place) -> Section | None:
        file = find_part(kind, named.name, self.catalog)
        if file is not None:
            return self._part(kind, named, place, file)
        if named.name not in self.catalog.blocks():
            return None  # reported by linting
        self.reader.resolver = Resolver(self.scope, named.path, self.faults)
        signature = self.reader.signature(named.name, named.place, named.path)
        if signature is None:
            return None
        values = self.reader.arguments(signature, named.arguments, named.path, named.place)
        self.section_ids.extend(self.catalog.function(named.name).__globals__.get("TAPS", ()))
        step = Step(named.name, values, 1, None, (), named.place, named.path)
        return _finished(kind, named.name, (step,), self.scope, True, place)

    def _written(self, kind: str, written: Written, place: Place, path: str) -> Section:
        scope = self._own_scope(written.settings, path)
        owner = f"the {kind}"
        self.reader.resolver = Resolver(scope, owner, self.faults)
        given = written.settings.get("dilate")
        dilate = given is None or self.reader.read(DILATE, given, f"{path}.dilate") is not False
        section = self._steps(kind, None, written.templates(self.faults), scope, dilate, place, owner)
        return self._ended(section, written.settings, path)

    def _part(self, kind: str, named: Named, place: Place, file: Path) -> Section:
        part = load_part(kind, named.name, file)
        self.faults.extend(lint_part(part, self.catalog).faults)
        scope = self._part_scope(part, named)
        owner = f"{kind} '{part.name}'"
        self.reader.resolver = Resolver(scope, owner, self.faults)
        dilate = self.reader.read(DILATE, part.dilate, f"{kind}.dilate")
        section = self._steps(kind, part.name, part.steps, scope, dilate is not False, place, owner)
        return self._ended(section, named.arguments, named.path)

    def _ended(self, section: Section, settings: Table, path: str) -> Section:
        """The section up to the step, or the unit of a step, that its settings name."""
        given = settings.get(UNTIL)
        if given is None:
            return section
        until = self.reader.read(LAST_STEP, given, f"{path}.{UNTIL}")
        if until is INVALID:
            return section
        try:
            found = cut_section(section, until)
        except Problem as problem:
            self.faults.append(problem.at(given.place, f"{path}.{UNTIL}"))
            return section
        gone = {step.id for step in found.cut}
        self.section_ids = [name for name in self.section_ids if name not in gone]
        return found

    def _own_scope(self, settings: Table, path: str) -> dict[str, Scoped]:
        """The network's scope, with what the section sets for itself."""
        scope = dict(self.scope)
        for name in SECTION_SCOPE:
            given = settings.get(name)
            if given is not None:
                node = Resolver(self.scope, path, self.faults).deep(given, f"{path}.{name}")
                value = self.reader.read(SECTION_KINDS[name], node, f"{path}.{name}")
                scope[name] = scope[name] if value is INVALID else Scoped(Scalar(value, node.place), f"{path}.{name}")
        return scope

    def _part_scope(self, part: Part, named: Named) -> dict[str, Scoped]:
        outer = Resolver(self.scope, named.path, self.faults)
        scope = self._own_scope(named.arguments, named.path)
        inner = Resolver(scope, named.path, self.faults)
        declared = {}
        for name, default in part.arguments.entries.items():
            given, path = named.arguments.get(name), f"{named.path}.{name}"
            node = outer.deep(given, path) if given is not None else inner.deep(default.node, path)
            declared[name] = Scoped(node, path)
        return scope | declared

    def _steps(
        self,
        kind: str,
        name: str | None,
        steps: tuple[StepTemplate, ...],
        scope: Scope,
        dilate: bool,
        place: Place,
        owner: str,
    ) -> Section:
        self.reader.resolver = Resolver(scope, owner, self.faults)
        found = [self._step(step) for step in steps]
        return _finished(kind, name, tuple(step for step in found if step), scope, dilate, place)

    def _step(self, step: StepTemplate) -> Step | None:
        self._check_inputs(step)
        signature = self.reader.signature(step.block, step.place, step.path)
        if signature is None:
            return None
        values = self._arguments(step, signature)
        repeat = 1 if step.repeat is None else self.reader.read(REPEAT, step.repeat, f"{step.path}.repeat")
        return Step(step.block, values, repeat, step.id, step.inputs, step.place, step.path)

    def _arguments(self, step: StepTemplate, signature: Signature) -> dict[str, Any]:
        known = _PLAIN_ARGUMENTS.get(step)
        if known and known[0] is signature:
            return known[1]
        before = len(self.faults)
        values = self.reader.arguments(signature, step.arguments, step.arguments_path, step.place)
        if step.is_plain and len(self.faults) == before:
            _PLAIN_ARGUMENTS[step] = (signature, values)
        return values

    def _check_inputs(self, step: StepTemplate) -> None:
        visible = [*self.section_ids, *self.ids, "input"]
        for name in step.inputs:
            if name not in visible and not self.blind:
                remedy = nearest(name, visible) or "Give an earlier step an id"
                self.reader.fault(f"no step before has the id '{name}'", remedy, f"{step.path}.from", step.inputs_place)
        if step.id is not None:
            if step.id in self.section_ids or step.id in (*SECTIONS, "input"):
                remedy = "Write another id"
                self.reader.fault(f"the id '{step.id}' is taken", remedy, f"{step.path}.id", step.id_place)
            self.section_ids.append(step.id)


def _finished(
    kind: str, name: str | None, steps: tuple[Step, ...], scope: Scope, dilate: bool, place: Place
) -> Section:
    width, variant = scope["width_multiplier"].node, scope["variant"].node
    return Section(kind, name, steps, dilate, place, plain(width), plain(variant))


_PLAIN_ARGUMENTS: WeakKeyDictionary[StepTemplate, tuple[Signature, dict[str, Any]]] = WeakKeyDictionary()
