"""What was made with plugins is opened again without being told of them; commands that are shown name them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from archspec.record import note_plugins, noted_plugins
from tests.cli.runner import run
from tests.cli.test_plugins import GHOST, GHOSTNET, SPEC

STUDY = """\
name: ghosts
spec: ghostly
choices: {width_multiplier: {choose: [0.5, 1.0]}, output_stride: {choose: [8, 16]}}
objectives: {params: minimize, gflops: minimize}
sampler: random
budget: {evaluations: 4}
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my plugins"
    (folder / "backbones").mkdir(parents=True)
    (folder / "ghost_unit.py").write_text(GHOST)
    (folder / "backbones" / "ghostnet.yaml").write_text(GHOSTNET)
    (folder / "ghostly.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHSPEC_PLUGINS", raising=False)
    return folder


def said(*arguments: str) -> str:
    """What a command that goes well prints."""
    result = run(*arguments)
    assert result.code == 0, result.err
    return result.out + result.err


def only(folder: Path) -> Path:
    (found,) = (one for one in folder.iterdir() if one.is_dir() and (one / "plugins.json").is_file())
    return found


def test_a_search(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ghosts.yaml").write_text(STUDY)
    told = said("search", "ghosts.yaml", "--plugins", "my plugins", "--trials", "3")
    assert ".yaml --plugins 'my plugins'" in told  # build a point of the front
    (tmp_path / "elsewhere").mkdir()
    study = only(tmp_path / "searches")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert f"--plugins '{plugins}'" not in said("search", "show", str(study), "--format", "csv")
    for more in ((), ("--plugins", str(plugins))):
        assert "sections" in said("report", str(study), *more)
        page = Path("report.html").read_text()
        assert f"archspec search --resume {study} --plugins" in page
    assert "finished" not in said("search", "--resume", str(study), "--trials", "4")
    for spec in (study / "front").glob("*.yaml"):
        assert '"ghostly"' in said("cost", str(spec), "--format", "json")


def test_builds(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (0.5, 1.0):
        said("build", "ghostly", "--set", f"width_multiplier={width}", "--plugins", "my plugins", "--no-keras",
             "--procedure", "none")  # fmt: skip
    one, other = sorted(Path("runs").glob("ghostly-*"))
    assert "arithmetic" in said("compare", str(one), str(other), "--format", "csv")
    said("report", str(one))
    page = Path("report.html").read_text()
    assert "Architecture" in page and "--plugins &#x27;my plugins&#x27;" in page.replace("&#39;", "&#x27;")  # as typed


def test_what_was_handed_over(plugins: Path) -> None:
    said("export", "ghostly", "--plugins", "my plugins", "--no-keras", "--output", "handed")
    found = run("cost", "handed/spec.yaml", "--format", "json").json()
    assert found["hash"] == run("cost", "ghostly", "--plugins", "my plugins", "--format", "json").json()["hash"]


def test_a_training(plugins: Path) -> None:
    from archspec.catalog import Catalog
    from archspec.datasets import open_dataset
    from archspec.spec import load
    from archspec.train import Order, load_recipe
    from archspec.train._run import Run

    spec = load("ghostly", catalog=Catalog((plugins,)))
    data = "synthetic_streets"
    order = Order(spec, load_recipe("synthetic_quick", (), steps=2), {data: open_dataset(data)}, 0)
    Run(Path("runs/mine")).begin(order, (2,))
    assert noted_plugins(Path("runs/mine")) == (plugins,)
    assert '"ghostly"' in said("cost", "runs/mine/spec.yaml", "--set", "weights=none", "--format", "json")


def test_what_is_noted_is_not_trusted_blindly(plugins: Path, tmp_path: Path) -> None:
    """A folder that is gone is passed over, and one inside of what somebody sent does not run."""
    made = tmp_path / "made"
    (made / "deeper").mkdir(parents=True)
    shutil.copytree(plugins, made / "theirs")
    note_plugins(made, [plugins, made / "theirs", tmp_path / "gone"])
    assert noted_plugins(made) == noted_plugins(made / "deeper") == noted_plugins(made / "spec.yaml") == (plugins,)
    for text in ("{", "[]", json.dumps({"format": "archspec-plugins"}), json.dumps({"format": "x", "folders": ["/"]})):
        (made / "plugins.json").write_text(text)
        assert noted_plugins(made) == ()


def test_nothing_is_written_where_there_are_none(tmp_path: Path) -> None:
    note_plugins(tmp_path, ())
    assert list(tmp_path.iterdir()) == []
