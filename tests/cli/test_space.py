"""`archspec space`: the numbers, every format, the front, limits, and mistakes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.runner import run

SPACE = "width_stride_head"  # 4 widths × 2 strides × (basic + aspp of 2 + dpc of 2)
POINTS = 4 * 2 * 5


def test_json_tells_everything() -> None:
    found = run("space", SPACE, "--format", "json", "--limit", "gflops=0.5", "--limit", "params=1e6").json()
    assert (found["points"], found["looked_at"], found["built"], found["failed"]) == (POINTS, POINTS, POINTS, 0)
    assert (found["priced_all"], found["seed"], found["distinct"] + found["folded"]) == (True, None, POINTS)
    rows = list(csv.DictReader(io.StringIO(run("space", SPACE, "--format", "csv").out)))
    gflops = [float(row["GFLOPs (2 × GMACs)"]) for row in rows]
    params = [int(row["parameters"]) for row in rows]
    assert len(rows) == POINTS
    assert found["distribution"]["gflops"]["min"] == min(gflops)
    assert found["distribution"]["params"]["max"] == max(params)
    assert found["limits"]["gflops"]["share"] == sum(one <= 0.5 for one in gflops) / POINTS
    both = sum(a <= 0.5 and b <= 1e6 for a, b in zip(gflops, params, strict=True))
    assert found["fits_all_limits"] == both / POINTS


def test_a_point_of_the_front_costs_what_archspec_cost_says() -> None:
    front = run("space", SPACE, "--format", "json", "--front", "params,+gflops").json()["front"]
    assert len(front) > 1
    for point in front:
        sets = [f"--set={name}={gene}" for name, gene in point["genome"].items()]
        sheet = run("cost", SPACE, *sets, "--format", "json").json()
        assert point["prices"]["gflops"] == sheet["gflops"]
        assert point["prices"]["params"] == sheet["params"]


def test_tables_tell_points_and_sample() -> None:
    out = run("space", "dpc_cell", "--sample", "12", "--seed", "3", "--limit", "gflops=0.65").out
    assert out.startswith("dpc_cell: 418,414,128,120 points, 9 decisions\n")
    assert "a sample of 12 points, drawn evenly over the points (seed 3): 12 can be built, 12 of them distinct" in out
    assert "choices in head.dpc.branches" in out
    assert out == run("space", "dpc_cell", "--sample", "12", "--seed", "3", "--limit", "gflops=0.65").out
    assert out != run("space", "dpc_cell", "--sample", "12", "--seed", "4", "--limit", "gflops=0.65").out


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "space.md"
    assert run("space", SPACE, "--format", "markdown", "--output", str(target)).out == ""
    assert target.read_text().count("\n### ") == 1
    assert target.read_text().startswith("### width_stride_head: 40 points, 5 decisions\n")


def test_what_cannot_be_built_is_said() -> None:
    out = run("space", SPACE, "--set", "width_multiplier={choose: [0.5, 0.6]}").out
    assert "10 of 20 points (50.0 %) cannot be built:" in out
    assert "10 × width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.6)" in out


MISTAKES = [
    (("shufflenetv2_dpc",), "the spec 'shufflenetv2_dpc' has no open choices"),
    (("dpc_sell",), "Did you mean 'dpc_cell'"),
    ((SPACE, "--limit", "gfops=1"), "--limit: unknown price 'gfops'. Did you mean 'gflops'"),
    ((SPACE, "--limit", "gflops"), "--limit: not a limit ('gflops')"),
    ((SPACE, "--limit", "gflops=-1"), "not a limit"),
    ((SPACE, "--front", "params,params"), "names a price twice"),
    ((SPACE, "--front", ","), "--front names no price"),
    ((SPACE, "--sample", "0"), "--sample"),
    (
        (SPACE, "--set", "width_multiplier={choose: [0.6, 0.7]}"),
        "none of 20 points can be built. Most often: width_mul",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes(arguments: tuple[str, ...], message: str) -> None:
    result = run("space", *arguments)
    assert result.code == 2
    assert message in result.err
