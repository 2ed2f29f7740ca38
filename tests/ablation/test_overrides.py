"""`--set` against what a row, a choice or a network beside a front says itself: named, or refused; never silent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from archspec.ablation import chosen, load_ablation
from archspec.ablation.rows import list_at
from archspec.errors import UserError
from archspec.spec import load
from tests.cli.runner import run

ROWS = """
name: a
base: camvid_shufflenetv2_05
variants: {plain: {}, wide: {width_multiplier: 1.0}}
grid: {output_stride: [8, 32]}
metrics: [params, gflops]
"""
LEFT_OUT = """
base: shufflenetv2_dpc
leave_one_out: head.dpc.branches
metrics: [params]
"""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(ROWS)
    return tmp_path / "a.yaml"


@pytest.mark.parametrize(
    ("changes", "unreached"),
    [
        ((), {}),
        (("width_multiplier=1.5",), {"--set width_multiplier=1.5": ("wide",)}),
        (("width_multiplier=1.0",), {}),  # wide has it already
        (("classes=5",), {}),
        (("output_stride=8",), {"--set output_stride=8": ("output_stride=32",)}),
        (({"width_multiplier": 1.5},), {"--width_multiplier": ("wide",)}),
        (("decoder=none", "width_multiplier=2.0"), {"--set width_multiplier=2.0": ("wide",)}),
    ],
)
def test_the_rows_that_a_change_does_not_reach(
    rows: Path, changes: tuple[str | Mapping[str, Any], ...], unreached: dict[str, tuple[str, ...]]
) -> None:
    assert dict(load_ablation(rows, overrides=changes).unreached) == unreached


def test_a_change_inside_what_rows_are_made_of_reaches_them(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(LEFT_OUT)
    branches = list_at(load("shufflenetv2_dpc"), "head.dpc.branches")[:3]
    found = load_ablation(tmp_path / "b.yaml", overrides=[{"head.dpc.branches": branches}])
    assert (len(found.rows), dict(found.unreached)) == (4, {})


def test_a_change_that_reaches_no_row_is_refused(rows: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_ablation("output_stride", overrides=["output_stride=16"])
    assert str(caught.value) == (
        "--set output_stride=16: changes no row: output_stride=8, output_stride=32 set it themselves. "
        "Leave it out, or change the ablation file"
    )
    result = run("ablate", str(rows), "--set", "output_stride=16")  # the base's own
    assert (result.code, result.out) == (2, "")


def test_tables_and_dry_runs_name_the_rows(rows: Path, tmp_path: Path) -> None:
    note = "--set width_multiplier=1.5 does not change wide: what is set there comes after it"
    arguments = ("ablate", str(rows), "--set", "width_multiplier=1.5", "--runs", str(tmp_path / "runs"))
    for more in ((), ("--format", "json"), ("--format", "markdown"), ("--dry-run",)):
        assert note.replace("_", "") in run(*arguments, *more).out.replace("_", "").replace("\\", "")
    only = chosen(load_ablation(rows, overrides=["width_multiplier=1.5"]), rows=["output_stride=8"])
    assert dict(only.unreached) == {}


def test_a_space_and_a_study_name_the_choices_that_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    closed = run("space", "width_stride_head", "--set", "width_multiplier=0.5", "--set", "head=basic")
    assert "closed by --set: width_multiplier, head (an open choice of the file)" in closed.out
    as_json = run("space", "width_stride_head", "--set", "head=basic", "--format", "json").json()
    assert as_json["closed_by_set"] == ["head"]
    assert "closed" not in run("space", "width_stride_head", "--set", "classes=5").out
    Path("study.yaml").write_text(
        "spec: camvid_shufflenetv2_05\nset: ['input.size=[32,48]']\n"
        "choices: {width_multiplier: {choose: [0.5, 1.0]}, output_stride: {choose: [16, 32]}}\n"
        "beside: {wide: {width_multiplier: 2.0, output_stride: 16}, other: shufflenetv2_basic}\n"
        "objectives: {params: minimize, gflops: minimize}\nsampler: random\nbudget: {evaluations: 1}\nworkers: 1\n"
    )
    said = run("search", "study.yaml", "--set", "width_multiplier=0.5", "--format", "csv").err
    assert "closed by --set: width_multiplier (an open choice of the file)" in said
    assert "--set width_multiplier=0.5 does not change wide, other: what is set there comes after it" in said
