"""A spec as YAML text: every default written out, `parse(dump(spec)) == spec`."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

from archspec.spec.document import Spec
from archspec.spec.scalars import PATTERNS

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


def _float(dumper: Any, value: float) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value)


_Dumper.add_representer(float, _float)
_Dumper.add_representer(str, _text)


def dump(spec: Spec) -> str:
    """The spec as YAML text, with `extends` and overrides merged and every default written out."""
    return dump_plain(spec.values)


def dump_plain(value: Any) -> str:
    """Plain Python as YAML text that reads back as the same."""
    return str(
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120)
    )
