"""Cautions about maps that are too small for what is done with them, and the commands that print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.network import Network
from tests.cli.runner import run

MOBILE = "backbone: mobilenet_v2\noutput_stride: 32\n"
ONE = "a map of 1 × 1 is resized: it says the same at every position"
GRID = "a pyramid's grid has more cells than its map of"
WINDOWS = "every pooling window sees the whole map, so all give its mean"
DAPPM = "head: {dappm: {filters: 8, branch_filters: 4, pools: [[3, 2]]}}\n"


def cautions(text: str, size: int) -> list[str]:
    network = Network.of_text(f"{MOBILE}input: {{size: {size}}}\n{text}", file="net.yaml", catalog=Catalog())
    return [str(fault) for fault in network.cautions]


@pytest.mark.parametrize("name", Catalog().specs())
def test_no_bundled_network_is_too_small_as_it_is_written(name: str) -> None:
    assert Network.load(name).cautions == ()


@pytest.mark.parametrize(
    ("text", "small", "said", "place"),
    [
        ("neck: fpn\n", 32, ONE, "net.yaml:4:7: neck"),
        ("neck: {pan: {finest: 16}}\n", 32, ONE, "net.yaml:4:8: neck"),
        ("decoder: bilinear\n", 32, ONE, "net.yaml:4:10: decoder"),
        ("decoder: {deeplabv3plus: {skip: stage2}}\n", 32, ONE, "net.yaml:4:11: decoder"),
        ("head: {pyramid_pooling: {filters: 8, bins: [1, 3]}}\n", 64, GRID, "net.yaml:4:8: head"),
        (DAPPM, 64, WINDOWS, "net.yaml:4:8: head"),
    ],
)
def test_a_small_image_is_cautioned_at_its_step_and_a_larger_one_is_not(
    text: str, small: int, said: str, place: str
) -> None:
    found = cautions(text, small)
    assert [one for one in found if said in one and one.startswith(place)]
    assert all(one.endswith("Write a larger input.size, or a smaller output_stride") for one in found)
    assert cautions(text, 128) == []


def test_a_mean_of_the_whole_map_is_meant() -> None:
    """Image pooling and gates are resized from one position by intention, at any size."""
    assert cautions("head: basic\n", 32) == []
    assert cautions("head: aspp\ndecoder: none\n", 64) == []


def test_what_strides_have_left_is_found_behind_means() -> None:
    """At stride 64 nothing is left of 64 × 64; the pyramid adds a mean of it to it."""
    found = Network.load("pidnet_s", ["input.size=64"]).cautions
    assert [fault.path for fault in found] == ["head.steps[9]"] and ONE in str(found[0])


def test_one_step_is_cautioned_once() -> None:
    assert len(cautions("neck: {lateral_sums: {filters: [8, 8, 8]}}\n", 32)) == 1


@pytest.mark.parametrize("command", ["check", "cost", "build"])
def test_commands_print_them_beside_their_results(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--no-keras", "--procedure", "none") if command == "build" else ()
    file = tmp_path / "net.yaml"
    file.write_text(f"{MOBILE}input: {{size: 32}}\nneck: fpn\n")
    found = run(command, str(file), *options)
    assert found.code == 0
    assert found.err.startswith("caution: ") and f"net.yaml:4:7: neck.fpn: {ONE}" in found.err
    assert found.err.count("\n") == 1
    assert run(command, str(file), *options, "--set", "input.size=64").err == ""
    refused = run(command, str(file), *options, "--set", "input.size=31")
    assert refused.code == 2 and "an image of 31 × 31 is smaller than the output_stride 32" in refused.err
