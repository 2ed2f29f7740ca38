"""The learning rate of each step by its formula."""

import math
from itertools import pairwise
from typing import Any

import pytest

from archspec.train import parse_recipe
from archspec.train._optimizer import learning_rate, schedule_names

START = "augmentation: {crop: [8, 8]}\nbatch_size: 1\nsteps: 100\nlearning_rate: 0.01\n"


def rates(text: str, steps: int = 100) -> list[float]:
    stage: Any = parse_recipe(START + text, "test").stages[0]
    return [learning_rate(stage, step, steps) for step in range(steps)]


def test_constant_is_what_there_is_when_nothing_is_said() -> None:
    assert rates("") == rates("schedule: constant") == [0.01] * 100


def test_poly_is_the_papers() -> None:
    """lr · (1 - t / T) ^ 0.9, ending in 0 at T."""
    assert rates("schedule: poly") == [pytest.approx(0.01 * (1 - t / 100) ** 0.9) for t in range(100)]


def test_poly_to_an_end() -> None:
    found = rates("schedule: {poly: {power: 2, end: 0.1}}")
    assert found == [pytest.approx(0.01 * (0.9 * (1 - t / 100) ** 2 + 0.1)) for t in range(100)]


def test_cosine() -> None:
    found = rates("schedule: {cosine: {end: 0.2}}")
    assert found == [pytest.approx(0.01 * (0.2 + 0.8 * (1 + math.cos(math.pi * t / 100)) / 2)) for t in range(100)]


def test_steps() -> None:
    found = rates("schedule: {steps: {at: [0.3, 0.8], factor: 0.5}}")
    assert found == [pytest.approx(0.01 * (1 if t < 30 else 0.5 if t < 80 else 0.25)) for t in range(100)]


def test_slow_start_is_a_constant_rate_and_the_schedules_clock_runs_on() -> None:
    """As DeepLab: tf.where(step < slow_start_step, slow_start_learning_rate, poly(step))."""
    found = rates("schedule: poly\nwarm_up: {steps: 7, learning_rate: 0.00001}")
    assert found[:7] == [0.00001] * 7
    assert found[7:] == rates("schedule: poly")[7:]


def test_linear_warm_up() -> None:
    found = rates("schedule: poly\nwarm_up: {steps: 4}")
    plain = rates("schedule: poly")
    assert found[:5] == [pytest.approx(plain[t] * share) for t, share in enumerate((0.25, 0.5, 0.75, 1.0, 1.0))]


@pytest.mark.parametrize("name", schedule_names())
def test_every_schedule_begins_whole_and_never_rises(name: str) -> None:
    found = rates(f"schedule: {name}")
    assert found[0] == pytest.approx(0.01)
    assert all(later <= earlier for earlier, later in pairwise(found))
    assert min(found) > 0
