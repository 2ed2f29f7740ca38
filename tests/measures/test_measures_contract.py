"""What every measure keeps to. A new file in archspec/measures/ is found by itself."""

import ast
import math
import re
from pathlib import Path
from typing import Any

import pytest

import archspec.measures as room
from archspec.errors import UserError
from archspec.measures import RUNGS, SCREEN, Settings, check_settings, measure_named, measures
from archspec.measures._case import Case
from archspec.measures._training import OF_CLASSIFIERS
from archspec.record import Record
from archspec.spec import load
from tests.measures.measured import case, planted

__all__ = ["planted"]
NAMES = measures()
OF_MAPS = [name for name in NAMES if name not in OF_CLASSIFIERS]  # the others: tests/train/test_classification.py


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_says_what_it_is(name: str) -> None:
    one = measure_named(name)
    assert (one.name, one.better in ("less", "more"), one.rung in RUNGS) == (name, True, True)
    assert len(one.description) > 10
    assert one.seconds >= 0
    assert not (one.tensorflow and one.rung in (*SCREEN, "host"))
    assert one.unit in name or not one.unit or name.rpartition("_")[2] in ("mb", "ms", "ms2") or len(one.unit) > 1


@pytest.mark.parametrize("name", NAMES)
def test_heavy_libraries_wait(name: str) -> None:
    """At import a measure needs our own modules alone."""
    tree = ast.parse((Path(room.__file__).parent / f"{name}.py").read_text("utf-8"))
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name for node in tops]
    allowed = (
        "archspec.measures",
        "archspec.network",
        "archspec.arrays",
        "archspec.record",
        "archspec.errors",
        "__future__",
        "typing",
        "hashlib",
        "math",
        "pathlib",
    )
    assert all(module.startswith(allowed) for module in modules), modules


@pytest.mark.parametrize("name", OF_MAPS)
def test_a_measure_is_taken_under_conditions_known_before(name: str, planted: Settings) -> None:
    one, tiny = measure_named(name), case(planted)
    before = Record(tiny.network.hash, name, None, conditions=one.conditions(tiny))
    reading = one.take(tiny)
    assert reading.fault or (reading.value is not None and math.isfinite(reading.value)), reading
    again = case(planted)
    after = Record(again.network.hash, name, reading.value, one.unit, conditions=one.conditions(again),
                   circumstances=reading.circumstances, samples=reading.samples)  # fmt: skip
    assert before.key == after.key
    assert {"input_height", "input_width"} <= after.conditions.keys()


@pytest.mark.parametrize("name", [name for name in OF_MAPS if measure_named(name).rung in ("proxy", "training")])
def test_another_seed_is_another_number(name: str, planted: Settings) -> None:
    one = measure_named(name)
    assert one.conditions(case(planted)) != one.conditions(case(planted, seed=1))
    assert one.conditions(case(planted))["seed"] == 0


def test_an_unknown_metric_is_told_the_nearest(planted: Settings) -> None:
    with pytest.raises(UserError, match=r"unknown metric 'gflop'. Did you mean 'gflops'?"):
        measure_named("gflop")
    with pytest.raises(UserError, match=r"'latency'.*\n.*unknown metric 'parms'. Did you mean 'params'?"):
        check_settings(Settings(("latency", "parms")))


def test_settings_are_checked_before_any_network() -> None:
    with pytest.raises(UserError) as found:
        check_settings(Settings(("miou", "proxy_miou", "params"), data=()))
    text = str(found.value)
    assert "'miou' trains, and no recipe is named for it. Name one in recipes, under miou" in text
    assert "'proxy_miou' needs data. Name a data set" in text
    with pytest.raises(UserError, match=r"unknown latency procedure 'quik'. Did you mean 'quick'?"):
        check_settings(Settings(("fps",), procedure="quik"))
    with pytest.raises(UserError, match=r"unknown precision 'int4'. Did you mean 'int8'?"):
        check_settings(Settings(("fps",), precision="int4"))


def test_every_measure_is_in_the_docs(root: Path) -> None:
    text = (root / "docs" / "measures.md").read_text("utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_the_measure_in_the_docs(root: Path) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", (root / "docs" / "measures.md").read_text("utf-8"), re.DOTALL)
    file: dict[str, Any] = {}
    exec(code, file)
    bare, whole = (Case(load(name), Settings(())) for name in ("shufflenetv2_basic", "shufflenetv2_dpc"))
    assert 0 < file["measure"](bare) < file["measure"](whole) < 1
    assert file["RUNG"] in RUNGS
