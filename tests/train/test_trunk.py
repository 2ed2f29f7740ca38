"""A recipe at another length: what is kept, what is refused."""

import math

import pytest

from archspec.errors import UserError
from archspec.train import Recipe, load_at_length, load_recipe, parse_recipe, scaled, trunk_of
from archspec.train._optimizer import learning_rate

START = "augmentation: {crop: [8, 8]}\nbatch_size: 1\nlearning_rate: 0.01\n"
ONE = START + "steps: 100\nschedule: {trunk: {decay: 0.25, end: 0.1}}\nwarm_up: {steps: 5}\n"
TWO = START + "stages:\n- {steps: 60, warm_up: {steps: 5}}\n- {steps: 40, schedule: poly, warm_up: {steps: 3}}\n"
THREE = (
    START + "steps: 30\nstages: [{schedule: poly}, {schedule: {trunk: {decay: 0}}}, {schedule: cosine, steps: 10}]\n"
)


def recipe(text: str) -> Recipe:
    return parse_recipe(text, "test")


def rates(one: Recipe) -> list[float]:
    """Of all its stages."""
    lengths = [(stage, stage.steps or 0) for stage in one.stages]
    return [learning_rate(stage, step, steps) for stage, steps in lengths for step in range(steps)]


def steps(one: Recipe) -> list[int | None]:
    return [stage.steps for stage in one.stages]


def test_the_schedule_by_its_formula() -> None:
    found = rates(recipe(START + "steps: 100\nschedule: {trunk: {decay: 0.25, end: 0.2}}\n"))
    assert found[:76] == [0.01] * 76
    assert found[76:] == [pytest.approx(0.01 * (1 - 0.8 * math.sqrt((t - 75) / 25))) for t in range(76, 100)]
    assert rates(recipe(START + "steps: 100\nschedule: {trunk: {decay: 0}}\n")) == [0.01] * 100


@pytest.mark.parametrize("length", [7, 10, 33, 100, 101, 257, 1000])
@pytest.mark.parametrize("decay", [0.1, 0.25, 0.3, 1 / 3, 0.9])
def test_lengths_have_their_trunk_in_common(length: int, decay: float) -> None:
    """Every rate of a trunk is that of an endless one, and right behind it the rate falls."""
    one = scaled(recipe(ONE.replace("{steps: 5}", "{steps: 1}")), length, decay)
    trunk = trunk_of(one)
    assert trunk is not None
    assert rates(one)[: trunk.steps] == [0.01] * trunk.steps
    assert trunk.steps == length - max(1, round(decay * length))
    assert length - trunk.steps == 1 or rates(one)[-1] < 0.01


def test_a_recipe_at_its_own_length_is_the_recipe() -> None:
    for text in (ONE, TWO, THREE):
        one = recipe(text)
        own = sum(stage.steps or 0 for stage in one.stages)
        assert scaled(one, own) == one
        assert scaled(one, own).digest == one.digest
        there_and_back = scaled(scaled(one, 2 * own), own)
        assert there_and_back == one
    bundled = load_recipe("camvid_pyramid")
    assert scaled(bundled, 920) == bundled
    assert steps(scaled(bundled, 460)) == [240, 220]


def test_the_trunk_is_scaled_and_everything_else_is_kept() -> None:
    one = recipe(ONE)
    longer = scaled(one, 400)
    assert rates(longer)[:5] == rates(one)[:5]  # the warm-up
    assert longer.stages[0].schedule == one.stages[0].schedule
    assert steps(longer) == [400]
    assert steps(scaled(recipe(TWO), 200)) == [120, 80]
    assert steps(scaled(recipe(TWO), 200, 0.25)) == [150, 50]
    assert steps(scaled(recipe(THREE), 110)) == [30, 60, 20]
    assert scaled(one, 200, 0.5).stages[0].schedule.arguments == {"decay": 0.5, "end": 0.1}
    assert scaled(one, 100, 0.25) == one
    for changed in (longer, scaled(one, 200, 0.5), scaled(recipe(THREE), 110)):
        assert parse_recipe(changed.text, "test") == changed  # what a run keeps


@pytest.mark.parametrize(
    ("text", "length", "decay", "said"),
    [
        (START + "steps: 100\nschedule: poly\n", 50, None, "no trunk, so it cannot be trained at another length"),
        (START + "steps: 100\n", 50, None, "has no trunk"),
        (START + "stages: [{steps: 5, schedule: poly}, {steps: 5, schedule: poly}]\n", 50, None, "has no trunk"),
        (START + "epochs: 3\nschedule: trunk\n", 50, None, "length in epochs, so its trunk cannot be 50 steps"),
        (ONE, 6, None, "6 steps are too few for recipe 'test'.*Write at least 7 steps"),
        (TWO, 8, None, "8 steps are too few.*Write at least 9 steps"),
        (THREE, 30, None, "30 steps are too few.*Write at least 32 steps"),
        (ONE, 100, 1.0, "a decay of 1 of the steps. Write a share between 0 and 1"),
    ],
)
def test_what_cannot_be_scaled_is_said(text: str, length: int, decay: float | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        scaled(recipe(text), length, decay)


def test_steps_of_the_command() -> None:
    """In all where there is a trunk in several stages, else of every stage."""
    written = {"two": TWO, "three": THREE, "plain": START + "stages: [{steps: 5}, {steps: 7}]\n", "one": ONE}
    found = {name: steps(load_at_length(text, (), 50)) for name, text in written.items()}
    assert found == {"two": [30, 20], "three": [30, 15, 5], "plain": [50, 50], "one": [50]}
    assert steps(load_at_length(TWO)) == [60, 40]
    with_overrides = load_at_length(TWO, ("learning_rate=0.5",), 50)
    assert [stage.learning_rate for stage in with_overrides.stages] == [0.5, 0.5]
