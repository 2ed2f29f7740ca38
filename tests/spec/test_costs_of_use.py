"""The spec language stays light: what it imports, and how long a search waits for it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.spec import expand, load, override, parse

HEAVY = ("numpy", "pydantic", "rich", "click", "tensorflow", "keras", "pandas", "optuna", "difflib", "json", "asyncio")


def test_import_is_light(root: Path) -> None:
    code = f"import sys, archspec.spec; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert found.stdout.strip() == "[]"


def fastest(action: object, times: int = 20) -> float:
    """The fastest of some calls, in milliseconds."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()  # type: ignore[operator]
        best = min(best, time.perf_counter() - start)
    return best * 1000


@pytest.mark.alone
def test_a_search_does_not_wait_for_the_spec_language() -> None:
    """Limits have room for a busy machine: measured 0.1 ms, 0.1 ms and 0.5 ms."""
    spec = load("shufflenetv2_dpc")
    specs = [override(spec, [f"width_multiplier={width}"]) for width in (0.5, 1.0, 1.5, 2.0)]
    assert fastest(lambda: [expand(other) for other in specs]) / 4 < 1.0
    assert fastest(lambda: override(spec, ["head.filters=128", "width_multiplier=0.5"])) < 1.0
    assert fastest(lambda: load("shufflenetv2_dpc")) < 5.0


@pytest.mark.alone
def test_hostile_text_is_refused_quickly() -> None:
    items = {"a": "x", "b": "*a", "c": "*b", "d": "*c", "e": "*d", "f": "*e"}
    aliases = "".join(f"{key}: &{key} [{', '.join([item] * 50)}]\n" for key, item in items.items())
    for text in ("[" * 900_000, "{a: " * 200_000, aliases, "a: " + "1" * 900_000, "- " * 400_000):
        start = time.perf_counter()
        with pytest.raises(UserError, match=r"nested deeper|more than 20,000|number too large|not valid YAML"):
            parse(text)
        assert time.perf_counter() - start < 2.0
