"""Files that travel: what stands for them, where they come out, and the paths that change on the way."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.errors import UserError
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Places, is_over, merged
from archspec.measures import Evaluation, Rejection, Settings

NAMES = st.lists(st.sampled_from(["a", "b", "run.json", "1", "ü x", "c.npz"]), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(NAMES, st.binary(max_size=40), max_size=6).filter(
    lambda files: not any(f"{one}/" in other for one in files for other in files)  # a file is no folder
)


def found_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- parcels ----------------------------------------------------------------------------------------------------------


@given(FILES, st.randoms())
def test_what_stands_for_files_does_not_depend_on_their_order(files: dict[str, bytes], order: random.Random) -> None:
    names = list(files)
    order.shuffle(names)
    assert Parcel({name: files[name] for name in names}).digest == Parcel(files).digest
    assert Parcel(files).size == sum(map(len, files.values()))


@given(FILES, FILES)
def test_other_files_are_another_parcel(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (Parcel(one).digest == Parcel(other).digest) == (one == other)


@given(FILES)
def test_they_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    store = tmp_path_factory.mktemp("store")
    folder = Parcel(files).unpack(store)
    assert found_in(folder) == files
    assert Parcel(files).unpack(store) == folder and found_in(store / folder.name) == files
    target = tmp_path_factory.mktemp("target")
    (target / "other").write_text("stays")
    Parcel(files).put_into(target)
    assert found_in(target) == {**files, "other": b"stays"}
    assert (
        Parcel.of_path(target).digest == Parcel({f"{target.name}/{n}": c for n, c in found_in(target).items()}).digest
    )


def test_names_and_contents_are_told_apart() -> None:
    several = [
        Parcel({"a": b"bc"}),
        Parcel({"ab": b"c"}),
        Parcel({"a": b"b", "c": b""}),
        Parcel({}),
        Parcel({"a": b""}),
    ]
    assert len({one.digest for one in several}) == len(several)


def test_a_file_a_folder_and_a_checkpoint(tmp_path: Path) -> None:
    for name in ("ckpt.index", "ckpt.data-00000-of-00001", "ckpt2.index", "w.npz", "plugin/measures/m.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "plugin" / ".cache").mkdir()
    (tmp_path / "plugin" / ".cache" / "x").write_text("stays behind")
    (tmp_path / "plugin" / ".lock").write_text("stays behind")
    assert set(Parcel.of_path(tmp_path / "w.npz").files) == {"w.npz"}
    assert set(Parcel.of_path(tmp_path / "ckpt").files) == {"ckpt.index", "ckpt.data-00000-of-00001"}
    plugin = Parcel.of_path(tmp_path / "plugin")
    assert plugin.files == {"plugin/measures/m.py": b"plugin/measures/m.py"}
    store = tmp_path / "store"
    entries = [one.unpack(store) / one.entry for one in map(Parcel.of_path, (tmp_path / "w.npz", tmp_path / "plugin"))]
    assert entries[0].is_file() and (entries[1] / "measures" / "m.py").is_file()
    checkpoint = Parcel.of_path(tmp_path / "ckpt")
    prefix = checkpoint.unpack(store) / checkpoint.entry
    assert Path(f"{prefix}.index").is_file() and Path(f"{prefix}.data-00000-of-00001").is_file()


def test_what_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"w\.npz: no such file"):
        Parcel.of_path(tmp_path / "w.npz")
    assert Parcel.of_folders(tmp_path, ["none"]).files == {}


def test_what_says_that_a_training_is_finished_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        "archspec.experiment.engines._parcels.write_bytes", lambda path, content: written.append(path.name)
    )
    Parcel({"run/a.npz": b"", "run/run.json": b"", "z/z.npz": b""}).put_into(tmp_path)
    assert written == ["a.npz", "z.npz", "run.json"]


# --- places -----------------------------------------------------------------------------------------------------------


PLACES = Places(
    {"/home/w.npz": "/node/1/w.npz", "devices/p.yaml": "/node/2/p.yaml"}, {"camvid:/a": "camvid:/b"}, "/out"
)


def test_settings_have_the_paths_of_the_machine() -> None:
    settings = Settings(
        ("params",), plugins=("/home/w.npz", "/other"), recipes={"miou": "/home/w.npz", "top1": "usual"},
        latency_table="/home/w.npz", device="devices/p.yaml", data=("camvid:/a", "voc:/c"), output="/home/out", seed=3,
    )  # fmt: skip
    found = PLACES.settings(settings)
    changed = {one.name for one in fields(Settings) if getattr(found, one.name) != getattr(settings, one.name)}
    assert changed == {"plugins", "recipes", "latency_table", "device", "data", "output"}
    assert found.plugins == ("/node/1/w.npz", "/other")
    assert found.recipes == {"miou": "/node/1/w.npz", "top1": "usual"}
    assert (found.latency_table, found.device) == ("/node/1/w.npz", "/node/2/p.yaml")
    assert (found.data, found.output) == (("camvid:/b", "voc:/c"), "/out")


def test_a_spec_goes_there_and_comes_home() -> None:
    text = "backbone: mobilenet_v2\nweights: {file: /home/w.npz}\n"
    there = PLACES.spec_text(text)
    assert "/node/1/w.npz" in there and "/home" not in there
    assert "/home/w.npz" in PLACES.home_text(there) and "/node" not in PLACES.home_text(there)
    assert PLACES.spec_text("") == ""
    assert Places({}, {}, "").spec_text("not: [a spec") == "not: [a spec"


# --- two parts --------------------------------------------------------------------------------------------------------


def test_two_parts_of_one_evaluation() -> None:
    first, second = Evaluation({"a": 1.0, "b": 2.0}), Evaluation({"b": 3.0}, rejected=Rejection("b", "too much"))
    whole = merged(first, second)
    assert whole.values == {"a": 1.0, "b": 3.0} and whole.rejected == second.rejected
    assert [is_over(one) for one in (first, whole, Evaluation({"a": None}), Evaluation({}, fault="diverged"))] == [
        False, True, True, True,
    ]  # fmt: skip
