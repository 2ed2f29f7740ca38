"""Plain scalars by the core schema of YAML 1.2: no `yes`/`on`, no `1:30`, `012` is twelve, `1e-3` is a number."""

from __future__ import annotations

import math
import re

from archspec.errors import Problem
from archspec.spec.nodes import Plain

PATTERNS = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}
_KIND = re.compile("|".join(f"(?P<{name}_>{pattern})" for name, pattern in PATTERNS.items() if name != "null"))
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_LARGEST = 2**63


def resolve(text: str) -> Plain:
    """The value of an unquoted scalar. Raises `Problem` for a number that no spec can mean."""
    if text in _NULLS:
        return None
    match = _KIND.fullmatch(text)
    if match is None:
        return text
    if match.lastgroup == "bool_":
        return text.lower() == "true"
    return _integer(text) if match.lastgroup == "int_" else _real(text)


def _integer(text: str) -> int:
    if len(text) > 40:
        raise Problem(f"number too large ({text[:12]}…)", "Write a number below 2^63")
    value = int(text, 8) if text.startswith("0o") else int(text, 16) if text.startswith("0x") else int(text)
    if abs(value) >= _LARGEST:
        raise Problem(f"number too large ({text})", "Write a number below 2^63")
    return value


def _real(text: str) -> float:
    value = math.inf if text.lower().lstrip("+-") in (".inf", ".nan") else float(text)
    if not math.isfinite(value):
        raise Problem(f"not a finite number ({text[:40]})", "Write a number")
    return value
