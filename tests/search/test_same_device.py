"""The milliseconds of a study are of one device: `device.json` says which, and on another one it does not go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archspec.ablation import parse_ablation
from archspec.ablation.run import AblationResult, AblationRun
from archspec.errors import UserError
from archspec.experiment import check_same_device
from archspec.ledger import Ledger
from archspec.measures import _device
from archspec.record import Plain
from tests.ablation.test_running import Silent
from tests.cli.runner import Result, run

STUDY = """
name: timed
spec: camvid_shufflenetv2_05
set: ["input.size=[64,96]"]
choices: {width_multiplier: {choose: [0.5, 1.0, 1.5]}}
objectives: {params: minimize, latency_ms: minimize}
sampler: random
front: {metrics: []}
budget: {evaluations: 1}
"""
UNTIMED = STUDY.replace("latency_ms", "gflops")
ABLATION = """
base: camvid_shufflenetv2_05
overrides: ["input.size=[64,96]"]
procedure: quick
variants: {wide: {width_multiplier: 1.0}}
metrics: [params, latency_ms]
"""
OTHER = "0123456789ab"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study that has one latency of this machine, and its ledger."""
    root = tmp_path_factory.mktemp("begun")
    assert searched(root, STUDY).code == 0
    return root


@pytest.fixture
def root(begun: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(begun, tmp_path / "root")


@contextmanager
def elsewhere() -> Iterator[None]:
    """Within this context this is another machine."""
    asked = _device._asked

    def moved(name: str, threads: int, delegate: str) -> dict[str, Plain]:
        return {**asked(name, threads, delegate), "device_fingerprint": OTHER}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_device, "_asked", moved)
        yield


def searched(root: Path, study: str, *more: str) -> Result:
    file = root / "study.yaml"
    file.write_text(study)
    return run("search", str(file), "--output", str(root / "searches"), "--ledger", str(root / "ledger.db"), *more)


def folder_of(root: Path) -> Path:
    (folder,) = (path for path in (root / "searches").iterdir() if path.name.startswith("timed-"))
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fingerprint() -> str:
    return str(_device.device_conditions("host", 1)["device_fingerprint"])


# --- studies ----------------------------------------------------------------------------------------------------------


def test_a_study_notes_its_device_and_goes_on_there(root: Path) -> None:
    noted = json.loads((folder_of(root) / "device.json").read_text())
    assert noted == {"device": "host", "device_fingerprint": fingerprint()}
    assert searched(root, STUDY, "--trials", "2").code == 0
    assert json.loads((folder_of(root) / "record.json").read_text())["counts"] == {"done": 2}


@pytest.mark.parametrize("resumed", [False, True])
def test_on_another_device_it_is_refused_with_both_fingerprints(root: Path, resumed: bool) -> None:
    before, here = contents(folder_of(root)), fingerprint()
    again = ("search", "--resume", str(folder_of(root)), "--trials", "2")
    with elsewhere():
        found = run(*again) if resumed else searched(root, STUDY, "--trials", "2")
    assert found.code == 2
    assert str(folder_of(root) / "device.json") in found.err
    assert here in found.err and OTHER in found.err
    assert "Go on where it was begun, or begin another study with --output" in found.err
    assert contents(folder_of(root)) == before


def test_what_was_refused_goes_on_where_it_was_begun(root: Path) -> None:
    with elsewhere():
        assert searched(root, STUDY, "--trials", "2").code == 2
    assert searched(root, STUDY, "--trials", "2").code == 0
    assert json.loads((folder_of(root) / "record.json").read_text())["counts"] == {"done": 2}


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"device": "host"', "\xff", '{"device": "host"}'])
def test_a_damaged_note_is_told_with_its_place(root: Path, text: str) -> None:
    file = folder_of(root) / "device.json"
    file.write_bytes(text.encode("latin-1"))
    found = searched(root, STUDY, "--trials", "2")
    assert found.code == 2, found.err
    fact = "not UTF-8 text" if text == "\xff" else "does not say which device a study has its latencies of"
    assert found.err.splitlines()[-1].startswith(f"{file}: {fact}")
    assert file.read_bytes() == text.encode("latin-1")


def test_a_study_without_latencies_notes_none(tmp_path: Path) -> None:
    assert searched(tmp_path, UNTIMED).code == 0
    assert not (folder_of(tmp_path) / "device.json").exists()
    with elsewhere():
        assert searched(tmp_path, UNTIMED, "--trials", "2").code == 0


def test_latencies_of_the_front_alone_count_too(tmp_path: Path) -> None:
    study = UNTIMED.replace("metrics: []", "metrics: [latency_ms]")
    assert searched(tmp_path, study).code == 0
    assert (folder_of(tmp_path) / "device.json").exists()
    with elsewhere():
        assert searched(tmp_path, study, "--trials", "2").code == 2


def test_a_study_of_before_without_the_note_goes_on(root: Path) -> None:
    (folder_of(root) / "device.json").unlink()
    assert searched(root, STUDY, "--trials", "2").code == 0
    assert json.loads((folder_of(root) / "record.json").read_text())["counts"] == {"done": 2}
    assert json.loads((folder_of(root) / "device.json").read_text())["device_fingerprint"] == fingerprint()


def test_another_name_of_the_device_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "device.json"
    check_same_device(file, {"device": "pixel", "device_fingerprint": OTHER, "threads": 1})
    check_same_device(file, {"device": "pixel", "device_fingerprint": OTHER, "threads": 4})
    with pytest.raises(UserError, match=f"of pixel with the fingerprint {OTHER}, and this is nokia with {OTHER}"):
        check_same_device(file, {"device": "nokia", "device_fingerprint": OTHER})
    check_same_device(file, {})


# --- ablations --------------------------------------------------------------------------------------------------------


def ablated(folder: Path) -> AblationResult:
    return AblationRun(parse_ablation(ABLATION), str(folder / "ledger.db"), folder).run(Silent())


def test_rows_of_another_device_are_measured_anew_and_never_mixed(tmp_path: Path) -> None:
    """All rows of a table are of one device, though the ledger has some of them of another one as well."""
    first, here = ablated(tmp_path), fingerprint()
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        known = {record.key for record in ledger.find(metric="latency_ms")}
    with elsewhere():
        second, third = ablated(tmp_path), ablated(tmp_path)
    assert (first.measured, second.measured, third.measured) == (4, 2, 0)  # parameters are those of any device
    for result, wanted in ((first, here), (second, OTHER)):
        assert result.conditions("latency_ms")["device_fingerprint"] == wanted
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        both = ledger.find(metric="latency_ms")
    assert known < {record.key for record in both}
    assert ablated(tmp_path).measured == 0
