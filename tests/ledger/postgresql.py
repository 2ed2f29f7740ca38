"""A real PostgreSQL of the tests' own: made in a temporary folder, on a free port, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.needs import needed


def binaries() -> Path:
    """The folder of `initdb` and `pg_ctl`."""
    return Path(needed("initdb")).resolve().parent


def unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: who it runs as instead; None for this very user."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh database, with a server that lives as long as the context."""
    folder, user = Path(tempfile.mkdtemp(prefix="archspec-pg-", dir="/tmp")), unprivileged()
    if user:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    data, control = folder / "data", binaries() / "pg_ctl"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=50"
    try:
        _run([binaries() / "initdb", "-D", data, "-U", "archspec", "-A", "trust", "-E", "UTF8", "-N"], folder, user)
        _run([control, "-D", data, "-o", options, "-l", folder / "log", "-w", "-t", "60", "start"], folder, user)
        yield f"postgresql+psycopg2://archspec@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([control, "-D", data, "-m", "immediate", "-w", "stop"], cwd=folder, user=user,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def starting_server() -> Iterator[tuple[str, list[float]]]:
    """A URL at which every connection is told what PostgreSQL says while it starts, and when each came."""
    connections: list[float] = []
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    answer = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):  # it is closed at the end
                while True:
                    with listening.accept()[0] as one:
                        connections.append(time.monotonic())
                        length = int.from_bytes(one.recv(4), "big")
                        if one.recv(length - 4)[:4] == (80877103).to_bytes(4, "big"):  # it asks for TLS first
                            one.sendall(b"N")
                            one.recv(int.from_bytes(one.recv(4), "big") - 4)
                        one.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"postgresql+psycopg2://archspec@127.0.0.1:{listening.getsockname()[1]}/x", connections


def _run(command: list[str | Path], folder: Path, user: str | None) -> None:
    environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
    with (folder / "output").open("ab") as output:  # not a pipe: the server would keep it open
        done = subprocess.run(
            command, cwd=folder, user=user, env=environment, stdout=output, stderr=output, timeout=120
        )
    assert done.returncode == 0, (folder / "output").read_text()
