"""`archspec profile` and `archspec delegates`: what is printed beside what, and that it adds up."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from archspec.catalog import Catalog
from archspec.measures._in_turns import subjects
from archspec.measures._profile import nodes_of
from archspec.network import Network
from archspec.reporters import Bar, bar_chart
from tests.cli.runner import run
from tests.cli.test_latency import SMALL
from tests.devices.tiny_model import tiny_tflite
from tests.needs import real_tflite_files

ROW = re.compile(r"^ *(?P<ms>\d+\.\d+) +(?P<share>\d+\.\d)% +(?P<gmacs>\d+\.\d+) +(?P<rate>\d+\.\d)? +(?P<text>.*)$")


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def test_lines_stand_beside_their_milliseconds(spec: str) -> None:
    result = run("profile", spec)
    assert result.code == 0, result.err
    lines = [ROW.match(line) for line in result.out.splitlines()]
    rows = [found for found in lines if found]
    texts = [found["text"].strip() for found in rows]
    step = "- conv_bn: {filters: 8, stride: 2}"
    sections = ["decoder: bilinear", "output: argmax", "(default preprocess)", "(default classifier)"]
    assert texts == ["backbone:", step, step, step, *sections, "total"]
    ms = [float(found["ms"]) for found in rows]
    assert sum(ms[1:-1]) == pytest.approx(ms[-1], abs=0.005)  # the section has its steps' sum once more
    assert sum(ms[1:4]) == pytest.approx(ms[0], abs=0.0025)
    assert "whole run without a profiler: " in result.out
    assert "operators summed" in result.out
    assert "times by LiteRT's own profiler" in result.out


@pytest.mark.parametrize("by", ["line", "block", "layer", "op"])
def test_each_view_adds_up_to_the_whole(spec: str, by: str) -> None:
    found = run("profile", spec, "--by", by, "--format", "json").json()
    rows = [row for row in found["rows"] if row.get("text") != "backbone:"]  # it has its steps' sum once more
    assert sum(row["ms"] for row in rows) == pytest.approx(found["whole_ms"])
    assert sum(one["unscaled_ms"] for one in found["operators"]) == pytest.approx(found["sum_ms"])
    assert found["share_of_whole"] == pytest.approx(found["sum_ms"] / found["whole_ms"])
    assert sum(row["macs"] for row in rows) == run("cost", spec, "--format", "json").json()["macs"]
    for row in found["rows"]:
        rate = 2 * row["macs"] / row["ms"] / 1e6 if row["macs"] and row["ms"] else None
        assert row["gflops_per_s"] == (pytest.approx(rate) if rate else None)


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
def test_every_operator_has_its_node(precision: str) -> None:
    network = Network.load("shufflenetv2_dpc", ("input.size=[64,64]",), catalog=Catalog())
    (found,), _ = subjects(["shufflenetv2_dpc"], Catalog(), ["input.size=[64,64]"], (precision,))
    names = nodes_of(network.graph, found.census)
    assert all(network.graph.has(name) for name in names)
    assert names[-1] == "output"
    sections = [network.graph.node(name).origin.section for name in names]
    assert list(dict.fromkeys(sections)) == ["preprocess", "backbone", "head", "classifier", "decoder", "output"]


def test_a_foreign_file_is_told_by_tensor_and_by_operator(tmp_path: Path) -> None:
    path = tmp_path / "chain.tflite"
    path.write_bytes(tiny_tflite(shape=(1, 64, 64, 8), times=3))
    by_tensor = run("profile", str(path), "--format", "json").json()
    assert (by_tensor["by"], [row["operators"] for row in by_tensor["rows"]]) == ("layer", [3])  # all are named y
    (row,) = run("profile", str(path), "--by", "op", "--format", "json").json()["rows"]
    assert (row["name"], row["operators"]) == ("ADD", 3)
    refused = run("profile", str(path), "--by", "line")
    assert (refused.code, refused.err) == (
        2, "archspec: a .tflite has no lines. Use --by layer, block or op, or name its spec\n"
    )  # fmt: skip


def test_the_other_method_is_named(spec: str) -> None:
    result = run("profile", spec, "--method", "alone", "--by", "op")
    assert result.code == 0, result.err
    assert "times by each operator alone in a file of its own" in result.out


@pytest.mark.parametrize("path", real_tflite_files(), ids=lambda path: path.stem)
def test_real_files_are_profiled_or_refused_in_one_line(path: Path) -> None:
    result = run("profile", str(path), "--by", "op", "--format", "json")
    if result.code:
        assert result.code == 2
        assert re.fullmatch(rf"{re.escape(str(path))}: cannot be run by LiteRT \(.+\).*\n", result.err)
        return
    found = json.loads(result.out)
    assert found["method"] == "runtime"
    assert sum(row["ms"] for row in found["rows"]) == pytest.approx(found["whole_ms"])


# --- the chart ----------------------------------------------------------------------------------------------
SVG = "{http://www.w3.org/2000/svg}"


def test_the_chart_has_a_bar_a_line(spec: str, tmp_path: Path) -> None:
    chart = tmp_path / "chart.svg"
    assert run("profile", spec, "--chart", str(chart)).code == 0
    root = ET.fromstring(chart.read_text())
    words = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert any(word.startswith("small.yaml:10 decoder: bilinear") for word in words)
    assert len(list(root.iter(f"{SVG}rect"))) == 1 + 6  # the ground, a backbone and its three steps, decoder, output


def test_bars_are_as_long_as_their_numbers() -> None:
    bars = [Bar("a <b> & c", 2.0, "2 ms"), Bar("d" * 90, 1.0, "1 ms"), Bar("zero", 0.0, "0 ms")]
    root = ET.fromstring(bar_chart("title", bars, ["a note"]))
    _, *found = root.iter(f"{SVG}rect")
    first, second, third = (float(one.get("width", "nan")) for one in found)
    assert (second, third) == (first / 2, 0)
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert "a <b> & c" in words and "a note" in words
    assert all(len(word or "") < 70 for word in words)


def test_many_bars_keep_the_longest_and_sum_up_the_rest() -> None:
    bars = [Bar(f"n{number}", float(number), "") for number in range(100)]
    words = [element.text for element in ET.fromstring(bar_chart("t", bars)).iter(f"{SVG}text")]
    assert "40 more" in words and "n99" in words and "n40" in words and "n39" not in words


# --- delegates ----------------------------------------------------------------------------------------------
def test_what_falls_back_is_listed_with_its_reason(spec: str) -> None:
    rows = run("delegates", spec, "--format", "json").json()["rows"]
    told = [(row["delegate"], row["stays"], row["operator"], row["count"], row["why"], row["first"]) for row in rows]
    never = "not among the operators it takes"
    assert told == [
        ("xnnpack", "1 op falls back", "ARG_MAX", 1, never, "output"),
        ("gpu", "1 op falls back", "ARG_MAX", 1, never, "output"),
        ("nnapi", "yes", None, None, None, None),
    ]


def test_the_file_table_of_a_build_says_what_stays(spec: str, tmp_path: Path) -> None:
    result = run("build", spec, "--no-keras", "--procedure", "none", "--output", str(tmp_path / "runs"))
    assert result.code == 0, result.err
    assert re.search(r"stays on XNNPACK +1 op falls back \(1 ARG_MAX\)", result.out)
    assert re.search(r"stays on an NPU \(NNAPI\) +yes", result.out)
