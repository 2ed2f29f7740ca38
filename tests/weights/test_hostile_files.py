"""Files that are broken or mean harm: always a `UserError` that names the file, never a traceback, nothing run."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.graph.weights import initialise
from archspec.network import import_weights
from archspec.weights import read_shapes, read_tensors, save_weights
from archspec.weights.archspec_npz import ABOUT
from tests.weights.networks import graph_of
from tests.weights.torch_files import write_zip

SMALL = ("width_multiplier=0.5", "head=none")


def header(shape: tuple[int, ...]) -> bytes:
    """An .npy that says it has this shape, and holds four numbers."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(16)


def npz(path: Path, name: str, content: bytes) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.npy", header((10**15,))), ("a.npy", header((-5,))), ("a.npy", header((9, 9))), ("a.npy", b"text"),
     ("a.txt", b"text"), ("../../a", b"")],
    ids=["petabytes", "negative", "too short", "text", "another file", "path"],
)  # fmt: skip
@pytest.mark.parametrize("format_name", ["nanodet_npz", "archspec_npz"])
def test_an_npz_of_anything(tmp_path: Path, format_name: str, name: str, content: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.npz: cannot be read as weights"):
        read_tensors(npz(tmp_path / "x.npz", name, content), format_name)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1j]), np.array([b"a"])], ids=["text", "complex", "bytes"])
def test_arrays_that_are_no_numbers(tmp_path: Path, array: Any) -> None:
    np.savez(tmp_path / "x.npz", **{"conv1.0.weight": array})
    with pytest.raises(UserError, match=r"'conv1\.0\.weight' is no array of numbers"):
        read_tensors(str(tmp_path / "x.npz"), "nanodet_npz")


ABOUT_NOTHING = {"version": 1, "image": None, "covers": [], "spec": "", "settings": [], "readings": {}}


@pytest.mark.parametrize(
    "about",
    [
        [],
        7,
        {**ABOUT_NOTHING, "readings": []},
        {**ABOUT_NOTHING, "readings": {"a": [1, 2]}},
        {**ABOUT_NOTHING, "readings": {"a": ["Conv2D", "any", [], 1, 0, "", ""]}},
        {**ABOUT_NOTHING, "image": [[]]},
    ],
)
def test_what_is_written_about_an_npz_may_be_anything(tmp_path: Path, about: Any) -> None:
    np.savez(tmp_path / "x.npz", **{ABOUT: np.array(json.dumps(about)), "a/kernel": np.zeros(3, np.float32)})
    with pytest.raises(UserError, match="what is written about it is broken"):
        import_weights(tmp_path / "x.npz", "archspec_npz", graph_of("shufflenetv2_basic", *SMALL))


def test_a_zip_that_unpacks_to_more_than_its_tensors(tmp_path: Path) -> None:
    """The storage of a tensor of four numbers, which is a gigabyte: it is not unpacked."""
    path = write_zip(tmp_path / "x.pth", {"a": np.zeros(4, np.float32)})
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(name, bytes(10**7) if "/data/" in name else content)
    with pytest.raises(UserError, match="is not the 16 bytes that its tensors need"):
        read_tensors(str(path), "torchvision_pth")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harm.txt"),)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({"conv1.0.weight": Bomb()}, 2)
    if zipped:
        npz(tmp_path / "x.pth", "m/data.pkl", content)
    else:
        (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"it wants to run .*, and only tensors are read"):
        read_tensors("x.pth", "torchvision_pth")
    assert not (tmp_path / "harm.txt").exists()


@pytest.mark.parametrize(
    "layers",
    [
        None,
        "abc",
        [{"name": 1}],
        [{"name": "a", "class_name": "b", "config": "c", "inbound_nodes": []}],
        [{"name": "a", "class_name": "b", "config": {}, "inbound_nodes": [{"class_name": "__keras_tensor__"}]}],
    ],
)
def test_a_keras_file_of_anything(tmp_path: Path, layers: Any) -> None:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        group = file.create_group("layers/conv2d/vars")
        group.attrs["name"] = "a"
        group.create_dataset("0", data=np.zeros((1, 1, 3, 3), np.float32))
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("model.weights.h5", stream.getvalue())
        archive.writestr("config.json", json.dumps({"config": {"layers": layers}}))
    with pytest.raises(UserError, match=r"x\.keras: "):
        import_weights(tmp_path / "x.keras", "keras_file", graph_of("shufflenetv2_basic", *SMALL))


@pytest.mark.parametrize("layers", ["dataset", "empty", "no names"])
def test_an_h5_of_anything(tmp_path: Path, layers: str) -> None:
    import h5py

    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        if layers == "dataset":
            file.create_dataset("layers", data=np.zeros(3))
        elif layers == "no names":
            file.create_dataset("layers/conv2d/vars/0", data=np.zeros(3))
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_tensors(str(tmp_path / "x.weights.h5"), "keras_file")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_not_finite(tmp_path: Path, number: float) -> None:
    """A network of them runs, and gives nothing."""
    graph = graph_of("shufflenetv2_basic", *SMALL)
    weights = initialise(graph, 0)
    weights["backbone.stem.conv/kernel"][0, 0, 0, 0] = number
    save_weights(tmp_path / "x.npz", weights, graph)
    with pytest.raises(UserError, match=r"'backbone\.stem\.conv/kernel' holds numbers in the file that are not finite"):
        import_weights(tmp_path / "x.npz", "archspec_npz", graph)


def test_one_array_is_no_file_of_weights(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(UserError, match="it holds one array, not several"):
        read_tensors(str(tmp_path / "x.npy"), "nanodet_npz")
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_tensors(str(tmp_path / "x.npz"), "nanodet_npz")


def test_shapes_are_read_from_headers_and_what_unpacks_to_gigabytes_is_not_loaded(tmp_path: Path) -> None:
    """Half a megabyte on the disk, half a gigabyte in memory: neither `show` nor an import may unpack it."""
    numbers, chunk = 2**27, bytes(2**22)
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as stream,
    ):
        stream.write(header((numbers,))[:-16])
        for _ in range(4 * numbers // len(chunk)):
            stream.write(chunk)
    tracemalloc.start()
    found = read_shapes(str(tmp_path / "x.npz"), "nanodet_npz")
    with pytest.raises(UserError, match=r"that unpack to 536,871,0\d\d, at most 268,435,456 are read"):
        read_tensors(str(tmp_path / "x.npz"), "nanodet_npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {name: (one.shape, str(one.dtype), one.size) for name, one in found.items()} == {
        "a": ((numbers,), "float32", numbers)
    }
    assert peak < 20e6


def test_an_h5_whose_chunks_unpack_to_gigabytes(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        layer = file.create_group("layers/conv2d/vars")
        layer.attrs["name"] = "stem"
        layer.create_dataset("0", (2**28,), "f4", chunks=(2**20,), compression="gzip", fillvalue=0)
    assert read_shapes(str(tmp_path / "x.weights.h5"), "keras_file")["stem/kernel"].size == 2**28
    with pytest.raises(UserError, match="that unpack to 1,073,741,824"):
        read_tensors(str(tmp_path / "x.weights.h5"), "keras_file")
