"""`archspec search` from outside: a study of cost alone, end to end; resumed, shown, refused."""

from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path

import pytest

from archspec.record import held
from archspec.spec import load, override
from tests.cli.runner import run

STUDY = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0, 1.5]}, output_stride: {choose: [8, 16, 32]}}
objectives: {params: minimize, gflops: maximize}
sampler: random
budget: {evaluations: 6}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(STUDY)
    return file


def searched(study: Path, *more: str) -> Path:
    """Search; the study's folder."""
    root = study.parent / "searches"
    result = run("search", str(study), "--output", str(root), *more)
    assert result.code == 0, result.err
    (folder,) = (path for path in root.iterdir() if path.is_dir() and path.name.startswith("small-"))
    return folder


def true_front() -> set[tuple[int, float]]:
    """By brute force: few parameters, many operations."""
    from archspec.cost import price
    from archspec.graph.trace import trace
    from archspec.spec import expand

    points = set()
    for width, stride in itertools.product((0.5, 1.0, 1.5), (8, 16, 32)):
        spec = override(load("shufflenetv2_basic"), {"width_multiplier": width, "output_stride": stride})
        sheet = price(trace(expand(spec), spec.catalog), classes=19, output_stride=stride)
        points.add((sheet.params, sheet.gflops))
    return {one for one in points if not any(p[0] <= one[0] and p[1] >= one[1] and p != one for p in points)}


def test_the_whole_space_gives_the_true_front_as_specs_with_their_cost(study: Path) -> None:
    folder = searched(study, "--trials", "9")
    specs = sorted((folder / "front").glob("*.yaml"))
    rows = list(csv.DictReader((folder / "front.csv").open()))
    priced = json.loads(run("cost", *map(str, specs), "--format", "json").out)
    assert {(int(one["params"]), round(float(one["gflops"]), 9)) for one in rows_of(priced)} == {
        (params, round(gflops, 9)) for params, gflops in true_front()
    }
    assert len(specs) == len(rows) == len(true_front())
    assert (folder / "front.svg").read_text().startswith("<?xml")


def rows_of(priced: object) -> list[dict[str, object]]:
    found = priced["rows"] if isinstance(priced, dict) and "rows" in priced else priced
    return [found] if isinstance(found, dict) else list(found)  # type: ignore[call-overload]


def test_the_same_command_again_evaluates_nothing(study: Path) -> None:
    folder = searched(study)
    before = (folder / "front.csv").read_bytes()
    record = json.loads((folder / "record.json").read_text())
    again = searched(study)
    assert again == folder
    assert (folder / "front.csv").read_bytes() == before
    assert json.loads((folder / "record.json").read_text())["counts"] == record["counts"] == {"done": 6}


def test_a_renamed_folder_is_the_same_study(study: Path, tmp_path: Path) -> None:
    folder = searched(study).rename(tmp_path / "searches" / "renamed")
    shown = run("search", "show", str(folder))
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^evaluated +6$", shown.out, re.MULTILINE)
    page = tmp_path / "page.html"
    assert run("report", str(folder), "--output", str(page)).code == 0
    assert f"archspec search --resume {folder}" in page.read_text()
    more = run("search", "--resume", str(folder), "--trials", "7")
    assert more.code == 0, more.err
    assert [path.name for path in (tmp_path / "searches").iterdir() if path.is_dir()] == ["renamed"]
    (folder / "study.yaml").write_text(STUDY.replace("1.5]", "2.0]"))
    other = run("search", "show", str(folder))
    assert other.code == 2
    assert "not what it was made with" in other.err


def test_resume_goes_on_and_show_only_shows(study: Path) -> None:
    folder = searched(study)
    shown = run("search", "show", str(folder))
    assert (shown.code, shown.err) == (0, "")
    assert re.search(r"^evaluated +6$", shown.out, re.MULTILINE)
    assert run("search", "--resume", str(folder), "--trials", "8").code == 0
    record = json.loads((folder / "record.json").read_text())
    assert record["counts"] == {"done": 8}


def test_show_writes_nothing(study: Path) -> None:
    folder = searched(study)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run("search", "show", str(folder)).code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    (folder / "study.db").unlink()
    gone = run("search", "show", str(folder))
    assert gone.code == 2 and "study.db: no trial store (there is no such file)" in gone.err
    assert not (folder / "study.db").exists()


def test_the_record_repeats_the_study(study: Path) -> None:
    folder = searched(study)
    record = json.loads((folder / "record.json").read_text())
    assert record["versions"]["archspec"]
    assert record["space_size"] == 9
    assert {one["hash"] for one in record["networks"]}
    assert record["study"]["sampler"] == "random"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing",), "no such study file, nor a bundled study of that name"),
        (("show",), "show wants the folder of one study"),
        (("show", "."), "no folder of a study"),
        (("default", "--sampler", "tpee"), "unknown sampler 'tpee'. Did you mean 'tpe'?"),
        (("default", "--set-study", "limits.gflop=1"), "unknown metric 'gflop'. Did you mean 'gflops'?"),
        (("camvid_dpc",), "needs data"),
        (("a", "b"), "one study FILE is wanted"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    result = run("search", *arguments, "--output", str(tmp_path))
    assert result.code == 2
    assert told in result.err
    assert "Traceback" not in result.err


def test_two_drivers_in_one_folder_are_one_too_many(study: Path) -> None:
    folder = searched(study)
    with held(folder / ".lock") as alone:
        assert alone
        result = run("search", str(study), "--output", str(folder.parent))
    assert result.code == 2
    assert "another archspec search is at work" in result.err


def test_a_change_that_makes_another_study_is_refused_at_resume(study: Path) -> None:
    folder = searched(study)
    result = run("search", "--resume", str(folder), "--seed", "5")
    assert result.code == 2
    assert "this is another study" in result.err


def test_limits_are_kept_with_their_reasons(study: Path) -> None:
    folder = searched(study, "--set-study", "limits={gflops: 0.4}", "--trials", "9")
    shown = run("search", "show", str(folder)).out
    assert "gflops at most 0.4" in shown
    record = json.loads((folder / "record.json").read_text())
    assert record["rejects"]["gflops"] + record["counts"]["done"] == 9


@pytest.mark.slow
def test_the_bundled_study_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings in workers, a latency table of its own, the front timed: everything that the bare command does, on a
    machine that was never calibrated."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = run(
        "search", "--trials", "2", "--workers", "1", "--output", str(tmp_path), "--set-study", "limits={gflops: 0.03}"
    )
    assert result.code == 0, result.err
    (folder,) = (path for path in tmp_path.iterdir() if path.name.startswith("default-"))
    record = json.loads((folder / "record.json").read_text())
    assert record["counts"]["done"] == 2
    assert all(one["measured"]["latency_ms"]["values"] for one in record["networks"])
    assert all(0 <= one["values"]["short_miou"] <= 1 for one in record["networks"])
    again = run("search", "--trials", "2", "--workers", "1", "--output", str(tmp_path), "--set-study",
                "limits={gflops: 0.03}")  # fmt: skip
    assert again.out == result.out
