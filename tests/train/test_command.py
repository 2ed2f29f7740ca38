"""The command: what is refused before anything is trained, and how it ends."""

import struct
from pathlib import Path

import pytest

from archspec.lower.framework import tf
from tests.cli.runner import run
from tests.train.tiny import NETWORK, RECIPE


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(NETWORK)
    Path("r.yaml").write_text(RECIPE + "validation: {images: 2}\n")
    return tmp_path


GIVEN = ("train", "tiny.yaml", "--recipe", "r.yaml", "--data", "synthetic_streets")
REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("train",), "archspec: SPEC, --recipe and --data are missing. Write archspec train SPEC --recipe RECIPE"),
    (("train", "tiny.yaml", "--resume", "."), "archspec: --resume RUN knows its spec, recipe and data"),
    (("train", "--resume", "."), ".: no run.json here. Name the folder of a run"),
    (("train", "tiny.yaml", "--recipe", "camvid", "--data", "synthetic_streets"), "Did you mean 'camvid_cpu'?"),
    (("train", "tiny.yaml", "--recipe", "r.yaml", "--data", "synthetic_street"), "Did you mean 'synthetic_streets'?"),
    (("train", "tiny.yaml", "--recipe", "r.yaml", "--data", "camvid:nowhere"), "nowhere: no such folder"),
    ((*GIVEN, "--set", "head.filter=3"), "Did you mean 'filters'?"),
    ((*GIVEN, "--set-recipe", "schedule=polly"),
     "--set-recipe schedule=polly: schedule: unknown schedule 'polly'. Did you mean 'poly'?"),
    ((*GIVEN, "--set-recipe", "freeze=backbon"),
     "freeze: the network has nothing called 'backbon'. Did you mean 'backbone'?"),
    ((*GIVEN, "--set-recipe", "validation.split=vall"), "no split 'vall' here. Did you mean 'val'?"),
    ((*GIVEN, "--set-recipe", "class_weights=[1,2]"),
     "class_weights has 2 numbers, and synthetic_streets has 9 classes"),
    ((*GIVEN, "--set-recipe", "augmentation.crop=[24,4]"),
     "augmentation.crop: crop 24 × 4 is smaller than the output_stride 8 of the network. Write at least [8, 8]"),
    ((*GIVEN, "--weights", "nothing.npz"), "nothing.npz"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_is_refused_leaves_no_folder(files: Path, arguments: tuple[str, ...], said: str) -> None:
    found = run(*arguments)
    assert found.code == 2
    assert said in found.err.splitlines()[-1]
    assert not (files / "runs").exists()


@pytest.mark.slow
def test_a_training_that_comes_apart_exits_with_1(files: Path) -> None:
    wild = ("optimizer=sgd", "weight_decay={l2: 1.0}", "learning_rate=1.0e+30")
    arguments = [*GIVEN, *(part for one in wild for part in ("--set-recipe", one))]
    first = run(*arguments)
    assert first.code == 1
    assert "failed: " in first.err
    assert "last good checkpoint: runs/tiny-r-" in first.err
    again = run(*arguments)
    assert (again.code, again.err.splitlines()[-2:]) == (1, first.err.splitlines()[-2:])


@pytest.mark.slow
def test_events_for_tensorboard(files: Path) -> None:
    """The rows of the log as scalars, read back with nothing but TensorFlow's protocol buffers."""
    assert run(*GIVEN, "--tensorboard").code == 0
    (events,) = files.glob("runs/*/tensorboard/*.v2")
    found = {}
    for record in tf.data.TFRecordDataset(str(events)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name in ("scalars", "")
            (number,) = struct.unpack("<f", value.tensor.tensor_content or struct.pack("<f", *value.tensor.float_val))
            found[value.tag, event.step] = number
    assert sorted({tag for tag, _ in found}) == ["images_per_second", "learning_rate", "loss", "val_miou"]
    assert sorted(step for tag, step in found if tag == "loss") == [2, 4, 6]
    assert found["learning_rate", 2] == pytest.approx(0.01 * (1 - 1 / 6) ** 0.9, rel=1e-5)
