"""What is measured, and how often: rows that are one network, ledgers that lack a part, devices that do not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.ablation import Ablation, parse_ablation
from archspec.ablation.run import AblationResult, AblationRun
from archspec.ablation.tables import data_table, people_table
from archspec.errors import UserError
from archspec.ledger import Ledger
from archspec.reporters import render, to_frame

SMALL = """
base: camvid_shufflenetv2_05
overrides: ["input.size=[64,96]"]
procedure: quick
"""


class Silent:
    """Watches nothing."""

    def message(self, text: str) -> None: ...

    def measuring(self, what: str, done: int, total: int) -> None: ...

    def at_work(self, several: object) -> None: ...

    def timing(self, progress: object) -> None: ...


def ablation(text: str) -> Ablation:
    return parse_ablation(SMALL + text)


def measured(ablation: Ablation, folder: Path, *, update: bool = False) -> AblationResult:
    return AblationRun(ablation, str(folder / "ledger.db"), folder).run(Silent(), update=update)


def test_two_rows_of_one_network_are_measured_once(tmp_path: Path) -> None:
    same = ablation("variants: {one: {}, other: {}, wide: {width_multiplier: 1.0}}\nmetrics: [params, gflops]\n")
    result = measured(same, tmp_path)
    assert result.measured == 4  # two metrics of two networks
    assert result.equivalents == {"other": "one"}
    frame = to_frame(data_table(result)).set_index("row")
    assert frame.loc["one", "params"] == frame.loc["other", "params"] < frame.loc["wide", "params"]
    assert "other is the same network as one" in people_table(result).notes
    assert measured(same, tmp_path).measured == 0


def test_a_latency_that_is_lacking_is_measured_with_all_rows_again(tmp_path: Path) -> None:
    """Otherwise a table would mix two measurements, and the next one would print other numbers."""
    timed = ablation("one_at_a_time: {output_stride: [8, 16]}\nmetrics: [latency_ms, fps]\n")
    first = measured(timed, tmp_path)
    assert measured(timed, tmp_path).measured == 0
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.delete([ledger.find(metric="fps")[0].key])
    again = measured(timed, tmp_path)
    assert again.measured > 0
    assert values(again) != values(first)
    last = measured(timed, tmp_path)
    assert last.measured == 0
    assert render(data_table(last), "csv") == render(data_table(again), "csv")


def values(result: AblationResult) -> list[object]:
    return [record.value for reading in result.samples.values() for record in reading.records.values()]


def test_other_networks_in_the_ledger_do_not_matter(tmp_path: Path) -> None:
    """What is known of a network serves every table that it is in."""
    text = "one_at_a_time: {output_stride: [8, 16]}\nmetrics: [params, latency_ms]\n"
    measured(ablation(text), tmp_path)
    one = measured(ablation("metrics: [params, latency_ms]\n"), tmp_path)
    assert one.measured == 0
    assert one.ratios["camvid_shufflenetv2_05"].value == 1.0


def test_a_device_that_does_not_answer_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no_such"):
        measured(ablation("metrics: [params, latency_ms]\ndevice: no_such_device\n"), tmp_path)
    assert not (tmp_path / "ledger.db").exists()


def test_a_base_is_compared_by_the_same_rounds(tmp_path: Path) -> None:
    """A wider network is slower, and the ratio of latencies agrees with the ratio of medians within the noise."""
    result = measured(ablation("variants: {wide: {width_multiplier: 2.0}}\nmetrics: [latency_ms]\n"), tmp_path)
    ratio = result.ratios["wide"]
    assert 1 < ratio.lower <= ratio.value <= ratio.upper
    assert ratio.within_noise is False
