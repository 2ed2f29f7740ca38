"""The end of a study: what is compared with the base, which random networks stand beside it, how long it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ttest_rel

from archspec.errors import UserError
from archspec.experiment import Sample
from archspec.measures import Ratio, Settings, screen
from archspec.network import Network
from archspec.search.fidelity import Fidelity
from archspec.search.progress import SearchResult
from archspec.search.space import Space
from archspec.search.study import Finalist, Study, StudyResult, front_panels, front_table, parse_study
from archspec.search.study.progress import estimate, trainings_wanted
from archspec.search.study.random_networks import draw, draws_wanted
from archspec.search.trials import Trial
from tests.cli.runner import run

STUDY = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0, 1.5]}, output_stride: {choose: [8, 16, 32]}}
objectives: {gflops: minimize, miou: maximize}
limits: {gflops: 2.5}
budget: {evaluations: 6}
data: synthetic_streets
recipes: {miou: synthetic_quick}
front: {metrics: [latency_ms, miou], seeds: [0, 1, 2], points: 2, random: equal, base: plain}
beside: {plain: {width_multiplier: 0.5, output_stride: 32}}
"""
FIDELITY = Fidelity((100, 300, 900), 3.0, 0.3)


def study(**more: Any) -> Study:
    return replace(parse_study(STUDY), **more)


def result_of(study: Study, done: int, steps: int = 0) -> SearchResult:
    return SearchResult(
        study="small", objectives=study.objectives, trials=(), front=(), counts={"done": done}, rejects={}, repeated=0,
        folded=0, hypervolume=0.0, reference=None, stopped="budget", message="", elapsed_s=1.0, steps=steps,
    )  # fmt: skip


def outcome() -> StudyResult:
    """A network of the front, the base and a random one; each with three seeds of miou and a latency."""
    given = study()
    network = Network(given.beside["plain"])

    def finalist(name: str, mious: tuple[float, ...], ratio: float, **more: Any) -> Finalist:
        measured = {"miou": Sample.of_values("miou", mious), "latency_ms": Sample.of_values("latency_ms", (8 * ratio,))}
        values = {"gflops": ratio, "miou": mious[0]}
        return Finalist(name, network, values=values, measured=measured, ratio=Ratio(ratio, ratio, ratio), **more)

    drawn = finalist("random1", (0.5, 0.52, 0.51), 0.9, drawn=True)
    networks = (
        finalist("1", (0.66, 0.67, 0.68), 0.8, trial=3),
        finalist("plain", (0.60, 0.62, 0.64), 1.0),
        drawn,
    )
    return StudyResult(given, Path(), result_of(given, 6), networks, (), (drawn,))


def test_the_table_has_differences_to_the_base_with_their_p_and_latencies_as_ratios() -> None:
    table = front_table(outcome())
    at = {column.id: index for index, column in enumerate(table.columns)}
    rows = {row[0]: row for row in table.rows}
    assert rows["1"][at["miou_delta"]] == pytest.approx(0.05)  # means 0.67 and 0.62
    assert rows["1"][at["miou_p"]] == pytest.approx(ttest_rel((0.66, 0.67, 0.68), (0.60, 0.62, 0.64)).pvalue)
    assert rows["plain"][at["miou_delta"]] is None
    assert [rows[name][at["latency_ms_ratio"]] for name in ("1", "plain", "random1")] == [0.8, 1.0, 0.9]
    assert [rows[name][at["found"]] for name in ("1", "plain", "random1")] == ["trial 3", "beside", "random"]
    assert any("1 random networks" in note for note in table.notes)


def test_the_picture_has_every_kind_of_network_with_its_spread() -> None:
    measured = front_panels(outcome())[-1]
    assert [one.name for one in measured.series] == ["front", "beside", "random (1)"]
    assert measured.series[0].spots[0].y_error == pytest.approx(0.01)  # standard deviation of 0.66, 0.67, 0.68


def test_as_many_random_networks_as_the_search_has_cost_trainings() -> None:
    given = study()
    assert draws_wanted(given, result_of(given, 6)) == 6
    rungs = study(fidelity=FIDELITY)
    assert draws_wanted(rungs, result_of(rungs, 2, steps=4 * 900 + 300)) == 4
    assert draws_wanted(rungs, result_of(rungs, 0, steps=100)) == 1
    assert draws_wanted(study(front=replace(given.front, random=5)), result_of(given, 6)) == 5


def test_random_networks_are_within_the_limits_different_and_more_of_them_begin_with_the_same() -> None:
    given, settings = study(), Settings(metrics=("gflops",), limits=study().limits)
    space = Space.of(given.space)
    three, four = (draw(given, space, settings, count) for count in (3, 4))
    assert [one.hash for one in four[:3]] == [one.hash for one in three]
    assert len({one.hash for one in four}) == 4
    assert all((one.values["gflops"] or 9) <= 2.5 for one in four)
    every = [space.network(genome) for genome in space.genomes()]
    within = [one for one in every if screen(one, settings).rejected is None]
    assert 0 < len(within) < len(every)
    assert len(draw(given, space, settings, 9)) == len(within)


def test_how_long_it_takes_is_worked_out_from_the_first_training() -> None:
    """The first rung, 100 of 900 steps, took 20 s: a training 180 s. By two workers."""
    given = study(fidelity=FIDELITY, workers=2)
    trial = Trial(0, "k", {}, "paused", {}, started_at=100.0, finished_at=120.0, rungs=({},))
    wanted = trainings_wanted(6, 10 * 900, FIDELITY)
    found = estimate(given, trial, FIDELITY, wanted)
    assert found is not None
    assert (found.training_s, found.search_s) == (180.0, 900.0)
    assert found.beside_s == pytest.approx((1 + 10) * 180 / 2)  # one beside, ten at random
    assert found.front_s == pytest.approx((1 + 2 * 2) * 3 * 180 / 2)
    assert estimate(given, replace(trial, finished_at=100.1), FIDELITY, wanted) is None  # it was known


def test_candidates_that_are_counted_cost_what_their_rungs_let_through() -> None:
    steps = 100 + (300 - 70) / 3 + (900 - 210) / 9  # the trunk of 100 steps is 70 long, that of 300 is 210
    assert trainings_wanted(9, None, FIDELITY) == pytest.approx(9 * steps / 900)
    assert trainings_wanted(9, None, None) == 9


def test_a_base_that_nobody_has_heard_of_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"10:88: front.base: no network .* is called 'plan'. Did you mean 'plain'"):
        parse_study(STUDY.replace("base: plain", "base: plan"), file="s.yaml")
    assert parse_study(study().text) == study()


def test_random_networks_of_a_study_end_to_end_and_again(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    text = STUDY.replace("{gflops: minimize, miou: maximize}", "{params: minimize, gflops: maximize}")
    text = text.replace("{metrics: [latency_ms, miou], seeds: [0, 1, 2], points: 2, random: equal, base: plain}",
                        "{metrics: [params], random: 3, base: plain}")  # fmt: skip
    file.write_text(text)
    outputs = [run("search", str(file), "--output", str(tmp_path / "out")) for _ in range(2)]
    assert outputs[0].code == 0, outputs[0].err
    assert outputs[1].out == outputs[0].out
    assert "3 random networks" in outputs[0].out
    (folder,) = (tmp_path / "out").glob("small-*")
    shown = run("search", "show", str(folder))
    assert shown.code == 0 and shown.out.split("\n\n")[0] == outputs[0].out.split("\n\n")[0]
