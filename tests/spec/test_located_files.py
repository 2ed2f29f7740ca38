"""Where the weights that a spec names are looked for, and what is said of those that are nowhere."""

import os
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.network import Network
from archspec.spec import expand, load, missing_weights

SPACE = """
backbone: mobilenet_v2
together:
  start:
    choose:
    - a: {weights: {file: a.npz, format: fastestdet_npz, source: "https://example.org/a"}}
    - b: {weights: {file: {choose: [b.npz, sub/c.npz]}}}
    - d: {weights: mobilenet_v2_0.5, output_stride: 32}
    - e: {weights: none}
"""


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("specs", "one", "two", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "specs" / "s.yaml").write_text(SPACE)
    monkeypatch.setenv("ARCHSPEC_WEIGHTS", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def file_of(folders: Path, *changes: str) -> Path:
    weights = expand(load(folders / "specs" / "s.yaml", changes)).weights
    assert weights is not None
    return Path(weights.file).resolve()


def test_beside_the_spec_then_in_the_folders_in_their_order(folders: Path) -> None:
    where = [folders / "specs" / "a.npz", folders / "one" / "a.npz", folders / "two" / "a.npz"]
    assert file_of(folders, "together.start=a") == where[0]  # nowhere: where the spec would have it
    for place in reversed(where):
        place.write_bytes(b"")
        assert file_of(folders, "together.start=a") == place


def test_a_file_in_a_folder_of_the_folder(folders: Path) -> None:
    (folders / "two" / "sub").mkdir()
    (folders / "two" / "sub" / "c.npz").write_bytes(b"")
    assert file_of(folders, "together.start=b", "weights.file=none") != folders / "two" / "sub" / "c.npz"
    spec = load(folders / "specs" / "s.yaml")
    assert "c.npz" not in "".join(map(str, missing_weights([spec])))


def test_all_that_are_missing_are_named_at_once_with_page_and_variable(folders: Path) -> None:
    (folders / "one" / "b.npz").write_bytes(b"")
    spec = load(folders / "specs" / "s.yaml")
    found = [str(fault) for fault in missing_weights([spec, spec])]
    assert len(found) == 3
    first, second, third = found
    assert first.startswith(f"{os.path.relpath(folders / 'specs' / 's.yaml')}:6:") or "s.yaml:6:" in first
    assert "no such file of weights (a.npz): it is neither beside the spec nor in " in first
    assert "Get it from https://example.org/a, and name its folder in the variable ARCHSPEC_WEIGHTS" in first
    assert "(c.npz)" in second
    assert "(mobilenet_v2_0.5)" in third
    downloaded = load(folders / "specs" / "s.yaml", ["together.start=a", "weights.format=keras_applications"])
    assert missing_weights([downloaded]) == []


def test_a_network_says_where_its_file_can_be_had(folders: Path) -> None:
    network = Network.load(folders / "specs" / "s.yaml", ["together.start=a"])
    assert network.cost.params > 0  # without the file
    with pytest.raises(UserError, match=r"s.yaml:6:\d+: weights: no such file of weights \(a.npz\).*example.org"):
        _ = network.weights
