"""The whole document: its top-level keys, and `Spec`, the value that stands for a checked one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.arrays import RANGE_CHOICES
from archspec.catalog import Catalog
from archspec.errors import Fault, UserError, mistyped, nearest
from archspec.graph import Range
from archspec.spec.auxiliary import auxiliary_form, lint_auxiliary
from archspec.spec.composite_kinds import ListKind, RecordKind, TupleKind, UnionKind
from archspec.spec.decoder_input import default_classifier, has_own_preprocessing, squeezing_fault
from archspec.spec.joint_choice import joint_form
from archspec.spec.kinds import BoolKind, Kind, LiteralKind, NumberKind, TextKind
from archspec.spec.lint import VARIANT, WIDTH, Allowed, Lint
from archspec.spec.nodes import BROKEN, Items, Node, Scalar, Table, from_plain, one_line, only_key, plain, shown
from archspec.spec.sections import section_form
from archspec.spec.special_values import CHOICES, Choice
from archspec.spec.words import (
    AUXILIARY,
    DTYPES,
    INPUT_KEYS,
    NONE,
    OUTPUT_STRIDES,
    QUANTIZATION,
    SECTION_DEFAULTS,
    TOGETHER,
    TOP_KEYS,
    TOP_SECTIONS,
    UNWRITTEN,
)  # fmt: skip

_SIDE = NumberKind(limits=Range(ge=1, le=16384), sample="224")
SIZE = TupleKind((_SIDE, _SIDE))
LONGEST_NAME = 100  # it becomes a part of the names of folders
NAME = TextKind(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "letters, digits, '_', '-' and '.'", LONGEST_NAME)
WEIGHTS = UnionKind(
    (
        TextKind(),
        RecordKind(
            {"file": TextKind(), "format": TextKind(), "only": ListKind(TextKind()), "source": TextKind()},
            required=("file",),
        ),
    )
)
QUANTIZATION_KIND = RecordKind(
    {
        "keep_float": ListKind(TextKind()),
        "ranges": LiteralKind(RANGE_CHOICES),
        "bias_correction": BoolKind(),
    }
)
TOP_KINDS: dict[str, Kind] = {
    "name": NAME,
    "source": TextKind(),
    "classes": NumberKind(limits=Range(ge=1, le=65536)),
    "width_multiplier": WIDTH,
    "output_stride": LiteralKind(OUTPUT_STRIDES),
    "variant": VARIANT,
    "weights": WEIGHTS,
    QUANTIZATION: QUANTIZATION_KIND,
}
INPUT_KINDS: dict[str, Kind] = {
    "size": SIZE,
    "dtype": LiteralKind(DTYPES),
    "scale": NumberKind(real=True, limits=Range(gt=0, le=1), sample="0.5"),
    "channels": NumberKind(limits=Range(ge=1, le=1024)),
    "deep_range": TupleKind((NumberKind(real=True, sample="0"), NumberKind(real=True, sample="65535"))),
}
DEFAULTS: dict[str, Any] = {
    "source": "",
    "classes": 19,
    "width_multiplier": 1.0,
    "output_stride": 16,
    "variant": "paper",
    "weights": NONE,
    QUANTIZATION: {},
}
INPUT_DEFAULTS: dict[str, Any] = {"size": [224, 224], "scale": 1.0, "dtype": "float32", "channels": 3}
_TEXT = Allowed(choices=False, selectors=False)
_TOP = Allowed(selectors=False, what="at the top level")
_INPUT = Allowed(selectors=False, what="in 'input'")
_SECTION = Allowed()


def default_name(file: str) -> str:
    """The name of a spec that does not give itself one: the stem of its file."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(file).stem).strip("_.-")
    return stem[:LONGEST_NAME] or "spec"


@dataclass(frozen=True, eq=False, repr=False)
class Spec:
    """A checked network description: a frozen value. Equality and hash look at what it says, not where it is written.

    `values` is the whole of it in plain Python with every default written out. A value may be a choice, as written
    (`{'choose': [0.5, 1.0]}`); selectors stand as written too, until `expand`. `document` is the merged tree with
    places, `catalog` where names are looked up, `source` where the network comes from (a paper, a table).
    """

    document: Table
    catalog: Catalog
    _choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        return str(self.values["name"])

    @property
    def source(self) -> str:
        return str(self.values["source"])

    @cached_property
    def values(self) -> dict[str, Any]:
        """The spec in plain Python, every default written out, one form for everything that has several."""
        return canonical(self.document, self.catalog)

    @cached_property
    def _key(self) -> Any:
        return freeze(self.values)

    def choices(self) -> tuple[Choice, ...]:
        """Every choice, in document order; one that lies inside an option of another names it as `parent`."""
        return self._choices

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Spec) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Spec({self.name!r})"


def freeze(value: Any) -> Any:
    """A hashable form in which `True` is not `1`, and key order does not matter."""
    if isinstance(value, dict):
        return frozenset((key, freeze(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(freeze, value))
    return ("bool", value) if isinstance(value, bool) else value


def size_node(node: Node) -> Node:
    """An image size as `[height, width]`: one number is a square."""
    if isinstance(node, Scalar) and type(node.value) is int:
        return Items((node, node), node.place)
    return node


def canonical(document: Table, catalog: Catalog) -> dict[str, Any]:
    """A checked document in plain Python with defaults; without a neck of none, and without `classifier`
    where an open decoder has to settle it.
    """
    given = document.get("input")
    image = given if isinstance(given, Table) else Table({})
    inside = {key: plain(image.get(key) or from_plain(INPUT_DEFAULTS[key])) for key in ("size", "dtype", "channels")}
    if "deep_range" in image.entries:
        inside["deep_range"] = plain(image.entries["deep_range"].node)
    scale = plain(image.get("scale") or from_plain(1.0))
    if scale != INPUT_DEFAULTS["scale"]:
        inside["scale"] = scale
    inside["size"] = plain(size_node(image.get("size") or from_plain(INPUT_DEFAULTS["size"])))
    together = joint_form(document.get(TOGETHER))
    if not together or "preprocess" in image.entries:  # what an option sets may want another default
        inside["preprocess"] = section_form(
            image.get("preprocess") or Scalar(default_section("preprocess", document, catalog))
        )
    found: dict[str, Any] = {"name": plain(document.entries["name"].node), "source": "", "input": inside}
    for key, default in DEFAULTS.items():
        node = document.get(key)
        found[key] = default if node is None else plain(node)
    if not found[QUANTIZATION]:
        del found[QUANTIZATION]
    if isinstance(found["width_multiplier"], int):
        found["width_multiplier"] = float(found["width_multiplier"])
    for kind in TOP_SECTIONS:
        node = document.get(kind)
        default = None if together else default_section(kind, document, catalog)
        form = section_form(node or Scalar(default))
        if (node is not None or default is not None) and not (kind in UNWRITTEN and form == NONE):
            found[kind] = form
    auxiliary = auxiliary_form(document.get(AUXILIARY))
    found |= {AUXILIARY: auxiliary} if auxiliary else {}
    return found | ({TOGETHER: together} if together else {})


def default_section(kind: str, document: Table, catalog: Catalog) -> str | None:
    """What a section is where nothing is written: for the classifier, what the decoder wants; for the preprocessing,
    none in front of a backbone that has its own."""
    if kind == "preprocess" and has_own_preprocessing(document.get("backbone"), catalog):
        return NONE
    if kind == "classifier":
        return default_classifier(document.get("decoder"), catalog)
    return SECTION_DEFAULTS.get(kind)


def check_document(document: Table, catalog: Catalog) -> tuple[list[Fault], tuple[Choice, ...]]:
    """Every fault of a merged document that can be found without choosing a width, and its choices."""
    lint = Lint(catalog)
    for key, entry in document.entries.items():
        if key not in TOP_KEYS:
            lint.fault(f"unknown key '{one_line(key)}'", _nearest_key(key), key, entry.place)
        elif key in TOP_KINDS:
            lint.allowed = _TEXT if key in ("name", "source") else _TOP
            lint.read(TOP_KINDS[key], entry.node, key)
        elif key == "input":
            _check_input(entry.node, lint)
        elif key in TOP_SECTIONS:
            lint.allowed = _SECTION
            lint.section(key, entry.node, key)
        elif key == AUXILIARY:
            lint_auxiliary(entry.node, lint, Allowed(selectors=False, what="beside an auxiliary head"), _SECTION)
    _check_defaults(document, lint)
    squeezing = squeezing_fault(document, catalog)
    if squeezing is not None:
        lint.faults.append(squeezing)
    return lint.faults, tuple(lint.choices.values())


def _check_defaults(document: Table, lint: Lint) -> None:
    """What is not written: the backbone must be, the other sections have names that must exist."""
    if "backbone" not in document.entries and "backbone" not in mistyped(document.entries, TOP_KEYS):
        options = ", ".join(list(lint.catalog.parts("backbone"))[:12])
        remedy = f"Write backbone: NAME. One of: {options}" if options else "Write backbone: NAME"
        lint.fault("missing key 'backbone'", remedy, "", document.place)
    lint.allowed = _SECTION
    image = document.get("input")
    if image is None or (isinstance(image, Table) and "preprocess" not in image.entries):
        place = image.place if image else document.place
        preprocess = default_section("preprocess", document, lint.catalog)
        lint.section("preprocess", Scalar(preprocess, place), "input.preprocess")
    for kind in TOP_SECTIONS[1:]:
        if kind not in document.entries:
            lint.section(kind, Scalar(SECTION_DEFAULTS[kind], document.place), kind)


def _nearest_key(key: str) -> str:
    return f"Write it inside input: {{{key}: …}}" if key in INPUT_KEYS else nearest(key, TOP_KEYS)


def _check_input(node: Node, lint: Lint) -> None:
    if not isinstance(node, Table):
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            lint.fault(f"must be a mapping ({shown(node)})", "Write input: {size: [224, 224]}", "input", node.place)
        return
    for key, entry in node.entries.items():
        path = f"input.{key}"
        if key == "preprocess":
            lint.allowed = _SECTION
            lint.section("preprocess", entry.node, path)
        elif key in INPUT_KINDS:
            lint.allowed = _INPUT
            lint.read(_size_kind(entry.node) if key == "size" else INPUT_KINDS[key], entry.node, path)
        else:
            at_top = key in TOP_KEYS and key != "name"
            remedy = f"Write '{key}' at the top level" if at_top else nearest(key, INPUT_KEYS)
            lint.fault(f"unknown key '{one_line(key)}'", remedy, path, entry.place)


def _size_kind(node: Node) -> Kind:
    """How a size is read: a choice may offer both forms, else only the form that is written is spoken of."""
    if only_key(node) in CHOICES:
        return UnionKind((_SIDE, SIZE))
    return _SIDE if size_node(node) is not node else SIZE


def raise_together(faults: list[Fault]) -> None:
    """Raise every fault in one error, in the order of their places, each said once."""
    if faults:
        unique: dict[object, Fault] = {}
        for fault in faults:
            unique.setdefault((fault.place, fault.message) if fault.place.line else fault, fault)
        raise UserError(sorted(unique.values(), key=lambda one: (one.place.file, one.place.line, one.place.column)))
