"""A phone (the real `adb` client, a fake daemon) and a board (a real `sshd` on loopback) to test with."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archspec.devices import Device, device
from tests.devices.fake_adbd import FakePhone

HERE = Path(__file__).parent
IN_CI = bool(os.environ.get("ARCHSPEC_CI"))
STUBS = {
    "getprop": "case $1 in ro.product.cpu.abi) echo arm64-v8a;; ro.product.model) echo FakePhone;; esac",
    "dumpsys": 'case $1 in battery) printf "  status: 2\\n  level: 81\\n  temperature: 312\\n";;'
    ' thermalservice) echo "Thermal Status: ${FAKE_THERMAL:-0}";; esac',
}


def program(name: str) -> str:
    """A program that a test needs. A machine without it skips, but CI, which installs it, fails."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/lib/openssh")
    if found is None:
        (pytest.fail if IN_CI else pytest.skip)(f"'{name}' is not installed")
    return str(found)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def adb_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adb_home")


@pytest.fixture(scope="session")
def adb_port(adb_home: Path) -> Iterator[int]:
    """The port of an adb server of our own, apart from the user's."""
    command = [program("adb"), "-P", str(free_port())]
    subprocess.run([*command, "start-server"], env={**os.environ, "HOME": str(adb_home)}, timeout=60)
    yield int(command[2])
    subprocess.run([*command, "kill-server"], timeout=20)


@dataclass
class Bench:
    """A fake phone, its folder, and devices that reach it."""

    phone: FakePhone
    folder: Path
    server_port: int
    binary: Path

    def device(self, **options: Any) -> Device:
        settings = {
            "serial": self.phone.serial, "server_port": self.server_port, "folder": str(self.folder),
            "benchmark_model": str(self.binary), "settle_s": 0.0, "timeout_s": 20.0,
        }  # fmt: skip
        return device("adb", **{**settings, **options})

    def calls(self) -> list[str]:
        """The flags of each call of benchmark_model."""
        return Path(f"{self.folder.parent}/count.calls").read_text().splitlines()


@pytest.fixture
def bench(tmp_path: Path, adb_port: int, adb_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("HOME", str(adb_home))  # should a server have to be started, its key is not the user's
    stubs, folder = tmp_path / "stubs", tmp_path / "phone"
    stubs.mkdir()
    folder.mkdir()
    for name, text in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{text}\n")
        (stubs / name).chmod(0o755)
    phone = FakePhone(stubs, {"STUB_COUNT": str(tmp_path / "count")})
    yield Bench(phone, folder, adb_port, HERE / "stub_benchmark_model.sh")
    phone.unplug()
    subprocess.run(["adb", "-P", str(adb_port), "disconnect", phone.serial], capture_output=True, timeout=20)
