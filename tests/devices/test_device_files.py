"""Devices of one's own: YAML in `devices/`, checked against the device's function, each fault with its place."""

from pathlib import Path

import pytest

from archspec.devices import device, device_files
from archspec.errors import UserError


def write(folder: Path, text: str, name: str = "pixel.yaml") -> Path:
    (folder / "devices").mkdir(exist_ok=True)
    path = folder / "devices" / name
    path.write_text(text)
    return path


def faults(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(UserError) as caught:
        device(str(path))
    return [str(fault).removeprefix(f"{folder}/devices/") for fault in caught.value.faults]


def test_a_phone_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "summary: the old one\nadb: {serial: ABC, threads: 4, cpus: [4, 5], benchmark_model: bin/bm}\n")
    monkeypatch.chdir(tmp_path)
    found = device("pixel")
    assert found.name == "pixel"
    assert vars(found)["threads"] == 4
    assert vars(found)["link"].serial == "ABC"
    assert vars(found)["prefix"] == "taskset 30 "
    assert vars(found)["binary"] == "devices/bin/bm"  # from where the file lies
    assert list(device_files()) == ["pixel"]


def test_options_win_over_the_file(tmp_path: Path) -> None:
    assert vars(device(str(write(tmp_path, "ssh: {host: a, threads: 4}\n")), threads=2))["threads"] == 2


def test_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "ssh: {host: pi@board}\n", "board.yaml")
    monkeypatch.setenv("ARCHSPEC_DEVICES", str(tmp_path / "devices"))
    assert device("board").name == "board"


def test_a_kind_without_arguments(tmp_path: Path) -> None:
    assert device(str(write(tmp_path, "host:\n"))).name == "host"
    assert device(str(write(tmp_path, "adb:\n"))).name == "pixel"


def test_all_faults_have_their_place(tmp_path: Path) -> None:
    assert faults(tmp_path, "adb:\n  seral: ABC\n  threads: 0\n  cpus: 4\n") == [
        "pixel.yaml:2:3: adb.seral: unknown argument 'seral'. Did you mean 'serial'?",
        "pixel.yaml:3:12: adb.threads: must be at least 1 (0). Allowed: at least 1",
        "pixel.yaml:4:9: adb.cpus: must be a list (4). Write a list such as [1]",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "pixel.yaml:1:1: must name a kind of device: adb, host, ssh."),
        ("summary: x\n", "pixel.yaml:1:1: must name a kind of device: adb, host, ssh."),
        ("- adb\n", "pixel.yaml:1:1: must name a kind of device: adb, host, ssh (['adb'])."),
        ("abd: {}\n", "pixel.yaml:1:1: unknown kind of device 'abd'. Did you mean 'adb'?"),
        ("adb: {}\nssh: {host: a}\n", "pixel.yaml:2:1: one device a file (here adb and ssh)."),
        ("ssh: {}\n", "pixel.yaml:1:1: ssh: missing argument 'host' of 'ssh'."),
        ("adb: ABC\n", "pixel.yaml:1:6: adb: must be a mapping of arguments ('ABC')."),
        ("adb: {serial: [\n", "pixel.yaml:2:1: not valid YAML"),
        ("adb: {serial: {choose: [a, b]}}\n", "pixel.yaml:1:15: adb.serial: must be text"),
        ("adb: {delegate: npu}\n", "pixel.yaml:1:17: adb.delegate: not allowed ('npu'). Did you mean 'gpu'?"),
        ("adb: {}\nsummary: 3\n", "pixel.yaml:2:10: summary: must be text (3)"),
    ],
)
def test_a_fault(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = faults(tmp_path, text)
    assert found.startswith(fault)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.yaml: cannot be read"):
        device(str(tmp_path / "gone.yaml"))


def test_an_unknown_name_is_compared_with_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "adb:\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"unknown device 'pixl'\. Did you mean 'pixel'\?"):
        device("pixl")
