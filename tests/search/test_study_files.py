"""Study files: what they say, and every fault with its place."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from archspec.errors import UserError
from archspec.search.space import Space
from archspec.search.study import load_study, parse_study, study_names

STUDY = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0]}, output_stride: {choose: [16, 32]}}
objectives: {params: minimize, gflops: minimize}
limits: {gflops: 0.4}
sampler: {tpe: {}}
budget: {evaluations: 4}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_study(text, file="s.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", sorted(study_names()))
def test_every_bundled_study_reads_and_says_how_it_is_used(name: str) -> None:
    study = load_study(name)
    text = study_names()[name].read_text()
    assert study.name == name
    assert study.summary
    assert "archspec search" in text.split("\nname:")[0]
    assert (Space.of(study.space).size or 0) > 1
    assert len(study.objectives) > 1


def test_the_papers_search_has_its_size() -> None:
    assert Space.of(load_study("dpc_cell").space).size == 418_414_128_120


def test_a_study_says_what_is_written() -> None:
    study = parse_study(STUDY)
    assert [one.describe() for one in study.objectives] == ["minimize params", "minimize gflops"]
    assert [(one.metric, one.bound, one.at_most) for one in study.limits] == [("gflops", 0.4, True)]
    assert Space.of(study.space).size == 4
    assert study.sampler.name == "tpe"
    assert study.budget.evaluations == 4


def test_its_own_text_reads_as_the_same_study() -> None:
    study = parse_study(STUDY)
    again = parse_study(study.text)
    assert again == study
    assert again.digest({}) == study.digest({})
    assert again.text == study.text


@pytest.mark.parametrize("name", sorted(study_names()))
def test_a_bundled_studys_text_reads_as_the_same_study(name: str) -> None:
    study = load_study(name)
    assert parse_study(study.text).digest({}) == study.digest({})


def test_another_space_or_goal_is_another_study_and_another_budget_is_not() -> None:
    digest = parse_study(STUDY).digest({})
    assert parse_study(STUDY.replace("evaluations: 4", "evaluations: 9")).digest({}) == digest
    for old, new in (("[16, 32]", "[16]"), ("gflops: 0.4", "gflops: 0.5"), ("params: minimize", "params: maximize")):
        assert parse_study(STUDY.replace(old, new)).digest({}) != digest
    assert parse_study(STUDY).digest({"data": "other"}) != digest


def test_faults_are_told_together_with_place_and_nearest_name() -> None:
    told = faults(
        STUDY.replace("objectives: {params: minimize", "objectives: {param: minimize")
        .replace("tpe: {}", "tpee: {}")
        .replace("width_multiplier: {", "width_multiplie: {")
        + "budgett: 3\n"
    )
    assert len(told) == 4
    assert any(one.startswith("s.yaml:5:14: objectives") and "'params'" in one for one in told), told
    assert any(one.startswith("s.yaml:7:11: sampler") and "'tpe'" in one for one in told), told
    assert any(one.startswith("s.yaml:4:") and "'width_multiplier'" in one for one in told), told
    assert any(one.startswith("s.yaml:9:1: budgett") and "'budget'" in one for one in told), told


def test_what_is_missing_is_told() -> None:
    (told,) = faults("name: x\nspec: shufflenetv2_basic\n")
    assert "missing key 'objectives'" in told


def test_a_neighbour_with_an_open_choice_is_a_fault() -> None:
    told = faults(STUDY + "beside: {half: {width_multiplier: 0.5}}\n")
    assert any("'output_stride' is still an open choice" in one for one in told), told


def test_options_of_the_command_line_win(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(STUDY)
    study = load_study(
        file,
        changes=["limits.gflops=0.9"],
        options={"budget.evaluations": ("--trials", 2), "seed": ("--seed", 7)},
        overrides=["input.size=[64,64]"],
    )
    assert (study.budget.evaluations, study.seed, study.limits[0].bound) == (2, 7, 0.9)
    assert study.space.values["input"]["size"] == [64, 64]


def test_of_an_earlier_front_only_what_the_search_wrote_goes(tmp_path: Path) -> None:
    from archspec.search.study import write_specs

    front = tmp_path / "front"
    front.mkdir()
    (front / "1-00000000.yaml").write_text("# Point 1 of the front of 's': trial 4 of s-0\nname: x\n")
    (front / "mine.yaml").write_text("# a variant of point 1\nname: y\n")
    write_specs(SimpleNamespace(folder=tmp_path, front=()))  # type: ignore[arg-type]
    assert [path.name for path in front.iterdir()] == ["mine.yaml"]


def test_options_of_a_sampler_are_checked_by_its_own_annotations() -> None:
    study = parse_study(STUDY.replace("{tpe: {}}", "{keras_tuner: {tuner: random, objective: gflops}}"))
    assert study.sampler.arguments == {"tuner": "random", "objective": "gflops"}
    wrong = faults(STUDY.replace("{tpe: {}}", "{keras_tuner: {tuner: hyperbnd}}"))
    assert len(wrong) == 1 and "hyperband" in wrong[0]
