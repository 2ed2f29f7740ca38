"""PyTorch's files without PyTorch: tensors are read, and nothing in a file is run."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.weights import read_tensors
from tests.weights.torch_files import write_stream, write_zip

STATE = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "a.running_var": np.array([0.5, 2.5], np.float16),
    "n": np.array(7, np.int64),
}


@pytest.mark.parametrize("write", [write_zip, write_stream])
def test_reads_what_was_written(tmp_path: Path, write: Any) -> None:
    found = read_tensors(str(write(tmp_path / "x.pth", STATE)), "torchvision_pth")
    assert list(found) == list(STATE)
    for name, array in STATE.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_strides_are_followed(tmp_path: Path) -> None:
    """A transposed tensor is saved as a view of its storage."""
    file = write_zip(tmp_path / "x.pth", {"t": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"t": (1, 2)})
    np.testing.assert_array_equal(read_tensors(str(file), "torchvision_pth")["t"], [[0, 2, 4], [1, 3, 5]])


def test_a_tensor_may_not_reach_outside(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "x.pth", {"t": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"t": (100, 1)})
    with pytest.raises(UserError, match="reaches outside its storage"):
        read_tensors(str(file), "torchvision_pth")


class Runs:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("function", "name"), [(os.mkdir, "mkdir"), (exec, "exec"), (getattr, "getattr")])
def test_nothing_is_run(tmp_path: Path, function: Any, name: str, legacy: bool) -> None:
    target = tmp_path / "made"
    bad = pickle.dumps({"x": Runs(function, str(target))}, protocol=2)
    file = tmp_path / "bad.pth"
    if legacy:
        file.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + bad)
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", bad)
    with pytest.raises(UserError, match=rf"wants to run \w+\.{name}, and only tensors are read"):
        read_tensors(str(file), "torchvision_pth")
    assert not target.exists()


WRONG = {
    "empty": b"",
    "text": b"not a file of weights at all",
    "cut pickle": pickle.dumps(0x1950A86A20F9469CFC6C, 2)[:-3],
    "other pickle": pickle.dumps({"a": 1}, 2),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_tensors(str(tmp_path / "x.pth"), "torchvision_pth")


def test_a_whole_model_is_refused(tmp_path: Path) -> None:
    """torch.save(model) pickles classes; torch.save(model.state_dict()) does not."""
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\x02ctorchvision.models.shufflenetv2\nShuffleNetV2\n)\x81.")
    with pytest.raises(UserError) as error:
        read_tensors(str(tmp_path / "x.pth"), "torchvision_pth")
    assert "torchvision.models.shufflenetv2.ShuffleNetV2" in str(error.value)
    assert "torch.save(model.state_dict(), FILE)" in str(error.value)


def test_prefix_and_wrapper(tmp_path: Path) -> None:
    """Of a model that was trained on several devices."""
    state = {f"module.{name}": array for name, array in STATE.items()}
    assert list(read_tensors(str(write_zip(tmp_path / "x.pth", state)), "torchvision_pth")) == list(STATE)
