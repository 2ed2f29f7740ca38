"""The numbers that docs/cost.md and docs/variants.md print are those of the networks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archspec.cost import CostSheet, price
from tests.graph import nets


def sheet(name: str, *overrides: str) -> CostSheet:
    return price(nets.of_bundled(name, *overrides), classes=19, output_stride=16)


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_table_5(name: str, root: Path) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", (root / "docs" / "cost.md").read_text(), re.MULTILINE)
    cells = [cell.strip().replace(",", "") for cell in row.split("|")]
    found = sheet(name)
    assert cells[:4] == [str(found.params), str(found.params_total), str(found.macs), f"{found.gflops:.3f}"]
    assert abs(found.gflops - float(cells[4])) <= 0.02
    assert abs(found.tflite_bytes["float32"] / 1e6 / float(cells[6]) - 1) <= 0.015


def test_keys_of_the_cost_sheet_are_explained(root: Path) -> None:
    text = (root / "docs" / "cost.md").read_text()
    keys = set(sheet("shufflenetv2_dpc").to_json()) - {"name", "input_size", "classes", "output_stride"}
    assert {key for key in keys if f"`{key}`" not in text} == set()
    kinds = {kind for name in nets.BUNDLED for kind in sheet(name).other_operations}
    assert {kind for kind in kinds if f"`{kind}`" not in text} == set()


def test_double_width(root: Path) -> None:
    text = (root / "docs" / "variants.md").read_text()
    paper = sheet("shufflenetv2_dpc", "width_multiplier=2.0").macs
    reference = sheet("shufflenetv2_dpc", "width_multiplier=2.0", "variant=reference").macs
    assert f"{paper / 1e6:.0f} against {reference / 1e6:.0f} million MACs" in text


def test_rates_at_output_stride_32(root: Path) -> None:
    rates = nets.settings(nets.of_bundled("shufflenetv2_dpc", "output_stride=32"), "DepthwiseConv2D", "dilation_rate")
    words = " ".join(str(rates[f"head.branch{index}.depthwise.dw"]) for index in range(5))
    assert f"become {words}" in " ".join((root / "docs" / "variants.md").read_text().split())
