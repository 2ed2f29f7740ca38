"""Searches over a table of learning curves: what is read, where a search lands, and what its finds are worth."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archspec.errors import UserError

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SPACE = """
name: synthetic
input: {size: [32, 32]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: {choose: [4, 6, 8, 12, 16]}, kernel: {choose: [1, 3, 5]}, stride: 2}
- conv_bn: {filters: {choose: [4, 6, 8, 12, 16]}, kernel: {choose: [1, 3, 5]}, stride: 2}
- conv_bn: {filters: 16, stride: 2}
head: {basic: {filters: {choose: [4, 8]}}}
decoder: bilinear
"""
STEPS, SEEDS = (10, 30, 90), (0, 1)


@pytest.fixture(autouse=True)
def _beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def quality(genome: Any) -> float:
    """Kernels of 3 are best; width helps less and less."""
    filters = [float(value) for name, value in genome.items() if name.endswith("conv_bn.filters")]
    kernels = [int(value) for name, value in genome.items() if name.endswith("kernel")]
    return 0.8 - 0.9 / sum(filters) - 0.05 * sum(kernel != 3 for kernel in kernels)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 networks whose scores are `quality` at the last rung but for a little noise, and noisier before."""
    sys.path.insert(0, str(FOLDER))
    import learning_curves
    from harness.curve_table import Conditions, CurveRow, CurveTable

    file = tmp_path_factory.mktemp("table") / "synthetic.csv"
    conditions = Conditions(SPACE, "", STEPS, 0.3, SEEDS, (32, 32), 0, "none")
    generator = random.Random(1)
    candidates = learning_curves.drawn(conditions, set())
    with CurveTable.opened(file, conditions) as made:
        for _ in range(70):
            number, candidate = next(candidates)
            scores = {
                (rung, seed): quality(candidate.genome) - 0.1 * (2 - rung) + generator.gauss(0, 0.01 * (3 - rung))
                for rung in range(3)
                for seed in SEEDS
            }
            costs = {"params": 1.0, "gmacs": candidate.network.cost.macs / 1e9}
            made.add(CurveRow(number, candidate.network.hash, candidate.key, candidate.genome, costs, scores, 1.0))
    sys.path.remove(str(FOLDER))
    return file


def test_a_table_is_read_as_it_was_written(table: Path, tmp_path: Path) -> None:
    from harness.curve_table import CurveRow, CurveTable, columns

    read = CurveTable.read(table)
    assert len(read.trained) == 70 and read.conditions.steps == STEPS
    header = table.read_text().splitlines()[0].split(",")
    assert header == columns(read.conditions) and "miou_90_s1" in header
    copy = tmp_path / "copy.csv"
    copy.write_text(table.read_text() + "70,half a row")
    copy.with_suffix(".json").write_text(table.with_suffix(".json").read_text())
    with CurveTable.opened(copy, read.conditions) as again:
        assert again.rows == read.rows
        again.add(CurveRow(70, "abc", "key", {"a": 1}, fault="it diverged,\nso there"))
        with (
            pytest.raises(UserError, match="another process makes this table"),
            CurveTable.opened(copy, read.conditions),
        ):
            pass
    assert CurveTable.read(copy).rows[-1].fault == "it diverged, so there"
    assert copy.read_text().startswith(table.read_text())
    assert len(CurveTable.read(copy).trained) == 70


def test_a_table_under_other_conditions_is_refused(table: Path) -> None:
    from dataclasses import replace

    from harness.curve_table import CurveTable

    other = replace(CurveTable.read(table).conditions, decay=0.2, seeds=(0,))
    with pytest.raises(UserError, match="made with another decay, seeds"), CurveTable.opened(table, other):
        pass


def test_every_genome_is_a_row(table: Path) -> None:
    """The space of a table can be listed; what lies beside a row is its nearest, and a mutation goes to another row."""
    from harness.curve_table import CurveTable
    from harness.tabular_searches import contest_of

    contest = contest_of(CurveTable.read(table), "both")
    space, generator = contest.space, random.Random(0)
    assert space.size == len(list(space.genomes())) == 70
    genome = dict(space.rows[3].genome)
    assert space.candidate(genome).key == space.rows[3].hash
    kernel = next(name for name in genome if name.endswith("kernel"))
    width = next(name for name in genome if name.endswith("conv_bn.filters"))
    assert space.distance(genome, genome) == 0
    assert space.distance(genome | {kernel: 1}, genome | {kernel: 5}) == 1
    assert space.distance(genome | {width: 4}, genome | {width: 6}) == 0.25
    beside = genome | {width: 4, kernel: 1}
    nearest = min(space.distance(beside, row.genome) for row in space.rows)
    assert space.distance(beside, space.row(beside).genome) == nearest
    assert space.candidate(beside).network.cost.macs / 1e9 == pytest.approx(space.row(beside).costs["gmacs"], rel=1e-6)
    moved = [space.row(space.mutated(genome, generator)).hash for _ in range(30)]
    assert space.rows[3].hash not in moved and 2 <= len(set(moved)) <= 8


def test_halves_are_apart_and_stay(table: Path) -> None:
    from harness.curve_table import CurveTable
    from harness.tabular_searches import contest_of

    read = CurveTable.read(table)
    first, second, both = ({row.hash for row in contest_of(read, half).rows} for half in ("first", "second", "both"))
    assert not first & second and first | second == both and min(len(first), len(second)) > 15


def test_what_is_found_is_judged_by_all_seeds(table: Path) -> None:
    """All of the table is 1; one network is its own rectangle; a network that only one seed likes is not."""
    from harness.curve_table import CurveTable
    from harness.tabular_searches import contest_of, trained_by

    contest = contest_of(CurveTable.read(table), "both")
    score, cost = contest.reference
    one = contest.rows[0]
    area = (score + one.judged(2)) * (cost - (one.costs["gmacs"] or 0.0))
    assert contest.share([one.hash], 0) == pytest.approx(area / contest.whole)
    assert 0.95 < contest.share(contest.by_hash, 0) <= 1  # the front of one seed is not quite that of both
    events = [("a", 0, 10), ("b", 0, 10), ("a", 1, 23), ("a", 2, 69), ("b", 2, 90)]
    assert trained_by(events, contest.fidelity, 1) == []
    assert trained_by(events, contest.fidelity, 2) == ["a"]
    assert trained_by(events, contest.fidelity, 3) == ["a", "b"]


def test_searches_spend_what_they_may_and_find_more_for_more(table: Path) -> None:
    """Ours and plain Optuna's, with rungs and without."""
    from harness.curve_table import CurveTable
    from harness.tabular_comparison import contenders
    from harness.tabular_searches import contest_of, optuna, ours, shares

    contest = contest_of(CurveTable.read(table), "both")
    by_name = {one.name: one for one in contenders()}
    for name in ("random", "random + rungs", "evolution + rungs", "Optuna TPE", "Optuna TPE + Hyperband, mIoU alone"):
        one = by_name[name]
        events = (ours if one.library == "ours" else optuna)(contest, one, 3, 1, 5)
        spent = sum(steps for _, _, steps in events)
        assert 3 * 90 < spent <= (5 if one.library == "ours" else 6) * 90
        assert len({(network, rung) for network, rung, _ in events}) == len(events)
        if one.rungs:
            assert {rung for _, rung, _ in events} == {0, 1, 2}
            assert all(steps == contest.fidelity.added(rung) for _, rung, steps in events)
    found = shares(contest, by_name["random"], 0)
    assert found == sorted(found) or max(found) > 0.9
    assert shares(contest, by_name["random"], 0) == found != shares(contest, by_name["random"], 1)


@pytest.mark.slow
def test_the_command_compares(table: Path) -> None:
    command = [
        sys.executable, str(FOLDER / "search_quality.py"), "--learning-curves", str(table), "--half", "both", "--quick",
        "--only", "random + rungs", "--processes", "1", "--format", "json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    import json

    found = json.loads(done.stdout)
    rows = {row["contender"]: row for row in found["rows"]}
    assert {"random", "Optuna TPE", "random + rungs"} <= rows.keys()
    for name, row in rows.items():
        assert 0 < row["mean_5"] <= 1
        assert row["mean_60"] is None if "rungs" in name else 0 < row["mean_60"] <= 1  # asked for by --all-budgets
    notes = " ".join(found["meta"]["notes"])
    assert "10 steps, seed 0: 0." in notes and "n = 70" in notes and "gmacs" in notes
