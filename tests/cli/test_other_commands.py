"""`diff`, `list`, `schema`, `check`, `doctor`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from archspec.catalog import PART_KINDS, Catalog
from tests.cli.runner import run

BUNDLED = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")


# --- diff -------------------------------------------------------------------------------------------------------------


def diff(*arguments: str) -> tuple[list[dict[str, str]], list[str]]:
    """The rows, and the notes below them."""
    found = run("diff", *arguments, "--format", "json").json()
    return found["rows"], found["meta"]["notes"]


def test_a_spec_does_not_differ_from_itself() -> None:
    rows, notes = diff("shufflenetv2_dpc", "shufflenetv2_dpc")
    assert {row["change"] for row in rows} == {"="}
    assert {row["what"] for row in rows} == {"cost"}
    assert notes == ["one network: the canonical hashes are equal"]


def test_one_change_shows_in_cost_and_layers() -> None:
    rows, notes = diff("shufflenetv2_basic", "shufflenetv2_basic", "--set-b", "output_stride=8")
    by_name = {row["name"]: row for row in rows}
    assert (by_name["output_stride"]["a"], by_name["output_stride"]["b"]) == ("16", "8")
    assert by_name["params"]["change"] == "="
    assert by_name["macs"]["change"].startswith("+")
    dilated = [row["name"] for row in rows if row["change"] == "dilation_rate"]
    # stage 3 from its second unit, stage 4 altogether: its first unit has two depthwise convolutions
    assert len(dilated) == 7 + 2 + 3
    assert notes[0] == "two networks"


def test_set_changes_both_and_set_b_one() -> None:
    rows, _ = diff("shufflenetv2_dpc", "shufflenetv2_dpc", "--set", "classes=7", "--set-b", "classes=8")
    classes = next(row for row in rows if row["name"] == "classes")
    assert (classes["a"], classes["b"]) == ("7", "8")


def test_layers_of_one_alone() -> None:
    rows, _ = diff("shufflenetv2_basic", "shufflenetv2_dpc")
    only = {change: {row["name"] for row in rows if row["change"] == change} for change in ("only in A", "only in B")}
    assert "head.image_pooling.mean" in only["only in A"]
    assert "head.branch3.depthwise.dw" in only["only in B"]
    assert all(name.startswith("head.") for names in only.values() for name in names)


def test_the_same_function_at_another_cost() -> None:
    change = "head.branches=[{op: conv, kernel: 3, rate: [%s], input: -1}]"
    _, notes = diff("shufflenetv2_dpc", "shufflenetv2_dpc", "--set-b", change % "15, 18", "--set", change % "18, 15")
    assert notes == ["two networks that compute the same function at another cost"]
    _, notes = diff("shufflenetv2_dpc", "shufflenetv2_dpc", "--set-b", change % "15, 18", "--set", change % "13, 15")
    assert notes == ["two networks"]


# --- list -------------------------------------------------------------------------------------------------------------


def test_list_has_every_file_with_its_description() -> None:
    rows = run("list", "--format", "json").json()["rows"]
    catalog = Catalog()
    wanted = {*catalog.blocks(), *catalog.specs(), *(name for kind in PART_KINDS for name in catalog.parts(kind))}
    assert wanted <= {row["name"] for row in rows}
    assert all(row["summary"] for row in rows)
    prices = {row["name"]: row["gmacs"] for row in rows if row["kind"] == "specs"}
    assert set(prices) == set(catalog.specs())
    assert [round(prices[name], 4) for name in BUNDLED] == [0.2311, 0.3236, 0.4984, 0.5906]
    sizes = {row["name"]: row["input"] for row in rows if row["kind"] == "specs"}
    assert (sizes["shufflenetv2_basic"], sizes["enet"], sizes["fast_scnn"]) == ("224 x 224", "360 x 640", "1024 x 2048")
    assert all(row["params"] and row["summary"] and " x " in row["input"] for row in rows if row["kind"] == "specs")


@pytest.mark.parametrize(
    "kind",
    ["specs", "backbones", "heads", "blocks", "devices", "formats", "measures", "searches", "samplers", "ablations"],
)
def test_list_of_one_kind(kind: str) -> None:
    rows = run("list", kind, "--format", "json").json()["rows"]
    assert rows
    if kind not in ("blocks", "heads"):
        assert {row["kind"] for row in rows} == {kind}


def test_list_of_an_unknown_kind() -> None:
    result = run("list", "blokcs")
    assert result.code == 2
    assert "blocks" in result.err


# --- schema -----------------------------------------------------------------------------------------------------------


def test_the_schema_is_one_and_takes_every_bundled_spec() -> None:
    schema = run("schema").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in Catalog().specs().values():
        validator.validate(yaml.safe_load(path.read_text()))
        assert not validator.is_valid({**yaml.safe_load(path.read_text()), "clases": 3})
    for changes in ("output_stride=8", "head.filters=64", "variant=reference"):
        shown = run("show", "shufflenetv2_dpc", "--set", changes).out
        validator.validate(yaml.safe_load(shown))


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    result = run("schema", "--output", str(tmp_path / "archspec.schema.json"))
    assert result == (0, "", "")
    assert json.loads((tmp_path / "archspec.schema.json").read_text()) == run("schema").json()


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_of_bundled_specs() -> None:
    result = run("check", *BUNDLED)
    assert (result.code, result.err) == (0, "")
    assert [line.split(":")[0] for line in result.out.splitlines()] == list(BUNDLED)
    assert all(" valid, " in line for line in result.out.splitlines())


def test_check_prints_all_faults_of_all_files_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("backbone: shufflenet_v2\nclases: 3\nhed: dpc\n")
    Path("b.yaml").write_text("backbone: mobilenet_v2\noutput_stride: 12\n")
    result = run("check", "a.yaml", "shufflenetv2_dpc", "b.yaml")
    assert result.code == 2
    assert result.out.startswith("shufflenetv2_dpc: valid")
    *faults, count = result.err.splitlines()
    assert [fault.split(": ")[0] for fault in faults] == ["a.yaml:2:1", "a.yaml:3:1", "b.yaml:2:16"]
    assert count == "3 faults"


def test_check_finds_impossible_geometry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(
        "output_stride: 8\nbackbone:\n- conv_bn: {filters: 9, stride: 8}\n- conv_bn: {filters: 8, groups: 2}\n"
    )
    result = run("check", "a.yaml")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[0].startswith("a.yaml:4:3: backbone[1]: groups 2 must divide 9 input channels")


def test_check_of_open_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text("backbone: shufflenet_v2\nwidth_multiplier: {choose: [0.5, 1.0]}\n")
    result = run("check", "space.yaml")
    assert (result.code, result.err) == (0, "")
    assert "width_multiplier" in result.out
    refused = run("cost", "space.yaml")
    assert (refused.code, refused.out) == (2, "")
    assert "--set width_multiplier=" in refused.err
    assert run("cost", "space.yaml", "--set", "width_multiplier=0.5").code == 0


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_there() -> None:
    result = run("doctor", "--format", "csv")
    rows = {row[0]: row for row in csv.reader(io.StringIO(result.out))}
    assert {"python", "numpy", "click", "tensorflow", "keras", "cpu", "delegate"} <= set(rows)
    missing = any(row[2].startswith("missing") for row in rows.values())
    assert result.code == (2 if missing else 0)


def test_doctor_fails_when_something_needed_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.cli import doctor

    monkeypatch.setitem(doctor.NEEDED, "no-such-package", "a test")
    result = run("doctor", "--format", "csv")
    assert result.code == 2
    assert "no-such-package,,missing: pip install no-such-package,a test" in result.out
