"""`archspec cost`: the keys that others rely on, every format, the spec's own lines with their costs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from tests.cli.runner import run, run_process
from tests.cost.formulas import network

BUNDLED = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")
PROMISED = {
    "name": str, "hash": str, "input_size": list, "classes": int, "output_stride": int, "params": int,
    "params_total": int, "macs": int, "gmacs": float, "gflops": float, "peak_memory_bytes": int, "arena_bytes": int,
    "tflite_bytes": dict,
}  # fmt: skip


@pytest.mark.parametrize("name", BUNDLED)
def test_json_of_one_spec_is_one_object_with_the_promised_keys(name: str) -> None:
    found = run("cost", name, "--format", "json").json()
    assert {key: type(found[key]) for key in PROMISED} == PROMISED
    expected = network(name)
    assert found["name"] == name
    assert (found["input_size"], found["classes"], found["output_stride"]) == ([224, 224], 19, 16)
    assert (found["params"], found["params_total"]) == (expected.params, expected.params + expected.statistics)
    assert (found["macs"], found["gmacs"], found["gflops"]) == (expected.macs, expected.macs / 1e9, expected.macs / 5e8)
    assert set(found["tflite_bytes"]) == {"float32", "float16", "dynamic", "int8"}
    assert all(type(size) is int and size > 0 for size in found["tflite_bytes"].values())
    assert re.fullmatch("[0-9a-f]{16}", found["hash"])


def test_scratch_of_transposed_convolutions_is_in_the_peak() -> None:
    """col2im of 45 × 80 places of 16 × 16 × 20 numbers, and two of 4 × 4 × 20; the kernels turned round."""
    found = run("cost", "shuffleseg_skipnet", "--format", "json").json()
    scratch = 4 * (45 * 80 * 16 * 16 * 20 + (23 * 40 + 12 * 20) * 4 * 4 * 20 + 20 * 20 * (16 * 16 + 2 * 4 * 4))
    assert (found["arena_bytes"], found["peak_memory_bytes"]) == (22_118_400, 22_118_400 + scratch)


def test_json_of_several_specs_is_a_list() -> None:
    found = run("cost", *BUNDLED, "--format", "json").json()
    assert [one["name"] for one in found] == list(BUNDLED)


SETS = [
    ("input.size=[360,640]", {"input_size": [360, 640]}, {"size": (360, 640)}),
    ("classes=20", {"classes": 20}, {"classes": 20}),
    ("output_stride=8", {"output_stride": 8}, {"output_stride": 8}),
    ("width_multiplier=0.5", {}, {"width": 0.5}),
    ("variant=reference", {}, {}),
]


@pytest.mark.parametrize(("change", "shown", "arguments"), SETS, ids=[one[0] for one in SETS])
def test_every_promised_set_works_as_written(
    change: str, shown: dict[str, object], arguments: dict[str, object]
) -> None:
    found = run("cost", "shufflenetv2_dpc", "--set", change, "--format", "json").json()
    expected = network("shufflenetv2_dpc", **arguments)  # type: ignore[arg-type]
    assert {key: found[key] for key in shown} == shown
    assert (found["params"], found["macs"]) == (expected.params, expected.macs)
    assert found["hash"] != run("cost", "shufflenetv2_dpc", "--format", "json").json()["hash"]


def test_all_promised_sets_at_once() -> None:
    changes = [word for change, _, _ in SETS for word in ("--set", change)]
    found = run("cost", "shufflenetv2_dpc", *changes, "--format", "json").json()
    expected = network("shufflenetv2_dpc", (360, 640), output_stride=8, classes=20, width=0.5)
    assert (found["params"], found["macs"], found["classes"]) == (expected.params, expected.macs, 20)


def test_a_path_and_a_bundled_name_are_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    by_path = run("cost", "specs/shufflenetv2_dpc.yaml", "--format", "json").json()
    assert by_path == run("cost", "shufflenetv2_dpc", "--format", "json").json()


def test_table_csv_and_markdown_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        kind: run("cost", "shufflenetv2_dpc", "mobilenetv2_dpc", "--format", kind)
        for kind in ("table", "csv", "markdown")
    }
    assert all((one.code, one.err) == (0, "") for one in rows.values())
    header, first, second = csv.reader(io.StringIO(rows["csv"].out))
    assert first[header.index("MACs")] == "323554448"
    assert second[header.index("params")] == "2506195"
    for kind in ("table", "markdown"):
        assert "323,554,448" in rows[kind].out
        assert "2,506,195" in rows[kind].out
        assert "1 multiply-add = 1 MAC" in rows[kind].out
    assert rows["markdown"].out.count("|") > 20
    assert "\x1b" not in rows["table"].out


def test_output_to_a_pipe_is_plain() -> None:
    result = run_process("cost", "shufflenetv2_dpc", "--layers", FORCE_COLOR="", TERM="xterm-256color")
    assert (result.code, result.err) == (0, "")
    assert "\x1b" not in result.out
    assert "backbone.stage4.3.concat" in result.out


@pytest.mark.parametrize("by", ["layer", "block", "section"])
def test_rows_sum_to_the_total(by: str) -> None:
    flags = ["--layers"] if by == "layer" else ["--by", by]
    found = run("cost", "mobilenetv2_basic", *flags, "--format", "json").json()
    rows = found[f"{by}s"]
    assert sum(row["macs"] for row in rows) == found["macs"]
    assert sum(row["params"] for row in rows) == found["params"]
    assert sum(row["params_total"] for row in rows) == found["params_total"]
    assert len({row["name"] for row in rows}) == len(rows)
    header, *lines = csv.reader(io.StringIO(run("cost", "mobilenetv2_basic", *flags, "--format", "csv").out))
    macs = [int(line[header.index("MACs")]) for line in lines]
    assert lines[-1][0] == "total"
    assert macs[-1] == sum(macs[:-1]) == found["macs"]


@pytest.mark.parametrize(("by", "name"), [("layer", "backbone.stem.conv"), ("block", "backbone.stem")])
def test_rows_say_how_far_they_see_and_sizes_are_lists(by: str, name: str) -> None:
    found = run("cost", "shufflenetv2_dpc", "--by", by, "--format", "json").json()
    (stem,) = [row for row in found[f"{by}s"] if row["name"] == name]
    assert (stem["output_shape"], stem["stride"], stem["receptive_field"]) == ([112, 112, 24], 2, [3, 3])


def test_a_section_sees_as_far_as_what_comes_out_of_it() -> None:
    found = run("cost", "shufflenetv2_dpc", "--by", "section", "--format", "json").json()
    rows = {row["name"]: row for row in found["sections"]}
    assert rows["backbone"]["output_shape"] == [14, 14, 464]
    assert rows["head"]["receptive_field"] == found["receptive_field"]  # that of what the classifier reads
    assert (rows["backbone"]["stride"], rows["decoder"]["stride"]) == (16, 1)
    table = run("cost", "shufflenetv2_dpc", "--by", "section").out
    assert "1 layer " in table
    assert "1 layers" not in table


def test_layers_name_their_lines() -> None:
    rows = {
        row["name"]: row for row in run("cost", "shufflenetv2_dpc", "--layers", "--format", "json").json()["layers"]
    }
    assert rows["backbone.stem.conv"]["place"].endswith("backbones/shufflenet_v2.yaml:9:3")
    assert rows["head.branch0.depthwise.dw"]["place"].endswith("shufflenetv2_dpc.yaml:8:7")


# --- by line ----------------------------------------------------------------------------------------------------------

SPEC = """\
name: mine
# a comment
input: {size: 64}
output_stride: 16
backbone:
- conv_bn: {filters: 8, stride: 4}
- conv_bn: {filters: 12, stride: 4}
  repeat: 3

head:
- conv_bn: {filters: 4, kernel: 1}
decoder: bilinear
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(SPEC)
    return path


def lines_of(text: str) -> dict[str, tuple[float, int]]:
    """GMACs and parameters of each line that has them, by the words beside them."""
    found = {}
    for line in text.splitlines():
        numbers = re.match(r"\s+(\d+\.\d{4})\s+([\d,]+)  (.*)$", line)
        if numbers:
            found[numbers.group(3)] = float(numbers.group(1)), int(numbers.group(2).replace(",", ""))
    return found


def test_each_line_has_its_own_cost(spec: Path) -> None:
    result = run("cost", "mine.yaml", "--by-line")
    assert (result.code, result.err) == (0, "")
    found = lines_of(result.out)
    assert found["- conv_bn: {filters: 8, stride: 4}"][1] == 27 * 8 + 2 * 8
    assert found["- conv_bn: {filters: 12, stride: 4}"][1] == 9 * 8 * 12 + 2 * 9 * 12 * 12 + 3 * 2 * 12
    assert found["- conv_bn: {filters: 4, kernel: 1}"][1] == 12 * 4 + 2 * 4
    assert all(words in result.out for words in SPEC.splitlines())  # the file itself, comment and all


def test_lines_sum_to_the_total(spec: Path) -> None:
    total = run("cost", "mine.yaml", "--format", "json").json()
    rows = run("cost", "mine.yaml", "--by-line", "--format", "json").json()["rows"]
    # a section line has the sum of its steps' lines: those of the file add up once the sections are left out
    steps = [row for row in rows if row["text"] not in ("backbone:", "head:")]
    assert sum(row["macs"] for row in steps) == total["macs"]
    assert sum(row["params"] for row in steps) == total["params"]
    assert sum(row["params_total"] for row in steps) == total["params_total"]
    assert sum(row["other_operations"] for row in steps) == sum(total["other_operations"].values())
    assert sum(row["memory_access_bytes"] for row in steps) == total["memory_access_bytes"]


@pytest.mark.parametrize("name", BUNDLED)
def test_lines_of_bundled_specs_sum_to_the_total(name: str) -> None:
    total = run("cost", name, "--format", "json").json()
    rows = run("cost", name, "--by-line", "--format", "json").json()["rows"]
    part = [row for row in rows if "backbones" in row["file"]]
    own = [row for row in rows if row not in part]  # the spec's lines, and the classifier that it does not write
    assert len([row for row in own if row["file"].endswith(f"{name}.yaml")]) == 5
    assert sum(row["macs"] for row in own) == total["macs"]
    assert sum(row["params"] for row in own) == total["params"]
    (backbone,) = [row for row in own if row["text"].startswith("backbone:")]
    for key in ("macs", "params", "layers"):
        assert sum(row[key] for row in part) == backbone[key]


def test_several_specs_have_no_lines_in_common() -> None:
    result = run("cost", "shufflenetv2_dpc", "mobilenetv2_dpc", "--by-line")
    assert (result.code, result.out) == (2, "")
    assert "take one spec" in result.err
