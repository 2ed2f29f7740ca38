"""A phone (the real `adb` client, a fake daemon) and a board (a real `sshd` on loopback) to test with."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archspec.devices import Device, device
from tests.devices.fake_adbd import FakePhone
from tests.needs import needed

HERE = Path(__file__).parent
STUBS = {
    "getprop": "case $1 in ro.product.cpu.abi) echo arm64-v8a;; ro.product.model) echo FakePhone;; esac",
    "dumpsys": 'case $1 in battery) printf "  status: 2\\n  level: 81\\n  temperature: 312\\n";;'
    ' thermalservice) echo "Thermal Status: ${FAKE_THERMAL:-0}";; esac',
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def adb_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adb_home")


@pytest.fixture(scope="session")
def adb_port(adb_home: Path) -> Iterator[int]:
    """The port of an adb server of our own, apart from the user's."""
    command = [needed("adb"), "-P", str(free_port())]
    subprocess.run([*command, "start-server"], env={**os.environ, "HOME": str(adb_home)}, timeout=60)
    yield int(command[2])
    subprocess.run([*command, "kill-server"], timeout=20)


def descendants(process: int) -> list[int]:
    """The processes that this one started, and those that they did (Linux)."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended since
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children += [int(path.parent.name)] if parent == process else []
    return children + [below for child in children for below in descendants(child)]


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


@dataclass
class Board:
    """A real sshd on loopback with keys of its own, and devices that reach it."""

    folder: Path
    port: int
    key: Path
    process: subprocess.Popen[bytes]
    log: Path

    def device(self, **options: Any) -> Device:
        settings = {
            "host": "127.0.0.1", "port": self.port, "key": str(self.key), "python": sys.executable,
            "folder": str(self.folder), "timeout_s": 60.0,
            "options": ["StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder}/known", "LogLevel=ERROR"],
        }  # fmt: skip
        return device("ssh", **{**settings, **options})


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    sshd, keygen = needed("sshd"), needed("ssh-keygen")
    needed("ssh")
    keys, folder = tmp_path / "keys", tmp_path / "board"
    keys.mkdir(mode=0o700)
    folder.mkdir()
    for name in ("host", "user", "stranger"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True, timeout=30)
    (keys / "authorized").write_bytes((keys / "user.pub").read_bytes())
    port = free_port()
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": keys / "host", "PidFile": "none",
        "AuthorizedKeysFile": keys / "authorized", "StrictModes": "no", "UsePAM": "no",
        "PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no",
    }  # fmt: skip
    (keys / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself in; a running system has made it
    log = tmp_path / "sshd.log"
    command = [sshd, "-D", "-f", str(keys / "config"), "-E", str(log)]
    with subprocess.Popen(command, start_new_session=True) as process:
        _wait_for(port, process, log)
        yield Board(folder, port, keys / "user", process, log)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"sshd does not listen: {log.read_text() if log.exists() else process.returncode}")
