"""Published figures: every one is reproduced, or says why not; the files that hold them are data, checked as such."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.network.published import Claim, Finding, bundled_claims, find, read_claims

ROOT = Path(__file__).resolve().parents[2]
CLAIM = """
paper: a
claims:
- {where: b, metric: gflops, convention: c, input_size: [224, 224], classes: 19, values: {shufflenetv2_basic: %s}}
"""


BOTH_PAPERS = ("arXiv:1902.07476", "arXiv:1803.03816")
WITH_ATTENTION = ("arXiv:2204.05525", "arXiv:2301.13156", "arXiv:2304.05152")


@cache
def findings() -> list[Finding]:
    return list(find(tuple(claim for path in bundled_claims() for claim in read_claims(path)), Catalog()))


def test_every_published_cost_is_reproduced_or_says_why_not() -> None:
    found = findings()
    assert {one.claim.paper for one in found} >= {*BOTH_PAPERS, *WITH_ATTENTION}
    assert [one.claim for one in found if not one.holds] == []


def test_table_5_is_whole_and_within_two_per_cent() -> None:
    table = [one for one in findings() if one.claim.where == "Table 5" and one.claim.metric in ("gflops", "tflite_mb")]
    assert len(table) == 8
    assert all(abs(one.computed / one.claim.published - 1) <= 0.02 for one in table if one.computed)


# Every figure of floating-point operations and of megabytes in the two papers and in what they quote:
# network, published, height; whether it is reproduced.
FIGURES = {
    ("shufflenetv2_basic", 0.47, 224): True, ("shufflenetv2_dpc", 0.65, 224): True,
    ("mobilenetv2_basic", 1.0, 224): True, ("mobilenetv2_dpc", 1.18, 224): True,
    ("shufflenetv2_basic", 4.6, 224): True, ("shufflenetv2_dpc", 6.0, 224): True,
    ("mobilenetv2_basic", 8.4, 224): True, ("mobilenetv2_dpc", 9.9, 224): True,
    ("shufflenetv2_basic", 2.18, 360): True, ("shufflenetv2_dpc", 3.05, 360): True,
    ("mobilenetv2_basic", 4.69, 360): True, ("mobilenetv2_dpc", 5.56, 360): True,
    ("shuffleseg_skipnet", 2.03, 360): True, ("shuffleseg_skipnet", 2.0, 360): True,
    ("skipnet_mobilenet", 6.2, 360): True, ("segnet", 286.03, 360): True, ("enet", 3.83, 360): False,
    ("shuffleseg_skipnet", 4.63, 512): False, ("skipnet_mobilenet", 13.8, 512): True,
    ("shuffleseg_unet", 17.9, 512): True, ("unet_mobilenet", 55.9, 512): True, ("unet_resnet18", 43.9, 512): False,
    ("shuffleseg_dilation_8s", 71.6, 512): False, ("dilation_8s_mobilenet", 150.0, 512): False,
    ("enet", 0.7, 360): True, ("segnet", 56.2, 360): True,
}  # fmt: skip


def test_every_figure_of_both_papers_is_there() -> None:
    found = {
        (one.claim.network, one.claim.published, one.claim.input_size[0]): one.reproduced
        for one in findings()
        if one.claim.paper in BOTH_PAPERS and one.claim.metric not in ("latency_ms", "params_m", "params_total_m")
    }
    assert found == FIGURES


def test_a_network_that_is_not_bundled_needs_a_reason() -> None:
    claim = Claim("p", "w", "unet_resnet18", "gflops", 43.9, "c", (512, 1024), 20)
    assert [one.computed for one in find((replace(claim, reason="not bundled"),), Catalog())] == [None]
    with pytest.raises(UserError, match="unet_resnet18"):
        list(find((claim,), Catalog()))


def test_a_reason_is_given_only_where_it_is_needed() -> None:
    assert [one.claim for one in findings() if one.claim.reason and one.reproduced] == []


@pytest.mark.parametrize(("computed", "verdict"), [(1.019, "reproduced"), (0.979, "DIFFERS"), (None, "DIFFERS")])
def test_two_per_cent(computed: float | None, verdict: str) -> None:
    claim = Claim("p", "w", "n", "gflops", 1.0, "c", (1, 1), 1)
    assert Finding(claim, computed).verdict == verdict


def test_networks_with_attention_as_printed() -> None:
    """All but TopFormer-Tiny at 448 × 448 and PP-MobileSeg's two parameter counts."""
    found = [one for one in findings() if one.claim.paper in WITH_ATTENTION]
    assert len(found) == 13
    assert [(one.claim.network, one.claim.published) for one in found if not one.reproduced] == [
        ("pp_mobileseg_tiny", 1.61), ("pp_mobileseg_tiny", 1.44), ("topformer_tiny", 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("computed", "decimals", "reproduced"), [(0.551, 1, True), (0.549, 1, False), (0.551, 2, False)]
)
def test_the_decimals_that_are_printed(computed: float, decimals: int, reproduced: bool) -> None:
    claim = Claim("p", "w", "n", "gmacs", 0.6, "c", (1, 1), 1, decimals=decimals)
    assert Finding(claim, computed).reproduced is reproduced


def reproduce(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archspec", "reproduce", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(("published", "code"), [("0.46", 0), ("0.5", 1)])
def test_exit_code(tmp_path: Path, published: str, code: int) -> None:
    (tmp_path / "claims.yaml").write_text(CLAIM % published)
    done = reproduce(str(tmp_path / "claims.yaml"), "--format", "json")
    assert done.returncode == code
    row = json.loads(done.stdout)["rows"][0]
    assert row["computed"] == pytest.approx(0.462266016)
    assert row["verdict"] == ("reproduced" if code == 0 else "DIFFERS")


def test_a_claim_with_faults_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("claims:\n- {where: b, metrik: gflops, convention: c, input_size: [1, 1], values: {}}\n")
    with pytest.raises(UserError) as error:
        read_claims(path)
    lines = str(error.value).splitlines()
    assert sorted(line.split(": ", 2)[2] for line in lines) == [
        "missing key 'classes'. Write classes: 1",
        "unknown key 'metrik'. Did you mean 'metric'?",
    ]
