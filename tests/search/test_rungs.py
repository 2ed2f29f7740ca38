"""Rungs of a study: what its file says of them, and what stands in its tables, files, lines and pages afterwards."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.cli._search_progress import _describe_counts, _describe_trial
from archspec.errors import UserError
from archspec.measures import Settings
from archspec.report.sources.study import _sections
from archspec.search.fidelity import Fidelity
from archspec.search.history import History
from archspec.search.progress import ENDLESS, Progress, SearchResult, describe_end
from archspec.search.study import (
    Study,
    StudyResult,
    counts_table,
    parse_study,
    paused_table,
    rung_table,
    study_record,
    write_outcome,
)
from archspec.search.study.preparation import check_fidelity, fidelity_of
from archspec.search.study.random_networks import full_trainings
from archspec.search.trials import Trial
from tests.search.test_study_files import faults

TEXT = """
name: small
spec: shufflenetv2_basic
choices: {width_multiplier: {choose: [0.5, 1.0]}, output_stride: {choose: [16, 32]}}
objectives: {miou: maximize, gflops: minimize}
recipes: {miou: camvid_pyramid}
"""
RUNGS = "fidelity: {steps: [100, 300, 900], eta: 3, decay: 0.3}\nbudget: {trainings: 20}\n"


# --- what is written ---------------------------------------------------------------------------------------------


def test_fidelity_and_budget_are_read_and_written_again() -> None:
    study = parse_study(TEXT + RUNGS)
    assert study.fidelity == Fidelity((100, 300, 900), 3.0, 0.3) and study.budget.trainings == 20
    assert study.budget.evaluations is None and study.most_candidates == ENDLESS
    again = parse_study(study.text)
    assert again == study and again.text == study.text and again.digest() == study.digest()
    assert parse_study(TEXT + "fidelity: {steps: [1, 2]}").fidelity == Fidelity((1, 2))


def test_only_where_it_is_written_it_is_part_of_the_name() -> None:
    """The digest is that of a study of before, as it was when there were no rungs."""
    text = TEXT.replace("miou: maximize, ", "params: minimize, ").replace("recipes: {miou: camvid_pyramid}", "")
    assert parse_study(text).digest({}) == "06544e1f93"
    rungs = parse_study(TEXT + RUNGS)
    assert len({one.digest() for one in (rungs, parse_study(TEXT), replace(rungs, fidelity=Fidelity((100, 900))))}) == 3


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("fidelity: {steps: [100]}", "must rise"),
        ("fidelity: {steps: [100, 100]}", "must rise"),
        ("fidelity: {steps: [300, 100]}", "must rise"),
        ("fidelity: {steps: [0, 100]}", "at least 1"),
        ("fidelity: {eta: 3}", "steps"),
        ("fidelity: {steps: [1, 2], eta: 1}", "greater than 1"),
        ("fidelity: {steps: [1, 2], decay: 1}", "less than 1"),
        ("fidelity: {steps: [1, 2], rungs: 3}", "unknown"),
        ("budget: {trainings: 0.5}", "at least 1"),
    ],
)
def test_faults_of_rungs_are_told_with_their_line(written: str, fact: str) -> None:
    (fault,) = faults(TEXT + written)
    assert fault.startswith("s.yaml:7:") and fact in fault


def test_where_nothing_trains_there_is_nothing_to_cut_short() -> None:
    found = faults(TEXT.replace("miou: maximize, ", "").replace("recipes: {miou: camvid_pyramid}", "") + RUNGS)
    assert [fault.split(": ")[1] for fault in found] == ["fidelity", "budget.trainings"]


def test_a_budget_must_be_enough_for_one_candidate() -> None:
    """100 + 230 + 690 steps are 1.13 full trainings."""
    study = parse_study(TEXT + RUNGS.replace("20", "1"))
    settings = Settings(("miou",), recipes=study.recipes, data=("synthetic_streets",))
    with pytest.raises(UserError, match=r"budget.trainings: 1 trainings are less than .* \(1.13\)"):
        check_fidelity(study, settings)
    check_fidelity(parse_study(TEXT + RUNGS), settings)
    without = replace(study, recipes={"miou": "camvid_cpu"})
    with pytest.raises(UserError, match="has no trunk"):
        check_fidelity(without, replace(settings, recipes=without.recipes))


def test_the_decay_is_the_recipes_where_none_is_written() -> None:
    """920 steps, of which the last stage has 440."""
    found = fidelity_of(parse_study(TEXT + "fidelity: {steps: [100, 920]}"))
    assert found is not None and found.trunk(0) == 100 - round(100 * 440 / 920)


def test_without_rungs_a_training_is_an_evaluation() -> None:
    study = parse_study(TEXT + "budget: {trainings: 7.5, evaluations: 9}")
    assert study.most_candidates == 7 and study.budget.describe() == "9 evaluations or 7.5 full trainings"


# --- what comes of it --------------------------------------------------------------------------------------------


def trial(number: int, *miou: float) -> Trial:
    rungs = tuple({"miou": one, "gflops": 1.0 + number} for one in miou)
    return Trial(
        number, str(number), {"width_multiplier": 0.5}, "done" if len(miou) == 3 else "paused", rungs[-1],
        rung=len(miou) - 1, rungs=rungs, steps=sum((100, 230, 690)[: len(miou)]), seconds=30.0 * len(miou),
    )  # fmt: skip


TRIALS = [
    trial(0, 0.1), trial(1, 0.2, 0.3), trial(2, 0.4, 0.35), trial(3, 0.3, 0.5, 0.6), trial(4, 0.5, 0.55, 0.7),
    trial(5, 0.6, 0.65, 0.65), trial(6, 0.05),
]  # fmt: skip


def outcome(folder: Path, trials: list[Trial]) -> StudyResult:
    study = parse_study(TEXT + RUNGS)
    history = History(study.objectives, study.fidelity)
    for one in trials:
        history.take(one)
    result = SearchResult("s", study.objectives, tuple(trials), tuple(history.front()), dict(history.counts), {}, 0, 0,
                          0.0, None, "budget", "", 1.0, history.steps, history.seconds)  # fmt: skip
    return StudyResult(study, folder, result)


def test_only_what_is_fully_trained_is_on_the_front(tmp_path: Path) -> None:
    found = outcome(tmp_path, TRIALS).result
    assert [one.number for one in found.front] == [4, 3]  # trial 5 is worse than 4, and all others are paused


def test_rungs_say_how_well_they_ranked(tmp_path: Path) -> None:
    """Spearman by hand: 1 - 6 Σd² / n (n² - 1)."""
    table = rung_table(outcome(tmp_path, TRIALS))
    # rungs 1 and 2 of five: 0.2 0.4 0.3 0.5 0.6 against 0.3 0.35 0.5 0.55 0.65: one swap, d² = 2
    # rungs 1 and 3 of three: 0.3 0.5 0.6 against 0.6 0.7 0.65: d² = 2; rungs 2 and 3: the same order, so the same
    assert [row[:6] for row in table.rows] == [
        (1, 100, 7, 5, 2, "miou"), (2, 300, 5, 3, 2, "miou"), (3, 900, 3, 0, 0, "miou"),
    ]  # fmt: skip
    assert [pytest.approx(one) if isinstance(one, float) else one for one in table.rows[0][6:]] == [
        1 - 12 / 120,
        5,
        0.5,
        3,
    ]
    assert [pytest.approx(one) if isinstance(one, float) else one for one in table.rows[1][6:]] == [0.5, 3, 0.5, 3]
    assert table.rows[2][6:] == (None, None, None, None)
    steps = 2 * 100 + 2 * 330 + 3 * 1020
    assert table.notes[-1] == f"trained: {steps:,} steps, as many as {steps / 900:.1f} full trainings, in 8 min"
    assert full_trainings(parse_study(TEXT + RUNGS), outcome(tmp_path, TRIALS).result) == steps / 900


def test_paused_ones_are_counted_and_listed(tmp_path: Path) -> None:
    found = outcome(tmp_path, TRIALS)
    assert [row[:3] for row in paused_table(found).rows] == [(2, 2, 300), (1, 2, 300), (0, 1, 100), (6, 1, 100)]
    assert paused_table(found, 1).notes == ("and 3 more in paused.csv",)
    rows = [row[:2] for row in counts_table(found).rows]
    assert rows[:3] == [("fully trained", 3), ("paused", 2), ("paused", 2)]


def test_files_and_pages_have_them(tmp_path: Path) -> None:
    found = outcome(tmp_path, TRIALS)
    record = study_record(found, size=4, storage="", ledger="", fingerprints={})
    write_outcome(found, record)
    assert "| 1 | 100 | 7 | 5 | 2 | miou | 0.90 | 5 | 0.50 | 3 |" in (tmp_path / "front.md").read_text()
    with (tmp_path / "paused.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + 4
    kept = json.loads((tmp_path / "record.json").read_text())
    assert kept["trained"] == {"steps": 3920, "trainings": 3920 / 900, "seconds": 30.0 * 15}
    assert [one["reached"] for one in kept["rungs"]] == [7, 5, 3]
    assert kept["rungs"][0]["ranks"][0]["against"] == "miou at 300 steps"
    assert [(one["trial"], one["rung"]) for one in kept["paused"]] == [(0, 0), (1, 1), (2, 1), (6, 0)]
    assert {"Rungs", "Paused"} <= {section.title for section in _sections(found)}


def test_lines_say_what_is_trained() -> None:
    study = parse_study(TEXT + RUNGS)
    history = History(study.objectives, study.fidelity)
    for one in TRIALS[:-2]:
        history.take(one)
    line = _describe_counts(Progress(history, ENDLESS, 60.0, 0, 0, 0, 18_000))
    start = "5 begun · paused: 1 at 100 steps, 2 at 300 steps · 2 fully trained · 3.1 of 20 trainings (5:30)"
    assert line.startswith(start) and line.endswith("left")
    assert _describe_trial(TRIALS[1]).startswith("trial 1, rung 2: ")


def test_an_empty_last_rung_is_said() -> None:
    study: Study = parse_study(TEXT + RUNGS)
    history = History(study.objectives, study.fidelity)
    for one in TRIALS[:3]:
        history.take(one)
    said = describe_end("budget", Progress(history, 3, 1.0, 0, 0), 9)
    assert said == "no candidate has finished the last rung (900 steps), so the front is empty: 3 wait at lower rungs"
