"""JSON Schema (2020-12) of the spec language, for completion, hover and checks in an editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.spec.auxiliary import KINDS
from archspec.spec.document import DEFAULTS, INPUT_KINDS, TOP_KINDS
from archspec.spec.kinds import Schema
from archspec.spec.lint import DILATE, REPEAT, SECTION_KINDS, lint_part
from archspec.spec.nodes import plain
from archspec.spec.parts import Part, load_part
from archspec.spec.signatures import Signature, signature_of
from archspec.spec.words import (
    AUXILIARY,
    NONE,
    OUTPUT_STRIDES,
    SECTION_DEFAULTS,
    SECTION_SETTINGS,
    SECTIONS,
    SELECTED_BY,
    TOGETHER,
    TOP_SECTIONS,
    VARIANTS,
)  # fmt: skip

_HOVER = {
    "name": "The network's name; default: the file's stem.",
    "source": "Where the network comes from: a paper, a table.",
    "extends": "Another spec to build on: a path relative to this file, or the name of a bundled spec.",
    "input": "The image: its size, its element type, and the preprocessing inside the graph.",
    "classes": "How many classes the network tells apart.",
    "width_multiplier": "Scales the channels of the backbone.",
    "output_stride": "Input size over the size of the backbone's features; further strides become dilation.",
    "variant": "Where paper and reference code differ, which to follow.",
    "weights": "A file of trained weights to begin with: a path relative to this file, or {file, format, only}; none.",
    "size": "[height, width] in pixels, or one number for a square.",
    "dtype": "Element type of the input tensor.",
    "channels": "Channels of the input image.",
    "deep_range": "[low, high]: the numbers of images of more than 8 bits that become 0 and 255.",
    "scale": "The share of the image's size that the network sees: it is resized inside the graph, bilinearly.",
    "preprocess": "What is done to the image inside the graph.",
    "backbone": "The feature extractor: a name, {NAME: {arguments}}, or a list of steps.",
    "neck": "What joins maps of several strides of the backbone: none, a name, {NAME: {arguments}}, or steps.",
    "head": "What reads the features of backbone or neck: none, a name, {NAME: {arguments}}, or a list of steps.",
    "classifier": "Features to one score a class; where nothing is written, what the decoder wants: none for features.",
    "decoder": "Scores back to the input's size.",
    "auxiliary": "Further heads for training only, left out of cost and export: [{from: ID, head: …, weight: 0.4}].",
    "quantization": "How an int8 file is made: keep_float (layers, sections, first, last), ranges, bias_correction.",
    "together": "Choices that set several paths at once: {NAME: {choose: [{LABEL: {PATH: VALUE}}]}}.",
    "output": "The last step: argmax gives the class of each pixel, sigmoid masks of each class, none the scores.",
}


def json_schema(catalog: Catalog | None = None) -> dict[str, Any]:
    """The schema of a whole spec. `backbone` is required unless `extends` or `together` is there."""
    from archspec.spec.sources import bundled_catalog

    catalog = catalog or bundled_catalog()
    properties: Schema = {"extends": {"type": "string", "description": _HOVER["extends"]}}
    for key, kind in TOP_KINDS.items():
        inner = kind.schema(_value)
        properties[key] = (inner if key in ("name", "source") else _choice_of(inner)) | _notes(key)
    image = {key: _choice_of(_image_schema(key)) | _notes(key) for key in INPUT_KINDS}
    image["preprocess"] = _ref("section.preprocess") | _notes("preprocess")
    properties["input"] = {"type": "object", "properties": image, "additionalProperties": False} | _notes("input")
    for section in TOP_SECTIONS:
        properties[section] = _ref(f"section.{section}") | _notes(section)
    properties[AUXILIARY] = _auxiliary_schema() | {"description": _HOVER[AUXILIARY]}
    properties[TOGETHER] = _together_schema(properties) | {"description": _HOVER[TOGETHER]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archspec spec",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [{"required": ["backbone"]}, {"required": ["extends"]}, {"required": [TOGETHER]}],
        "$defs": _definitions(catalog),
    }


def _together_schema(properties: Schema) -> Schema:
    """Paths that are keys have the schema of the key; longer ones have any value. A label stands for a parent's."""
    known = {key: one for key, one in properties.items() if key not in ("extends", "name")}
    changes: Schema = {"type": ["object", "null"], "properties": known}
    label: Schema = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": changes}
    choice: Schema = {"anyOf": [_choose(label), {"type": ["string", "number", "boolean"]}]}
    return {"type": "object", "additionalProperties": choice}


def _auxiliary_schema() -> Schema:
    inside: Schema = {key: _choice_of(kind.schema(_choice_of)) for key, kind in KINDS.items()}
    inside["head"] = _ref("section.head")
    item = {"type": "object", "properties": inside, "required": ["from"], "additionalProperties": False}
    listed: Schema = {"anyOf": [{"const": NONE}, {"type": "array", "items": item}]}
    return {"anyOf": [listed, _choose(listed)]}


def _image_schema(key: str) -> Schema:
    inner = INPUT_KINDS[key].schema(_choice_of)
    return {"anyOf": [inner, {"type": "integer", "minimum": 1}]} if key == "size" else inner


def _notes(key: str) -> Schema:
    default = DEFAULTS.get(key, None if key == "classifier" else SECTION_DEFAULTS.get(key))
    return {"description": _HOVER[key]} | ({} if default in (None, "") else {"default": default})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _value(inner: Schema) -> Schema:
    """Where an argument's value may stand, so may a selector or a choice."""
    return {"anyOf": [inner, _ref("selector"), _ref("choice")]}


def _choice_of(inner: Schema) -> Schema:
    return {"anyOf": [inner, _ref("choice")]}


def _definitions(catalog: Catalog) -> Schema:
    found: Schema = {"selector": _selector(), "choice": _choice(catalog), "step": _step(catalog)}
    for name in catalog.blocks():
        found[f"block.{name}"] = _arguments(signature_of(catalog.function(name)))
    for kind in SECTIONS:
        found[f"section.{kind}"] = _section(kind, catalog)
        for name, path in catalog.parts(kind).items():
            found[f"{kind}.{name}"] = _part(load_part(kind, name, path), path, catalog)
    return found


def _arguments(signature: Signature) -> Schema:
    """A block's arguments; the block's docstring is the hover text."""
    properties = {}
    for name, parameter in signature.parameters.items():
        notes: Schema = {"description": parameter.description} if parameter.description else {}
        if not parameter.required and _is_json(parameter.default):
            notes["default"] = _as_json(parameter.default)
        properties[name] = _value(parameter.kind.schema(_value)) | notes
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if signature.required:
        return found | {"required": list(signature.required), "description": signature.description}
    return {
        "type": ["object", "null"],
        **{k: v for k, v in found.items() if k != "type"},
        "description": signature.description,
    }


def _is_json(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    return value is None or isinstance(value, bool | int | float | str)


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def _part(part: Part, path: Path, catalog: Catalog) -> Schema:
    """What a part takes: its declared arguments, of the kinds of the values they stand for."""
    uses = lint_part(part, catalog).uses
    properties = _own_scope()
    for name, entry in part.arguments.entries.items():
        kinds = [kind.schema(_value) for kind in uses.get(name, [])]
        inner = kinds[0] if len(kinds) == 1 else ({"allOf": kinds} if kinds else {})
        properties[name] = _value(inner) | {"default": plain(entry.node)}
    return {
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
        "description": catalog.summary(path),
    }


def _named(names: dict[str, str]) -> list[Schema]:
    """`NAME`, or `{NAME: arguments}`; `names` maps each to its definition."""
    one = {name: _ref(definition) for name, definition in names.items()}
    table = {"type": "object", "properties": one, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return [{"enum": list(names)}, table] if names else []


def _choose(item: Schema) -> Schema:
    options = {"type": "array", "items": item, "minItems": 1}
    return {"type": "object", "properties": {"choose": options}, "required": ["choose"], "additionalProperties": False}


def _section(kind: str, catalog: Catalog) -> Schema:
    names = {name: f"block.{name}" for name in catalog.blocks()}
    names |= {name: f"{kind}.{name}" for name in catalog.parts(kind)}
    steps: Schema = {"type": "array", "items": _ref("step"), "minItems": 1}
    settings = {"dilate": _value(DILATE.schema(_value)), **_own_scope()}
    written = {"type": "object", "properties": {"steps": steps, **settings}, "required": ["steps"]}
    forms: list[Schema] = [] if kind == "backbone" else [{"const": NONE}]
    forms += [*_named(names), steps, written | {"additionalProperties": False}, _choose(_ref(f"section.{kind}"))]
    forms += [_generator(name, catalog) for name in catalog.generators()]
    return {"anyOf": forms}


def _own_scope() -> Schema:
    note = {"description": "For this section only."}
    return {name: _value(SECTION_KINDS[name].schema(_value)) | note for name in SECTION_SETTINGS}


def _step(catalog: Catalog) -> Schema:
    blocks = {name: _ref(f"block.{name}") for name in catalog.blocks()}
    identifier = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
    reserved: Schema = {
        "repeat": _value(REPEAT.schema(_value)) | {"description": "How many times in a row."},
        "id": identifier | {"description": "A name that later steps can read with 'from'."},
        "from": {
            "anyOf": [identifier, {"type": "array", "items": identifier, "minItems": 1}],
            "description": "Which earlier steps to read, instead of the one before.",
        },
    }
    forms: list[Schema] = [{"enum": list(blocks)}] if blocks else []
    forms.append({"type": "object", "properties": blocks | reserved, "additionalProperties": False})
    forms.append(_choose(_ref("step")))
    return {"anyOf": forms}


def _one(word: str, inner: Schema, text: str) -> Schema:
    return {
        "type": "object",
        "properties": {word: inner},
        "required": [word],
        "additionalProperties": False,
        "description": text,
    }


def _selector() -> Schema:
    keys = {"by_width": None, "by_variant": VARIANTS, "by_output_stride": tuple(map(str, OUTPUT_STRIDES))}
    forms = []
    for word, name in SELECTED_BY.items():
        listed = keys[word]
        cases: Schema = {"type": "object", "minProperties": 1}
        if listed:
            cases |= {"properties": {key: {} for key in listed}, "additionalProperties": False}
        forms.append(_one(word, cases, f"The value for each {name}."))
    forms.append(_one("argument", {"type": "string"}, "The value of a declared argument."))
    scaled = {"description": "filters, or {filters, divisor, minimum}"}
    forms.append(_one("scaled", scaled, "Times the width multiplier, rounded to a multiple of 8."))
    return {"anyOf": forms}


def _generator(name: str, catalog: Catalog) -> Schema:
    return _one(name, _arguments(signature_of(catalog.generator(name))), catalog.summary(catalog.generators()[name]))


def _choice(catalog: Catalog) -> Schema:
    number = {"type": "number"}
    bounds = {"from": number, "to": number, "step": number, "log": {"type": "boolean"}}
    inside = {"type": "object", "properties": bounds, "required": ["from", "to"], "additionalProperties": False}
    forms = [
        _one("choose", {"type": "array", "minItems": 1}, "One of these values."),
        _one("range", inside, "A number between two bounds."),
    ]
    forms += [_generator(name, catalog) for name in catalog.generators()]
    return {"anyOf": forms}
