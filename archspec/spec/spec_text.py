"""A spec as YAML text: every default written out, `parse(dump(spec)) == spec`."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

from archspec.spec.document import Spec
from archspec.spec.expanded import AuxiliaryHead, ExpandedSpec, Section, Step
from archspec.spec.words import AUXILIARY, NONE, QUANTIZATION, SECTION_SCOPE, SECTIONS, UNTIL, UNWRITTEN
from archspec.spec.yaml_text import PATTERNS

_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):  # type: ignore[misc]
    """Quotes what the core schema of YAML 1.2 would not read as text, and writes no anchors."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def ignore_aliases(self, data: object) -> bool:
        return True


for _name, _pattern in PATTERNS.items():
    for _first in [*"-+.0123456789tTfFnN~", ""]:
        _Dumper.yaml_implicit_resolvers.setdefault(_first, []).append(
            (f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"))
        )
_Dumper.yaml_implicit_resolvers.setdefault("<", []).append(("tag:yaml.org,2002:merge", re.compile("^<<$")))


_YAML_1_1: Any = yaml.resolver.Resolver()


def _text(dumper: Any, value: str) -> Any:
    """Text in quotes where a reader of YAML 1.1 would see something else (`no`, `1:30`)."""
    tag = "tag:yaml.org,2002:str"
    style = None if _YAML_1_1.resolve(yaml.ScalarNode, value, (True, False)) == tag else "'"
    return dumper.represent_scalar(tag, value, style=style)


_Dumper.add_representer(float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", repr(value)))
_Dumper.add_representer(str, _text)


def dump(spec: Spec) -> str:
    """The spec as YAML text, with `extends` and overrides merged and every default written out."""
    return dump_plain(spec.values)


def dump_expanded(network: ExpandedSpec) -> str:
    """An expanded network as a spec again: every part and selector written out, so it depends on no part file."""
    image = {"size": list(network.input_size), "dtype": network.dtype, "channels": network.channels}
    if network.deep_range is not None:
        image["deep_range"] = list(network.deep_range)
    written = [
        kind for kind in SECTIONS if kind not in UNWRITTEN or any(kind == part.kind for part in network.sections)
    ]
    sections = dict.fromkeys(written, NONE) | {part.kind: _section(network, part) for part in network.sections}
    top: dict[str, Any] = {"name": network.name, "source": network.source}
    top["input"] = image | {"preprocess": sections.pop("preprocess")}
    for key in ("classes", "width_multiplier", "output_stride", "variant"):
        top[key] = getattr(network, key)
    if network.weights is not None:
        weights = network.weights
        optional = {"format": weights.format, "only": list(weights.only), "source": weights.source}
        top["weights"] = {"file": weights.file} | {key: value for key, value in optional.items() if value}
    heads = [_auxiliary(network, head) for head in network.auxiliary]
    top |= sections | ({AUXILIARY: heads} if heads else {})
    quantization = network.quantization.values
    return dump_plain(top | ({QUANTIZATION: quantization} if quantization else {}))


def _auxiliary(network: ExpandedSpec, head: AuxiliaryHead) -> dict[str, Any]:
    """Without the classifier, which follows by itself."""
    written = [section for section in head.sections if section.kind.endswith(".head")]
    return {"from": head.source, "head": _section(network, written[0]) if written else NONE, "weight": head.weight}


def _section(network: ExpandedSpec, section: Section) -> Any:
    own = {key: getattr(section, key) for key in SECTION_SCOPE if getattr(section, key) != getattr(network, key)}
    if not section.dilate:
        own["dilate"] = False
    if section.until:
        own[UNTIL] = section.until
    steps = [_step(step) for step in (*section.steps, *section.cut)]
    if not own and len(steps) == 1 and section.steps[0].block == section.name:
        return steps[0]
    return own | {"steps": steps} if own else steps


def _step(step: Step) -> Any:
    reserved: dict[str, Any] = {"repeat": step.repeat} if step.repeat != 1 else {}
    if step.id is not None:
        reserved["id"] = step.id
    if step.inputs:
        reserved["from"] = step.inputs[0] if len(step.inputs) == 1 else list(step.inputs)
    if not step.arguments and not reserved:
        return step.block
    return {step.block: _listed(dict(step.arguments)), **reserved}


def _listed(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def dump_plain(value: Any) -> str:
    """Plain Python as YAML text that reads back as the same."""
    return str(
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120)
    )
