"""The presets, and what cannot be a procedure."""

import math

import pytest

from archspec.devices import PRESETS, Procedure, procedure
from archspec.errors import UserError


def test_presets() -> None:
    assert {"quick", "default", "paper"} <= set(PRESETS)
    assert all(name == preset.name for name, preset in PRESETS.items())


def test_the_papers_preset_is_thirty_seconds_and_three_hundred_frames() -> None:
    paper = procedure("paper")
    assert (paper.warmup_s, paper.runs, paper.limit_s) == (30.0, 300, math.inf)


def test_the_default_is_publishable_and_short() -> None:
    default = procedure("default")
    assert default.runs >= 50
    assert default.warmup_s == 1.0


def test_a_procedure_is_itself() -> None:
    own = Procedure("own", 2.0, 3, 4)
    assert procedure(own) is own
    assert own.runs == 12


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        procedure("papr")
    assert str(caught.value) == "unknown latency procedure 'papr'. Did you mean 'paper'?"


@pytest.mark.parametrize(
    ("warmup_s", "rounds", "runs", "limit_s", "message"),
    [
        (-1.0, 1, 1, 1.0, "the warm-up must be 0 s or longer (-1.0)"),
        (math.nan, 1, 1, 1.0, "the warm-up must be 0 s or longer (nan)"),
        (math.inf, 1, 1, 1.0, "the warm-up must be 0 s or longer (inf)"),
        (0.0, 0, 1, 1.0, "there must be a run to time (0 rounds of 1)"),
        (0.0, 1, 0, 1.0, "there must be a run to time (1 rounds of 0)"),
        (0.0, 1, 1, 0.0, "the time limit must be longer than 0 s (0.0)"),
        (0.0, 1, 1, math.nan, "the time limit must be longer than 0 s (nan)"),
    ],
)
def test_what_cannot_be_measured(warmup_s: float, rounds: int, runs: int, limit_s: float, message: str) -> None:
    with pytest.raises(UserError) as caught:
        Procedure("own", warmup_s, rounds, runs, limit_s)
    assert str(caught.value) == message
