"""`archspec.load` and `archspec.space`: every kind of source, overrides, and how a network shows itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import archspec

NAME = "shufflenetv2_basic"
SMALL = {"input.size": [64, 64]}
CHOICES = {"width_multiplier": {"choose": [0.5, 1.0]}, "output_stride": {"choose": [8, 16]}}


def test_sources_are_alike(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: {NAME}\n")
    sources = (NAME, file, str(file), f"extends: {NAME}\nname: x\n", {"extends": NAME}, archspec.load(NAME))
    assert {archspec.load(source, SMALL).hash for source in sources} == {archspec.load(NAME, SMALL).hash}


def test_overrides_are_values_or_assignments() -> None:
    by_path = archspec.load(NAME, {"classes": np.int64(7), "input.size": (64, 64)})
    as_text = archspec.load(NAME, ["classes=7", "input.size=[64,64]"])
    assert by_path.hash == as_text.hash
    net = archspec.load(NAME, SMALL)
    assert archspec.load(net, {"classes": 7}).hash == as_text.hash
    assert archspec.load(net) is net


def test_faults_of_a_mapping_have_their_paths() -> None:
    with pytest.raises(archspec.UserError, match=r"^<mapping>: clases: unknown key 'clases'\. Did you mean 'classes'"):
        archspec.load({"extends": NAME, "clases": 2})


def test_a_network_shows_itself() -> None:
    net = archspec.load(NAME, SMALL)
    assert repr(net) == f"<Network {NAME}: 64 x 64 x 3, 1,148,249 parameters, 0.038 GFLOPs>"
    assert "params                           1,148,249" in str(net)
    assert net._repr_html_().startswith("<table>")
    assert "<svg" in net._repr_html_()
    broken = archspec.load({"name": "x", "backbone": [{"conv_bn": {"filters": 8}}]})
    assert repr(broken).startswith("<Network x, which cannot be built: <mapping>: backbone[0]: ")


def test_a_cost_sheet_is_a_frame() -> None:
    cost = archspec.load(NAME, SMALL).cost
    frame = cost.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.loc[0, "params"] == cost.params
    assert frame.attrs["units"]["peak_memory_mb"] == "MB"
    assert cost.by("section").to_frame()["params"].iloc[-1] == cost.params
    assert r"\begin{tabular}" in cost.to_latex()
    assert cost.to_markdown().startswith("| network")


def test_a_space_is_counted_drawn_from_and_closed() -> None:
    space = archspec.space(NAME, CHOICES)
    assert (space.size, len(space.decisions)) == (4, 2)
    hashes = [net.hash for net in space.networks(3, seed=5)]
    assert hashes == [net.hash for net in space.networks(3, seed=5)]
    assert set(hashes) <= {space.network(genome).hash for genome in space.genomes()}
    assert archspec.space(archspec.load(NAME), CHOICES).size == 4
    with pytest.raises(archspec.UserError, match="has no open choices"):
        archspec.space(NAME)


@pytest.mark.parametrize("form", ["array", "list", "batches of one"])
def test_int8_takes_images_as_an_array_or_one_by_one(form: str) -> None:
    net = archspec.load(NAME, SMALL)
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.float32)
    given = {"array": images, "list": list(images.astype(np.uint8)), "batches of one": [one[None] for one in images]}
    exported = net.to_tflite(precision="int8", representative=given[form])
    assert exported.data == net.to_tflite(precision="int8", representative=(one[None] for one in images)).data
    assert not exported.notes


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(archspec.UserError, match=r"image of shape \[32, 64, 3\], the network takes \[1, 64, 64, 3\]"):
        archspec.load(NAME, SMALL).to_tflite(precision="int8", representative=np.zeros((2, 32, 64, 3)))
