"""A block's Python signature as the grammar of its arguments."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from archspec.errors import Problem
from archspec.graph import Range
from archspec.spec.composite_kinds import ListKind, MappingKind, RecordKind, TupleKind, UnionKind
from archspec.spec.kinds import AnyKind, BoolKind, Kind, LiteralKind, NullKind, NumberKind, TextKind
from archspec.spec.words import CONTEXT

_SCALARS: dict[Any, Kind] = {
    int: NumberKind(),
    float: NumberKind(real=True),
    bool: BoolKind(),
    str: TextKind(),
    None: NullKind(),
    type(None): NullKind(),
    Any: AnyKind(),
    object: AnyKind(),
    inspect.Parameter.empty: AnyKind(),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that a step may write."""

    name: str
    kind: Kind
    required: bool
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a block takes from YAML. `many_inputs`: it reads a sequence of tensors (`from: [a, b]`); None is unknown."""

    name: str
    parameters: Mapping[str, Parameter]
    required: tuple[str, ...]
    many_inputs: bool | None
    description: str
    line: int


@cache
def signature_of(function: Callable[..., Any]) -> Signature:
    """The signature of a block function. Raises `Problem` for an annotation that cannot be checked."""
    parameters = inspect.signature(function).parameters.values()
    written = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in CONTEXT]
    hints = _hints(function, {p.name: p.annotation for p in written})
    notes = _argument_notes(inspect.getdoc(function) or "")
    found = {}
    for parameter in written:
        try:
            kind = kind_of(hints.get(parameter.name, parameter.annotation))
        except Problem as problem:
            raise Problem(f"{problem.fact} in argument '{parameter.name}'", problem.remedy) from None
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        name = parameter.name.removesuffix("_")  # `name_` is the argument `name`, which the network fills in otherwise
        found[name] = Parameter(name, kind, required, default, notes.get(name, ""))
    code = getattr(function, "__code__", None)
    return Signature(
        name=getattr(function, "__name__", "block"),
        parameters=found,
        required=tuple(name for name, parameter in found.items() if parameter.required),
        many_inputs=_reads_many(function),
        description=_description(function),
        line=code.co_firstlineno if code else 1,
    )


def _hints(function: Callable[..., Any], annotations: dict[str, Any]) -> dict[str, Any]:
    """Annotations evaluated in the block's module; those of the tensor are left alone."""
    named = {name: hint for name, hint in annotations.items() if hint is not inspect.Parameter.empty}
    holder = types.SimpleNamespace(__annotations__=named)
    scope = getattr(inspect.unwrap(function), "__globals__", {})  # of the function itself, where it is wrapped
    try:
        return typing.get_type_hints(holder, globalns=scope, localns=scope, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise Problem(f"an annotation cannot be read ({error})", "Import what it names at run time") from None


def _reads_many(function: Callable[..., Any]) -> bool | None:
    """Told from the text of the annotation: the tensor's class belongs to another room."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.kind is first.KEYWORD_ONLY or first.annotation is first.empty:
        return None
    hint = first.annotation
    options = [option.strip() for option in (hint if isinstance(hint, str) else str(hint)).split("|")]
    many = ["Sequence[" in option or option.startswith(("list[", "tuple[")) for option in options]
    return many[0] if len(set(many)) == 1 else None


def _description(function: Callable[..., Any]) -> str:
    module = inspect.getmodule(function)
    return (inspect.getdoc(function) or (inspect.getdoc(module) if module else None) or "").strip()


def _argument_notes(text: str) -> dict[str, str]:
    """`name: what it is` lines of an `Args:` paragraph."""
    notes: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        if line.strip() in ("Args:", "Arguments:"):
            inside = True
        elif inside and ":" in line and line.startswith(" "):
            name, _, note = line.strip().partition(":")
            notes[name.strip()] = note.strip()
        elif line.strip():
            inside = False
    return notes


def kind_of(hint: Any) -> Kind:
    """The kind of an annotation. Raises `Problem` for one that the spec language has no form for."""
    try:
        if hint in _SCALARS:
            return _SCALARS[hint]
    except TypeError:
        pass
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _limited(kind_of(inside[0]), inside[1:])
    if origin is typing.Literal:
        return LiteralKind(inside)
    if origin in (typing.Union, types.UnionType):
        return UnionKind(tuple(kind_of(option) for option in inside))
    if typing.is_typeddict(hint):
        return _record(hint)
    if hint is tuple or hint is list or hint is Sequence:
        return ListKind(AnyKind())
    if origin is tuple and not (len(inside) == 2 and inside[1] is Ellipsis):
        return TupleKind(tuple(kind_of(item) for item in inside))
    if origin in (Sequence, list, tuple):
        return ListKind(kind_of(inside[0]))
    if origin is Mapping:
        return MappingKind(kind_of(inside[1]))
    raise Problem(
        f"the annotation {hint!r} cannot be checked",
        "Use int, float, bool, str, Literal, tuple, Sequence or TypedDict",
    )


def _limited(kind: Kind, extras: tuple[Any, ...]) -> Kind:
    """Bounds from the first `Range` in `Annotated`; they apply to every number in a union."""
    limits = next((extra for extra in extras if isinstance(extra, Range)), None)
    return kind if limits is None else _with_limits(kind, limits)


def _with_limits(kind: Kind, limits: Range) -> Kind:
    if isinstance(kind, NumberKind):
        return NumberKind(kind.real, limits)
    if isinstance(kind, UnionKind):
        return UnionKind(tuple(_with_limits(option, limits) for option in kind.options))
    if isinstance(kind, TupleKind):
        return TupleKind(tuple(_with_limits(item, limits) for item in kind.items))
    if isinstance(kind, ListKind):
        return ListKind(_with_limits(kind.item, limits))
    if isinstance(kind, MappingKind):
        return MappingKind(_with_limits(kind.value, limits))
    return kind


def _record(hint: Any) -> RecordKind:
    hints = typing.get_type_hints(hint, include_extras=True)
    fields, required = {}, []
    for name, field in hints.items():
        needed = name in hint.__required_keys__
        origin = typing.get_origin(field)
        if origin in (typing.Required, typing.NotRequired):  # unseen by __required_keys__ when annotations are text
            needed, field = origin is typing.Required, typing.get_args(field)[0]
        fields[name] = kind_of(field)
        if needed:
            required.append(name)
    return RecordKind(fields, tuple(required), (hint.__doc__ or "").strip())
