"""The key `weights` of a spec, and a build that begins with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.graph.weights import initialise
from archspec.measures import Build, BuildOptions
from archspec.network import Network, spec_weights
from archspec.spec import WeightsFile, dump, dump_expanded, expand, json_schema, load, parse
from archspec.weights import save_weights
from tests.weights.networks import graph_of, network

TINY = "input: {size: [33, 40]}\noutput_stride: 8\nclasses: 3\nbackbone:\n- conv_bn: {filters: 8, stride: 8}\n"


def asked(text: str, *overrides: str) -> WeightsFile | None:
    return expand(parse(text, overrides=overrides)).weights


def test_forms() -> None:
    assert asked(TINY) is None
    assert asked(TINY + "weights: none\n") is None
    found = asked(TINY + "weights: w.npz\n")
    assert found is not None
    assert (found.file, found.format, found.only, found.place.line) == ("w.npz", "", (), 6)
    found = asked(TINY + "weights: {file: a/b.pth, format: torchvision_pth, only: [backbone]}\n")
    assert found is not None
    assert (found.file, found.format, found.only) == ("a/b.pth", "torchvision_pth", ("backbone",))
    found = asked(TINY, "weights=x.npz")
    assert found is not None
    assert found.file == "x.npz"
    found = asked(TINY + "weights: {file: a.npz}\n", "weights.only=[head]")
    assert found is not None
    assert (found.file, found.only) == ("a.npz", ("head",))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("weights: 3\n", "<text>:6:10: weights: must be text or a mapping (3)"),
        ("weights: {format: keras_file}\n", "<text>:6:10: weights: missing key 'file'"),
        ("weights: {file: a, fomat: b}\n", "weights.fomat: unknown key 'fomat'. Did you mean 'format'?"),
        ("weights: {file: a, only: backbone}\n", "weights.only: must be a list"),
        ("weigths: a.npz\n", "<text>:6:1: weigths: unknown key 'weigths'. Did you mean 'weights'?"),
    ],
)
def test_faults_have_their_place(line: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        expand(parse(TINY + line))
    assert said in str(error.value)


def test_a_path_is_relative_to_its_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a parent, and in what `dump` writes, which is read from where it was dumped."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/parent.yaml").write_text(TINY + "weights: {file: w.npz, only: [backbone]}\n")
    (tmp_path / "child.yaml").write_text("extends: sub/parent.yaml\nclasses: 4\n")
    monkeypatch.chdir(tmp_path)
    spec = load("child.yaml")
    found = expand(spec).weights
    assert found is not None
    assert (found.file, found.only) == ("sub/w.npz", ("backbone",))
    assert parse(dump(spec)) == spec
    again = expand(parse(dump_expanded(expand(spec)))).weights
    assert again is not None
    assert (again.file, again.only) == (found.file, found.only)
    chosen = expand(load("child.yaml", ["weights=other.npz"])).weights
    assert chosen is not None
    assert chosen.file == "other.npz"
    monkeypatch.chdir(tmp_path / "sub")
    found = expand(load("../child.yaml")).weights
    assert found is not None
    assert (tmp_path / "sub" / found.file).resolve() == tmp_path / "sub/w.npz"


def test_a_choice_of_weights(tmp_path: Path) -> None:
    spec = parse(TINY + "weights: {choose: [none, w.npz]}\n", file=str(tmp_path / "s.yaml"))
    assert [choice.path for choice in spec.choices()] == ["weights"]


def test_the_schema_knows_it() -> None:
    found = json_schema()["properties"]["weights"]
    assert found["default"] == "none"
    assert "trained weights" in found["description"]


def build(folder: Path, text: str) -> Build:
    (folder / "net.yaml").write_text(text)
    catalog = Catalog()
    return Build(Network.load(folder / "net.yaml", catalog=catalog), folder / "runs", BuildOptions(latency="none"))


def test_a_build_begins_with_them(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(TINY)
    graph = graph_of(tmp_path / "plain.yaml")
    weights = initialise(graph, 9, "random")
    save_weights(tmp_path / "w.npz", {key: one for key, one in weights.items() if "backbone" in key}, graph)
    one = build(tmp_path, TINY + "weights: w.npz\n")
    assert one.network.imported is not None
    fresh = initialise(graph, 0)
    for key, array in one.weights.items():
        np.testing.assert_array_equal(array, weights[key] if key.startswith("backbone") else fresh[key])
    assert one.network.describe_weights().startswith("5 of 7 arrays from ")
    assert one.network.describe_weights().endswith("w.npz (archspec_npz); 2 freshly initialised, seed 0")
    one.export()
    other = build(tmp_path, TINY)
    other.export()
    assert one.exported.data != other.exported.data
    assert other.network.describe_weights() == "freshly initialised, seed 0"


def test_a_build_with_wrong_weights_stops(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        build(tmp_path, TINY + "weights: none.npz\n").export()
    _, graph = network("shufflenetv2_basic", "width_multiplier=0.5")
    save_weights(tmp_path / "w.npz", initialise(graph), graph)
    with pytest.raises(UserError, match="the weights do not fit"):
        build(tmp_path, TINY + "weights: w.npz\n").export()


def test_foreign_formats_must_be_named(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TINY + "weights: model.ckpt-9\n")
    expanded, graph = network(tmp_path / "net.yaml")
    with pytest.raises(UserError, match=r"model.ckpt-9: no such file. Name its format: .*tf1_checkpoint"):
        spec_weights(expanded, graph)
    (tmp_path / "model.ckpt-9.index").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="cannot be read as a TensorFlow checkpoint"):
        spec_weights(expanded, graph)
