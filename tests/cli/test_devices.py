"""`archspec devices`: kinds and files in one list; a check says what was found, or exits with 2 and the reason."""

from pathlib import Path

import pytest

from tests.cli.runner import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "devices").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "devices"


def test_kinds_and_files(folder: Path) -> None:
    (folder / "pixel.yaml").write_text("summary: the old one\nadb: {serial: ABC}\n")
    (folder / "wrong.yaml").write_text("adb: {seral: ABC}\n")
    rows = {row["name"]: row for row in run("devices", "--format", "json").json()["rows"]}
    assert {"adb", "host", "ssh", "pixel", "wrong"} == set(rows)
    assert (rows["pixel"]["kind"], rows["pixel"]["summary"]) == ("adb", "the old one")
    assert rows["wrong"]["summary"] == "cannot be used: unknown argument 'seral'"


def test_this_machine_is_fit() -> None:
    rows = run("devices", "check", "host", "--format", "json").json()["rows"]
    assert [row["step"] for row in rows] == ["reached", "state", "runtime", "a model runs"]
    assert "XNNPACK" in rows[2]["found"]


def test_a_board_that_is_not_there(folder: Path) -> None:
    (folder / "pi.yaml").write_text("ssh: {host: 127.0.0.1, port: 1, tries: 1, connect_timeout_s: 3}\n")
    found = run("devices", "check", "pi")
    assert found.code == 2
    assert found.err.startswith("pi: ")
    assert "Traceback" not in found.err
    assert "fault" in found.out


def test_a_model_that_is_none(folder: Path) -> None:
    (folder / "bad.tflite").write_bytes(b"nonsense")
    found = run("devices", "check", "host", str(folder / "bad.tflite"))
    assert (found.code, "is not a .tflite file" in found.err) == (2, True)


def test_an_unknown_device() -> None:
    found = run("devices", "check", "hots")
    assert (found.code, found.err) == (2, "unknown device 'hots'. Did you mean 'host'?\n")
