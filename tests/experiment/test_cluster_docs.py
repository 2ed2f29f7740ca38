"""docs/clusters.md and the files that it shows: commands, engines, the RayJob; the Slurm script runs on this machine.

What is not real are the two programs of Slurm that it calls.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from archspec.ablation import load_ablation
from archspec.cli import archspec_command
from archspec.devices import device_node
from archspec.search.study import load_study
from tests.needs import needed

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "clusters.md").read_text("utf-8")
SCRIPT, JOB = DOCS / "clusters" / "search.sbatch", DOCS / "clusters" / "rayjob.yaml"
STUDY: dict[str, Any] = {
    "name": "small",
    "spec": "shufflenetv2_basic",
    "choices": {"width_multiplier": {"choose": [0.5, 1.0, 1.5]}, "output_stride": {"choose": [8, 16, 32]}},
    "objectives": {"params": "minimize", "gflops": "maximize"},
    "sampler": "random",
    "budget": {"evaluations": 4},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def page_commands() -> list[str]:
    """Every `archspec …` of the page, of its shell blocks and of its text, and that of the RayJob."""
    lines = [line.partition("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    inline = [text for text in re.findall(r"`(archspec [^`]+)`", PAGE) if " --" in text or ".yaml" in text]
    entrypoint = yaml.safe_load(JOB.read_text("utf-8"))["spec"]["entrypoint"]
    return list(dict.fromkeys([*(one for one in lines if one.startswith("archspec ")), *inline, entrypoint]))


ENGINES = [block for block in blocks("yaml") if re.search(r"^engine:", block, re.MULTILINE)]


# --- what the page shows ----------------------------------------------------------------------------------------------


def test_the_page_shows_the_files_as_they_are() -> None:
    assert SCRIPT.read_text("utf-8") in blocks("bash")
    assert JOB.read_text("utf-8") in blocks("yaml")


def test_the_page_has_commands_and_engines() -> None:
    assert len(page_commands()) >= 5
    assert len(ENGINES) >= 5


@pytest.mark.parametrize("command", page_commands())
def test_every_command_is_read(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("street.yaml", "FILE.npz", "FOLDER/study.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    first, name, *arguments = shlex.split(command)
    context = click.Context(archspec_command)
    read = archspec_command.get_command(context, name)
    assert first == "archspec"
    assert read is not None
    found = read.make_context(name, arguments, parent=context).params
    assert found.get("engine") in (None, "local", "auto", "ray://localhost:10001")


@pytest.mark.parametrize("text", ENGINES)
def test_every_engine_is_read_by_studies_and_ablations(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_device(tmp_path)
    written = yaml.safe_load(text)
    engine = load_study({**STUDY, **written}).engine
    assert engine.name == "ray"
    named = written["engine"]
    options = {"address": named} if isinstance(named, str) else dict(named.get("ray", named))
    options.pop("name", None)
    assert dict(engine.arguments) == options
    ablation = {"name": "a", "base": "shufflenetv2_dpc", "grid": {"output_stride": [8, 16]}, "metrics": ["params"]}
    assert load_ablation({**ablation, **written}).engine == engine


def test_the_device_of_the_page_hangs_on_the_node_that_ray_start_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_device(tmp_path)
    (resources,) = re.findall(r"--resources='(\{.*?\})'", PAGE)
    assert list(json.loads(resources)) == [device_node("pixel")]


def write_device(folder: Path) -> None:
    (text,) = (block for block in blocks("yaml") if block.startswith("# devices/pixel.yaml"))
    (folder / "devices").mkdir()
    (folder / "devices" / "pixel.yaml").write_text(text)


# --- the RayJob -------------------------------------------------------------------------------------------------------


def test_the_ray_job_has_what_kuberay_asks_for() -> None:
    job = yaml.safe_load(JOB.read_text("utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = set()
    paths = re.findall(r"(?<=[ :])/[\w./]+", job["spec"]["entrypoint"])
    for group in groups:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        images.add(container["image"])
        amounts = [amount for kind in container["resources"].values() for amount in kind.values()]
        assert amounts
        assert all(isinstance(amount, str) for amount in amounts)
        assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        places = tuple(one["mountPath"] for one in container["volumeMounts"])
        assert paths
        assert all(path.startswith(places) for path in paths)
    (image,) = images
    assert "placeholder" in image
    worker = cluster["workerGroupSpecs"][0]
    assert worker["minReplicas"] <= worker["replicas"] <= worker["maxReplicas"]


# --- the Slurm script -------------------------------------------------------------------------------------------------

SCONTROL = """#!/bin/sh
[ "$1 $2" = "show hostnames" ] || exit 2
for _ in $(seq "$FAKE_NODES"); do echo localhost; done
"""
# Runs what it is given once a task, in the files and environment of the step; a signal ends them.
SRUN = """#!/bin/bash
tasks=1
while [[ $1 == --* ]]; do
    case $1 in
        --ntasks=*) tasks=${1#*=} ;;
        --output=*) exec >>"${1#*=}" 2>&1 ;;
        --nodes=* | --nodelist=* | --exclude=* | --cpus-per-task=* | --error=* | --open-mode=append) ;;
        *) exit 2 ;;
    esac
    shift
done
trap 'kill $(jobs -p) 2>/dev/null' TERM
for ((task = 0; task < tasks; task++)); do "$@" & done
wait
"""
MEASURE = '''
"""A number that is taken on a node, in half a second, and says where"""

import os
import time
from pathlib import Path

from archspec.measures import Case

UNIT, BETTER, RUNG, SECONDS = "", "less", "tflite", 0.5


def measure(case: Case) -> float:
    import ray

    (Path(os.environ["SEEN"]) / ray.get_runtime_context().get_node_id()).touch()
    time.sleep(float(os.environ["TAKES_S"]))
    return 1.0
'''


@dataclass
class Slurm:
    """A folder with a study and the script, and programs of Slurm that start its steps on this machine."""

    folder: Path
    nodes: int = 2
    takes_s: float = 0.5
    number: int = field(default_factory=lambda: os.getpid() % 4000)
    job: subprocess.Popen[bytes] | None = None

    def submit(self) -> subprocess.Popen[bytes]:
        """`sbatch search.sbatch small.yaml --plugins plugins`."""
        seen = self.folder / "seen"
        seen.mkdir(exist_ok=True)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_JOB_ID": str(self.number), "SLURM_CPUS_PER_TASK": "1",
            "FAKE_NODES": str(self.nodes), "TAKES_S": str(self.takes_s), "SEEN": str(seen), "CUDA_VISIBLE_DEVICES": "",
            "RAY_USAGE_STATS_ENABLED": "0",
        }  # fmt: skip
        self.number += 1
        with (self.folder / "log").open("ab") as log:
            self.job = subprocess.Popen(
                ["bash", str(SCRIPT), "small.yaml", "--plugins", "plugins"], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self.job

    def clear(self) -> None:
        """What Slurm does when a job's script has ended: nothing of the job stays."""
        if self.job is None:
            return
        for pid in _session(self.job.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.job.wait()

    @property
    def seen(self) -> list[Path]:
        """A file for each node that has evaluated."""
        return list((self.folder / "seen").iterdir())

    @property
    def said(self) -> str:
        """The job's output so far, with that of Ray."""
        return "\n".join(path.read_text() for path in [self.folder / "log", *self.folder.glob("archspec-*-ray.log")])


def _session(leader: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                found.append(int(entry.name))
    return found


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Slurm]:
    """Two nodes of one processor."""
    needed("ray")
    programs = {"scontrol": SCONTROL, "srun": SRUN}
    files: Mapping[str, str] = {
        **{f"bin/{name}": text for name, text in programs.items()},
        ".venv/bin/activate": f"PATH={tmp_path}/bin:{Path(sys.executable).parent}:$PATH\n",
        "plugins/measures/somewhere.py": MEASURE,
        "small.yaml": yaml.safe_dump({**STUDY, "metrics": ["somewhere"]}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in programs:
        (tmp_path / "bin" / name).chmod(0o755)
    made = Slurm(tmp_path)
    yield made
    made.clear()


def test_the_script_is_read_by_bash_and_its_options_by_slurm() -> None:
    assert subprocess.run(["bash", "-n", str(SCRIPT)], capture_output=True).stderr == b""
    options = re.findall(r"^#SBATCH --([a-z-]+)=(\S+)$", SCRIPT.read_text("utf-8"), re.MULTILINE)
    known = {"job-name", "nodes", "ntasks-per-node", "cpus-per-task", "gpus-per-node", "time", "signal", "output"}
    assert {name for name, _ in options} == known
    assert dict(options)["signal"].startswith("B:TERM@")


@pytest.mark.slow
def test_the_script_searches_on_all_nodes(slurm: Slurm) -> None:
    assert slurm.submit().wait(500) == 0, slurm.said
    assert re.search(r"^evaluated +4 *$", slurm.said, re.MULTILINE), slurm.said
    assert len(slurm.seen) == 2, slurm.said


@pytest.mark.slow
def test_the_script_ends_when_time_is_up_and_goes_on_when_it_is_submitted_again(slurm: Slurm) -> None:
    slurm.nodes, slurm.takes_s = 1, 60.0
    job = slurm.submit()
    end = time.monotonic() + 400
    while not slurm.seen and time.monotonic() < end and job.poll() is None:
        time.sleep(0.5)
    os.kill(job.pid, signal.SIGTERM)
    assert job.wait(200) != 0, slurm.said
    assert "go on with: archspec search --resume" in slurm.said, slurm.said
    slurm.clear()
    slurm.takes_s = 0.1
    assert slurm.submit().wait(500) == 0, slurm.said
    (folder,) = (slurm.folder / "searches").glob("small-*")
    assert (folder / "front.csv").is_file()


def test_the_script_says_that_no_node_came(slurm: Slurm) -> None:
    (slurm.folder / "bin" / "ray").write_text("#!/bin/sh\nexit 3\n")
    (slurm.folder / "bin" / "ray").chmod(0o755)
    assert slurm.submit().wait(60) == 1
    assert "the Ray cluster has not 1 nodes: see archspec-" in slurm.said


def test_the_token_is_in_the_environment_and_in_no_command_line() -> None:
    lines = [line for line in SCRIPT.read_text("utf-8").splitlines() if "RAY_AUTH_TOKEN" in line]
    assert [line.split("=")[0].split()[0] for line in lines] == ["RAY_AUTH_TOKEN", "export"]
