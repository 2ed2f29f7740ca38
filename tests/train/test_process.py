"""The command in a process of its own: killed, interrupted, resumed; the weights end up the same, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.train._progress import Log
from tests.cli.runner import environment
from tests.train.tiny import NETWORK

RECIPE = """
augmentation: {crop: [48, 64]}
batch_size: 2
steps: 60
optimizer: adamw
weight_decay: {decoupled: 0.004}
learning_rate: 0.01
schedule: poly
ema: 0.95
loss: [cross_entropy, {lovasz_softmax: {}, weight: 0.5}]
validation: {every: 25, images: 2}
checkpoint_every: 7
"""


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    """`archspec train` in a folder of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "tiny.yaml").write_text(NETWORK)
    (folder / "slow.yaml").write_text(RECIPE)
    command = ["train", "tiny.yaml", "--recipe", "slow.yaml", "--data", "synthetic_streets", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "archspec", *command],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run_folder(folder: Path) -> Path:
    (found,) = (path for path in (folder / "runs").iterdir() if path.name.startswith("tiny-slow-"))
    return found


def wait_for_step(process: subprocess.Popen[str], folder: Path, step: int) -> None:
    """Until the log has a row at that step or later."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        for log in folder.glob("runs/tiny-slow-*/log.csv"):
            if any(row.step >= step for row in Log(log).rows()):
                return
        time.sleep(0.02)
    raise AssertionError("the training has not come so far")


def weights(folder: Path) -> dict[str, bytes]:
    with np.load(run_folder(folder) / "weights.npz") as file:
        return {name: file[name].tobytes() for name in file.files}


def about(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run_folder(folder) / "run.json").read_text())
    return found


def finish(folder: Path, *more: str) -> str:
    process = start(folder, *more)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    finish(folder)
    return folder


@pytest.mark.slow
def test_kill_9_twice_and_resume(whole: Path, tmp_path: Path) -> None:
    """Wherever it happens to be when it is killed; what the killed process left is whole."""
    killed_at = []
    for step, more in ((5, ()), (30, ())):
        process = start(tmp_path, *more)
        wait_for_step(process, tmp_path, step)
        time.sleep(np.random.default_rng().uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert about(tmp_path)["state"] == "running"
        killed_at.append(Log(run_folder(tmp_path) / "log.csv").rows()[-1].step)
    assert killed_at[-1] < 60, "it was finished before it could be killed"
    said = finish(tmp_path)
    assert "resumed after step" in said
    assert about(tmp_path)["metrics"] == about(whole)["metrics"]
    assert weights(tmp_path) == weights(whole), f"killed after steps {killed_at}"


@pytest.mark.slow
def test_ctrl_c_keeps_the_step_and_the_run_folder_alone_is_enough_to_go_on(whole: Path, tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for_step(process, tmp_path, 10)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted; what was finished is kept" in said
    assert "Traceback" not in said
    stopped = Log(run_folder(tmp_path) / "log.csv").rows()[-1].step
    assert (run_folder(tmp_path) / "checkpoints" / f"stage1-step{stopped:07d}.npz").is_file()
    command = [sys.executable, "-m", "archspec", "train", "--resume", str(run_folder(tmp_path))]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(command, cwd=elsewhere, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert f"resumed after step {stopped} of stage '1'" in done.stderr
    assert weights(tmp_path) == weights(whole)


@pytest.mark.slow
def test_what_people_see_in_a_pipe(whole: Path) -> None:
    process = start(whole)
    out, said = process.communicate(timeout=600)
    assert process.returncode == 0
    assert "the spec says 3 classes; synthetic_streets has 9, which are used here" in said
    assert "not trained again" in out
    assert "mean" in out
    assert str(run_folder(whole).name) in out
