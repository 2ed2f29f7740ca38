"""A phone that hangs on one node of a Ray cluster: it is timed there only, and waited for when it is unplugged."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from archspec.ablation import parse_ablation
from archspec.ablation.run import AblationRun
from archspec.experiment import AtWork, turns
from archspec.search import session
from archspec.search.progress import Progress, Silent
from archspec.search.study import StudyResult, StudyRun, parse_study
from archspec.search.trials import Trial
from tests.devices.conftest import HERE, STUBS, free_port
from tests.devices.fake_adbd import FakePhone
from tests.experiment.ray_cluster import RayCluster, cluster_of, disconnect
from tests.needs import needed

DESK = "phone_desk"
PATIENCE_S = 180.0
STUDY = """
name: timed
spec: camvid_shufflenetv2_05
set: ["input.size=[64,96]"]
choices: {{width_multiplier: {{choose: [0.5, 1.0]}}, output_stride: {{choose: [8, 16, 32]}}}}
objectives: {{latency_ms: minimize, patient_score: minimize}}
sampler: random
data: synthetic_streets
device: pixel
engine: {{ray: {{address: "{address}"}}}}
front: {{metrics: [latency_ms], points: 2}}
budget: {{evaluations: 6}}
"""
ABLATION = """
base: camvid_shufflenetv2_05
overrides: ["input.size=[64,96]"]
variants: {{wide: {{width_multiplier: 1.0}}}}
metrics: [params, latency_ms, patient_score]
data: synthetic_streets
device: pixel
procedure: quick
engine: {{name: ray, address: "{address}"}}
"""
SCORE = """
\"\"\"A number that takes its time\"\"\"
import os, time
from pathlib import Path

UNIT, BETTER, RUNG, SECONDS = "", "more", "proxy", 1.0


def measure(case):
    note("begin")
    time.sleep(3)
    note("end")
    return case.network.cost.params / 1e6


def note(what):
    with Path({log!r}).open("a") as file:
        file.write(f"{{what}} {{time.time()}} {{Path(os.environ['ARCHSPEC_NODE_FOLDER']).parent.name}}\\n")
"""
PROGRAM = """#!/bin/sh
echo "$$ begin $(date +%s.%N)" >>"$STUB_COUNT.spans"
sleep 0.02
sh {stub} "$@"
code=$?
echo "$$ end $(date +%s.%N)" >>"$STUB_COUNT.spans"
exit $code
"""


@dataclass(frozen=True)
class Desk:
    """The cluster, the phone, and what they leave: `folder` is the current one, with the device file."""

    cluster: RayCluster
    phone: FakePhone
    folder: Path

    def text(self, document: str) -> str:
        """A study or ablation on this cluster."""
        return document.format(address=self.cluster.address)

    def spans(self) -> list[tuple[float, float]]:
        """When a model ran on the phone, in order."""
        found: dict[str, list[float]] = {}
        for line in (self.folder / "count.spans").read_text().splitlines():
            process, _, at = line.split()
            found.setdefault(process, []).append(float(at))
        return sorted((one[0], one[1]) for one in found.values() if len(one) == 2)

    def scored(self) -> list[tuple[str, float, str]]:
        """What the slow measure noted: begin or end, when, and on which node."""
        rows = [line.split() for line in (self.folder / "scores").read_text().splitlines()]
        return [(what, float(at), node) for what, at, node in rows]

    def asked_elsewhere(self) -> str:
        """What called the `adb` that is on the path of everybody but the node at the desk."""
        log = self.folder / "elsewhere"
        return log.read_text() if log.exists() else ""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two nodes whose `adb` reaches nothing, as this process's, and a third with the server that knows the phone and a
    home folder with the phone's program."""
    adb, folder, server = needed("adb"), tmp_path_factory.mktemp("desk"), free_port()
    needed("ray")
    phone = FakePhone(planted(folder), {"STUB_COUNT": str(folder / "count")})
    write_files(folder, phone)
    own = {"HOME": str(folder / "home"), "ANDROID_ADB_SERVER_PORT": f"{server}", "PATH": os.environ["PATH"]}
    command = [adb, "-P", f"{server}"]
    subprocess.run([*command, "start-server"], env={**os.environ, **own}, timeout=60, check=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", f"{folder / 'no_adb'}:{os.environ['PATH']}")
        patched.chdir(folder)
        try:
            with cluster_of({}, {}) as cluster:
                cluster.add({DESK: 1}, own, name="desk")
                cluster.await_nodes()
                yield Desk(cluster, phone, folder)
        finally:
            phone.unplug()
            subprocess.run([*command, "kill-server"], timeout=20)


@pytest.fixture(autouse=True)
def asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(session, "AGAIN_S", 1.0)
    monkeypatch.setattr(turns, "AGAIN_S", 1.0)
    yield
    disconnect()


def planted(folder: Path) -> Path:
    """The programs of the phone."""
    stubs = folder / "stubs"
    stubs.mkdir()
    for name, text in STUBS.items():
        write_program(stubs / name, f"#!/bin/sh\n{text}\n")
    return stubs


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def write_files(folder: Path, phone: FakePhone) -> None:
    for name in ("devices", "home", "no_adb", "phone", "plugin/measures"):
        (folder / name).mkdir(parents=True)
    write_program(folder / "home" / "benchmark_model", PROGRAM.format(stub=HERE / "stub_benchmark_model.sh"))
    log = shlex.quote(str(folder / "elsewhere"))
    write_program(folder / "no_adb" / "adb", f"#!/bin/sh\necho $PPID $* >>{log}\necho no such thing here >&2\nexit 1\n")
    (folder / "plugin" / "measures" / "patient_score.py").write_text(SCORE.format(log=str(folder / "scores")).lstrip())
    (folder / "devices" / "pixel.yaml").write_text(
        f"node: {DESK}\n"
        f"adb: {{serial: '{phone.serial}', benchmark_model: ~/benchmark_model, folder: '{folder / 'phone'}', "
        "settle_s: 0, timeout_s: 20}\n"
    )


# --- a study ----------------------------------------------------------------------------------------------------------


@dataclass
class Unplugging(Silent):
    """Pulls the phone out when the first trial is finished. It is plugged in when the study has said that one waits,
    has asked again in vain, and another trial has been finished meanwhile."""

    phone: FakePhone
    said: list[str] = field(default_factory=list)
    finished_out: list[int] = field(default_factory=list)
    again_out: list[int] = field(default_factory=list)
    new_out: list[int] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    state: str = "in"
    end: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)
    where: Counter[str] = field(default_factory=Counter)

    def message(self, text: str) -> None:
        self.said.append(text)

    def claimed(self, trial: Trial, progress: Progress) -> None:
        assert time.monotonic() < self.end, self
        if self.state == "out" and self.said:
            (self.again_out if trial.number in self.known else self.new_out).append(trial.number)
        self.known.add(trial.number)

    def finished(self, trial: Trial, progress: Progress) -> None:
        if self.state == "in" and trial.state == "done":
            self.phone.unplug()
            self.state = "out"
        elif self.state == "out":
            self.finished_out.append(trial.number)

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        assert time.monotonic() < self.end, self
        self.where.update(one.where for one in several.values() if one.where)
        if self.state == "out" and self.finished_out and len(self.again_out) > 1:
            self.phone.plug_in()
            self.state = "in again"

    def calibrating(self, progress: Any) -> None:
        """Not in this study."""

    def timing(self, progress: Any) -> None:
        """Of the front."""

    def measuring(self, what: str, done: int, total: int) -> None:
        """Not in this study."""


@pytest.mark.slow
def test_a_study_times_on_the_phone_of_a_node_and_waits_for_it(desk: Desk) -> None:
    progress = Unplugging(desk.phone)
    found = run_of(desk).run(progress)
    assert found.result.counts == {"done": 6}
    assert progress.state == "in again" and progress.finished_out and not progress.new_out, progress
    waiting = [line for line in progress.said if "waits" in line]
    assert waiting and all(line.startswith("trial ") and "pixel" in line for line in waiting), waiting
    assert "desk" in progress.where and len(progress.where) > 1
    check_the_phone(desk)
    check_the_front(found)
    check_the_other_nodes(desk)
    (note,) = desk.folder.glob("searches/timed-*/device.json")
    assert '"device": "pixel"' in note.read_text()
    calls = len(desk.phone.commands)
    assert run_of(desk).run(Unplugging(desk.phone)).result.counts == {"done": 6}
    assert len([one for one in desk.phone.commands[calls:] if "--graph" in one]) <= 1  # which device it is


def run_of(desk: Desk) -> StudyRun:
    study = parse_study(desk.text(STUDY), catalog=catalog(desk))
    return StudyRun(study, desk.folder / "searches", str(desk.folder / "ledger.db"), (desk.folder / "plugin",))


def catalog(desk: Desk) -> Any:
    from archspec.catalog import Catalog

    return Catalog((desk.folder / "plugin",))


def check_the_phone(desk: Desk) -> None:
    """Models run on it one at a time, and nobody else looked for a phone."""
    spans = desk.spans()
    assert len(spans) > 20
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert desk.asked_elsewhere() == ""


def check_the_front(found: StudyResult) -> None:
    """Its networks took turns in one measurement."""
    records = [one for each in found.networks for one in each.measured["latency_ms"].records.values()]
    assert len(records) == len(found.networks) > 1
    assert len({record.circumstances["measurement"] for record in records}) == 1
    assert {record.conditions["device"] for record in records} == {"pixel"}


def check_the_other_nodes(desk: Desk) -> None:
    """The other measure was taken on other nodes, too, while the phone was at work."""
    ends = [at for what, at, _ in desk.scored() if what == "end"]
    begins = [at for what, at, _ in desk.scored() if what == "begin"]
    assert len(ends) == len(begins) == 6
    assert {node for _, _, node in desk.scored()} - {"desk"}
    whole = list(zip(sorted(begins), sorted(ends), strict=True))
    assert any(begin < start and end < done for begin, done in whole for start, end in desk.spans())


# --- an ablation ------------------------------------------------------------------------------------------------------


@dataclass
class Replugging:
    """Plugs the phone in when the ablation has said that it waits."""

    phone: FakePhone
    said: list[str] = field(default_factory=list)

    def message(self, text: str) -> None:
        self.said.append(text)
        if text.startswith("waits for pixel: ") and sum(one.startswith("waits") for one in self.said) == 1:
            self.phone.plug_in()

    def measuring(self, what: str, done: int, total: int) -> None: ...

    def at_work(self, several: Mapping[str, AtWork]) -> None: ...

    def timing(self, progress: Any) -> None: ...


@pytest.mark.slow
def test_an_ablation_waits_for_the_phone_and_times_its_rows_in_turns(desk: Desk) -> None:
    ablation = parse_ablation(desk.text(ABLATION), catalog=catalog(desk))
    ledger = str(desk.folder / "rows.db")
    run = AblationRun(ablation, ledger, desk.folder / "runs", (desk.folder / "plugin",))
    desk.phone.unplug()
    progress = Replugging(desk.phone)
    result = run.run(progress)
    assert [line for line in progress.said if line.startswith("waits for pixel")], progress.said
    assert result.conditions("latency_ms")["device"] == "pixel"
    rows = [one for name in result.hashes for one in result.sample(name, "latency_ms").records.values()]
    assert len(rows) == 2 and len({record.circumstances["measurement"] for record in rows}) == 1
    assert all(result.sample(name, "patient_score").records for name in result.hashes)
    check_the_phone(desk)
    assert run.run(progress).measured == 0
