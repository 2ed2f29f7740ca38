"""How often a command traces, exports and prices: each network once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archspec import export as export_room
from archspec.measures import _device
from archspec.network import network as home
from archspec.network import reference
from tests.cli.runner import run

STUDY = """
name: walk
spec: {extends: shufflenetv2_basic, input: {size: [64, 64]}, width_multiplier: {choose: [0.5, 1.0, 1.5, 2.0]}}
objectives: {params: minimize, gflops: minimize}
sampler: random
budget: {evaluations: 2}
"""
TABLE = """
base: shufflenetv2_basic
overrides: ["input.size=[64,64]"]
variants: {half: {width_multiplier: 0.5}}
procedure: quick
metrics: [params, gflops, tflite_mb, latency_ms, latency_ratio]
"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Counter[str]:
    """How often each was done since; nothing is known from before, but which device this is: that is asked once a
    process, by opening a probe of a few kilobytes."""
    _device.device_conditions("host", 1)
    found: Counter[str] = Counter()
    for room, name in ((home, "trace"), (home, "price"), (export_room, "export")):
        monkeypatch.setattr(room, name, counting(found, name, getattr(room, name)))
    monkeypatch.chdir(tmp_path)
    home._RECENT.clear()
    reference.reference_model.cache_clear()
    _device.reference.cache_clear()
    return found


def counting(found: Counter[str], name: str, function: Any) -> Any:
    def counted(*given: Any, **named: Any) -> Any:
        found[name] += 1
        return function(*given, **named)

    return counted


def test_a_build_traces_its_network_and_the_reference(counted: Counter[str]) -> None:
    assert (
        run("build", "shufflenetv2_basic", "--set", "input.size=[64,64]", "--no-keras", "--procedure", "quick").code
        == 0
    )
    assert counted == {"trace": 2, "price": 1, "export": 2}


def test_an_ablation_of_two_rows_traces_two_networks_and_the_reference(counted: Counter[str]) -> None:
    Path("table.yaml").write_text(TABLE)
    assert run("ablate", "table.yaml").code == 0
    assert counted == {"trace": 3, "price": 2, "export": 3}
    counted.clear()
    assert run("ablate", "table.yaml").code == 0
    assert counted["export"] == 0  # everything is known
    assert counted["trace"] <= 2


def test_a_search_of_two_trials_traces_two_networks_and_each_option_once(counted: Counter[str]) -> None:
    """Of the four options it is learnt which are alike, so that the cheapest of equivalents is evaluated."""
    Path("study.yaml").write_text(STUDY)
    assert run("search", "study.yaml").code == 0
    assert counted == {"trace": 2 + 4, "price": 2}
