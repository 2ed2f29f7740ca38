"""A new block, a new backbone and a new spec: three files in a folder of one's own, and no other file changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runner import Result, run, run_process

GHOST = '''"""Ghost unit: half of the channels are made of the other half by a cheap depthwise convolution."""

from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.graph import Range, Tensor, layers


def ghost_unit(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=2, multiple_of=2)],
    stride: int = 1,
    dilation_rate: int = 1,
    name: str,
) -> Tensor:
    """Primary features by 1×1, ghosts by 3×3 depthwise."""
    if stride > 1:
        x = depthwise_bn(x, stride=stride, name=f"{name}/down")
    primary = conv_bn(x, filters=filters // 2, kernel=1, name=f"{name}/primary")
    ghosts = depthwise_bn(primary, dilation_rate=dilation_rate, activation="relu", name=f"{name}/cheap")
    return layers.Concatenate(name=f"{name}/concat")([primary, ghosts])


EXAMPLES = [((14, 14, 8), {"filters": 12})]
'''
GHOSTNET = """\
summary: A tiny GhostNet
source: nowhere
steps:
- conv_bn: {filters: 8, stride: 2}
  id: stem
- ghost_unit: {filters: {by_width: {0.5: 8, 1.0: 16}}, stride: 2}
- ghost_unit: {filters: {scaled: 32}, stride: 2}
  repeat: 3
  id: deep
- ghost_unit: {filters: 48, stride: 2}
"""
SPEC = """\
name: ghostly
input: {size: 64}
output_stride: 8
backbone: ghostnet
head: basic
decoder: bilinear
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "backbones").mkdir(parents=True)
    (folder / "ghost_unit.py").write_text(GHOST)
    (folder / "backbones" / "ghostnet.yaml").write_text(GHOSTNET)
    (folder / "ghostly.yaml").write_text(SPEC)
    return folder


# stem 3·8·9; unit: depthwise 9·8 down, 8 ghosts of 8; then 16; rates: 8 is reached at the third step, the last dilates
def expected_params() -> int:
    def unit(inside: int, filters: int, down: bool) -> int:
        half = filters // 2
        return (11 * inside if down else 0) + inside * half + 2 * half + 11 * half

    backbone = 216 + 16 + unit(8, 16, True) + unit(16, 32, True) + 2 * unit(32, 32, False) + unit(32, 48, False)
    head = 2 * (48 * 256 + 512) + 512 * 256 + 512
    return backbone + head + 257 * 19


@pytest.mark.parametrize("name", ["ghostly", "mine/ghostly.yaml"])
def test_cost_check_and_show(name: str, plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plugins.parent)
    found = run("cost", name, "--plugins", "mine", "--format", "json").json()
    assert found["params"] == expected_params()
    assert (found["name"], found["input_size"], found["output_stride"]) == ("ghostly", [64, 64], 8)
    checked = run("check", name, "--plugins", "mine")
    assert (checked.code, checked.err) == (0, "")
    shown = run("show", name, "--plugins", "mine")
    assert "ghost_unit: {filters: 32, stride: 2}" in shown.out
    Path("again.yaml").write_text(shown.out)
    assert run("cost", "again.yaml", "--plugins", "mine", "--format", "json").json()["hash"] == found["hash"]


def test_the_new_block_is_dilated_like_any_other(plugins: Path) -> None:
    rows = run("cost", "ghostly", "--plugins", str(plugins), "--layers", "--format", "json").json()["layers"]
    shapes = {row["name"]: row["output_shape"] for row in rows}
    assert shapes["backbone.deep.2.concat"] == [8, 8, 32]
    assert shapes["backbone.3_ghost_unit.concat"] == [8, 8, 48]


def check_ghostly(result: Result) -> None:
    assert result.json()["params"] == expected_params()


def test_the_folder_may_be_named_by_the_environment(plugins: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    by_environment = run_process(
        "cost", "ghostly", "--format", "json", cwd=other, ARCHSPEC_PLUGINS=f"{other}:{plugins}"
    )
    check_ghostly(by_environment)
    check_ghostly(run_process("cost", "ghostly", "--format", "json", "--plugins", str(plugins), cwd=other))
    without = run_process("cost", "ghostly", cwd=other)
    assert (without.code, without.out) == (2, "")
    assert "no such spec file" in without.err


def test_the_new_files_are_listed_and_in_the_schema(plugins: Path) -> None:
    rows = {row["name"]: row for row in run("list", "--plugins", str(plugins), "--format", "json").json()["rows"]}
    assert rows["ghost_unit"]["summary"].startswith("Ghost unit")
    assert rows["ghostnet"]["summary"] == "A tiny GhostNet"
    assert rows["ghostly"]["params"] == expected_params()
    schema = run("schema", "--plugins", str(plugins)).out
    assert '"ghost_unit"' in schema
    assert '"ghostnet"' in schema
    assert "ghost" not in run("schema").out


def test_arguments_of_the_new_block_are_checked(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_text(
        "output_stride: 8\nbackbone:\n- ghost_unit: {filters: 7, stride: 8}\n- ghost_unit: {filter: 8}\n"
    )
    result = run("check", "x.yaml", "--plugins", "mine")
    assert result.code == 2
    assert "x.yaml:3:25: backbone[0].ghost_unit.filters: " in result.err
    assert "unknown argument 'filter'. Did you mean 'filters'?" in result.err


WITHOUT_RULE = '''"""A layer that nobody has taught to a phone."""

from archspec.graph import Tensor
from archspec.graph.layer import Layer


class GroupNorm(Layer):
    def __init__(self, name: str) -> None:
        super().__init__({}, name)


def untaught(x: Tensor, *, name: str) -> Tensor:
    return GroupNorm(name=name)(x)
'''


@pytest.mark.parametrize(
    "command", [["cost"], ["check"], ["show", "--as", "tree"], ["build", "--no-keras"]], ids=" ".join
)
def test_a_layer_without_a_rule_is_told_by_its_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "untaught.py").write_text(WITHOUT_RULE)
    (tmp_path / "x.yaml").write_text("output_stride: 8\nbackbone:\n- conv_bn: {filters: 8, stride: 8}\n- untaught\n")
    result = run(*command, "x.yaml", "--plugins", ".")
    assert result.code == 2
    fault = "x.yaml:4:3: backbone[1]: layer GroupNorm has no TFLite rule. "
    assert result.err.startswith(fault + "Give archspec/graph/layers/group_norm.py an `emit`")
    assert "Traceback" not in result.err
