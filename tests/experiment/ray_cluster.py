"""A small Ray cluster of real processes on the loopback device: each node can be killed, and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE_BYTES = 80 * 2**20
STARTS_S = 60.0
_HOST = "127.0.0.1"
# On Linux the kernel kills the program with the process that started it (PR_SET_PDEATHSIG); what the program starts is
# ended in the same way by Ray itself.
_DIES_TOO = """
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], sys.argv[1:])
"""
# A node that was killed is missed in a second or two; Ray's own figures are for networks that stumble.
_ENVIRONMENT = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_worker_niceness": "0",  # by itself it is 15: on a machine with other work the nodes would starve
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
}


@dataclass
class RayNode:
    """One `ray start --block`, in a session of its own. `environment` is its own, too."""

    name: str
    resources: Mapping[str, float]
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin it; it is there some seconds later."""
        counts = {"CPU": "--num-cpus", "GPU": "--num-gpus"}
        declared = [f"{option}={self.resources.get(name, 0):g}" for name, option in counts.items()]
        own = {name: amount for name, amount in self.resources.items() if name not in counts}
        program = str(Path(sys.executable).with_name("ray"))
        command = [
            sys.executable, "-S", "-c", _DIES_TOO, program, "start", "--block", f"--node-name={self.name}",
            f"--object-store-memory={STORE_BYTES}", "--min-worker-port=0", "--max-worker-port=0",
            "--disable-usage-stats", f"--temp-dir={self.log.parent}", f"--resources={json.dumps(own)}", *declared,
            *self.arguments,
        ]  # fmt: skip
        environment = {**os.environ, **_ENVIRONMENT, "PYTHONPATH": str(ROOT), **self.environment}
        environment.pop("CUDA_VISIBLE_DEVICES", None)  # a node may declare GPUs that it has not
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent, env=environment,
                start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill all its processes at once, as when its power fails."""
        if self.process is None:
            return
        for pid in [self.process.pid, *session_of(self.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    @property
    def pids(self) -> set[int]:
        """All its processes."""
        return set() if self.process is None else set(session_of(self.process.pid))

    @property
    def workers(self) -> list[int]:
        """Its processes that evaluate."""
        return [pid for pid in self.pids if _title(pid).startswith("ray::evaluation")]

    @property
    def offices(self) -> list[int]:
        """The processes of archspec's office, on the head."""
        return [pid for pid in self.pids if _title(pid).startswith("ray::Office")]


@dataclass
class RayCluster:
    """The nodes, the first of which is the head. `client` is the address for a driver anywhere, `address` for one on
    the head."""

    folder: Path
    port: int
    client_port: int
    nodes: list[RayNode] = field(default_factory=list)

    @property
    def client(self) -> str:
        """`ray://…`."""
        return f"ray://{_HOST}:{self.client_port}"

    @property
    def address(self) -> str:
        """Without Ray Client."""
        return f"{_HOST}:{self.port}"

    def add(
        self, resources: Mapping[str, float] | None = None, environment: Mapping[str, str] | None = None, name: str = ""
    ) -> RayNode:
        """One more node of one processor, with a folder of its own for what archspec sends."""
        name = name or f"node{len(self.nodes)}"
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        own = {"ARCHSPEC_NODE_FOLDER": str(folder / "archspec"), **(environment or {})}
        arguments: tuple[str, ...] = (f"--address={self.address}",)
        if not self.nodes:
            arguments = ("--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}",
                         "--include-dashboard=false")  # fmt: skip
        node = RayNode(name, {"CPU": 1, **(resources or {})}, own, arguments, folder / "log")
        self.nodes.append(node)
        node.start()
        return node

    def await_nodes(self) -> None:
        """Until all that were started are there. Raises `TimeoutError` with what they said."""
        from ray._raylet import GcsClient

        count, end, last = sum(node.process is not None for node in self.nodes), time.monotonic() + STARTS_S, ""
        while time.monotonic() < end:
            try:
                found = GcsClient(address=self.address).get_all_node_info(timeout=2).values()
                if sum(one.state == 0 for one in found) == count and _listens(self.client_port):
                    return
            except Exception as error:  # noqa: BLE001 - it is not there yet
                last = str(error)
            if ended := [node.name for node in self.nodes if node.process and node.process.poll() is not None]:
                last = f"{', '.join(ended)} ended"
                break
            time.sleep(0.1)
        said = "\n".join(node.log.read_text() for node in self.nodes)
        raise TimeoutError(f"the cluster has not {count} nodes after {STARTS_S:g} s: {last}\n{said}")

    def stop(self) -> None:
        """End all of it."""
        for node in reversed(self.nodes):
            node.kill()


@contextmanager
def cluster_of(*nodes: Mapping[str, float]) -> Iterator[RayCluster]:
    """A head and nodes with what each declares beside its processor; `{"CPU": 2}` for two of them."""
    folder = Path(tempfile.mkdtemp(prefix="as-ray-", dir="/tmp"))  # short: sockets have paths of 107 bytes at most
    sweeper = subprocess.Popen(
        ["/bin/sh", "-c", 'cat; sleep 1; rm -rf "$0"', str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip # it outlives this process, however that ends, and nothing else
    port, client_port = free_ports(2)
    cluster = RayCluster(folder, port, client_port)
    try:
        for declared in nodes:
            cluster.add(declared)
            if len(cluster.nodes) == 1:
                cluster.await_nodes()
        cluster.await_nodes()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
        sweeper.kill()
        sweeper.wait()
        if sweeper.stdin is not None:
            sweeper.stdin.close()


def disconnect() -> None:
    """Let go of the cluster: a process is connected to one at a time."""
    import ray

    ray.shutdown()


def free_ports(count: int) -> list[int]:
    """So many ports that nobody has now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((_HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def session_of(leader: int) -> Iterator[int]:
    """The processes of a session, and those that one of them left in sessions of their own."""
    parents: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1]), int(fields[3])
    found = {leader}
    while more := {pid for pid, (parent, session) in parents.items() if parent in found or session == leader} - found:
        found |= more
    yield from found - {leader}


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def _listens(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex((_HOST, port)) == 0
