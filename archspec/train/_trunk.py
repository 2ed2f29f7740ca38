"""The trunk of a recipe: what trainings of every length have in common, and the recipe at another length.

A trunk is a warm-up and steps at a steady rate; a decay branches off from it. A short training and a long one of the
same network differ in where they branch off, and until there they are the same training, bit for bit: the batch of a
step is a function of seed and step, and a steady rate does not know how long it will last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from archspec.errors import user_error
from archspec.spec import Written
from archspec.train._recipe import Recipe, Stage
from archspec.train._recipe_file import load_recipe, parse_recipe
from archspec.train.schedules.trunk import DECAY

TRUNK, CONSTANT = "trunk", "constant"
REMEDY = "Write schedule: {trunk: {decay: 0.3}}, or a steady stage and after it one with a decay"


@dataclass(frozen=True, slots=True)
class Trunk:
    """`stage` is the number (from 0) of the stage that a trunk ends in, after `steps` updates of it; stages before it
    belong to the trunk. `decay` is the share that the decay has of the steps from the beginning of that stage on, and
    `branch` the number of the stage that the decay is in."""

    stage: int
    steps: int
    branch: int
    decay: float

    @property
    def is_one_stage(self) -> bool:
        """Whether the decay is in the stage of the trunk."""
        return self.stage == self.branch


def decay_of(stage: Stage) -> float:
    """The share of a stage that its schedule falls in at the end of a steady rate; 1 where it falls all along."""
    if stage.schedule.name == CONSTANT:
        return 0.0
    return float(stage.schedule.arguments.get("decay", DECAY)) if stage.schedule.name == TRUNK else 1.0


def trunk_of(recipe: Recipe, steps: Sequence[int] | None = None) -> Trunk | None:
    """The trunk of a recipe whose stages have so many steps (None: those that it says); None where it has none.

    The last stage has the schedule `trunk` with a decay; or the stage before it has a steady rate, and it has not.
    """
    stages = recipe.stages
    lengths = [stage.steps for stage in stages] if steps is None else list(steps)
    last, whole = len(stages) - 1, lengths[-1]
    decay = decay_of(stages[last])
    if whole is None or decay == 0.0:
        return None
    if decay < 1.0:
        return Trunk(last, whole - _decay_steps(whole, decay), last, decay)
    steady = lengths[last - 1] if last else None
    if steady is None or decay_of(stages[last - 1]) > 0.0:
        return None
    return Trunk(last - 1, steady, last, whole / (steady + whole))


def _decay_steps(steps: int, decay: float) -> int:
    """Of so many steps, the last in which the rate falls."""
    return max(1, round(decay * steps))


def scaled(recipe: Recipe, steps: int, decay: float | None = None) -> Recipe:
    """The recipe at a length of `steps` updates in all: its trunk is made shorter or longer, and its decay with it.

    A warm-up keeps its steps, the decay its share unless `decay` is another, and stages before the trunk's stay as they
    are. At its own length it is the same recipe. Raises `UserError` for a recipe without a trunk, and for fewer steps
    than its warm-ups have.
    """
    trunk = trunk_of(recipe)
    if trunk is None or any(stage.steps is None for stage in recipe.stages):
        fact = f"recipe '{recipe.name}' has no trunk, so it cannot be trained at another length ({steps} steps)"
        if any(stage.epochs is not None for stage in recipe.stages):
            fact = f"recipe '{recipe.name}' has a length in epochs, so its trunk cannot be {steps} steps long"
            raise user_error(fact, "Write steps", "epochs")
        raise user_error(fact, REMEDY, "schedule")
    if decay is not None and not 0.0 < decay < 1.0:
        raise user_error(f"a decay of {decay:g} of the steps", "Write a share between 0 and 1, such as 0.3", "decay")
    share = trunk.decay if decay is None else decay
    if steps == recipe_steps(recipe) and share == trunk.decay:
        return recipe
    before = sum(stage.steps or 0 for stage in recipe.stages[: trunk.stage])
    if not _fits(recipe, trunk, steps - before, share):
        least = before + next(n for n in count(1) if _fits(recipe, trunk, n, share))
        fact = f"{steps} steps are too few for recipe '{recipe.name}': its warm-up would reach into the decay"
        raise user_error(fact, f"Write at least {least} steps, or a shorter warm_up", "steps")
    changes = _changes(recipe, trunk, steps - before, share)
    return parse_recipe(recipe.text, recipe.name, file=f"recipe '{recipe.name}'", overrides=changes)


def recipe_steps(recipe: Recipe) -> int | None:
    """Updates of all its stages; None where one of them is in epochs."""
    lengths = [stage.steps for stage in recipe.stages]
    return None if None in lengths else sum(one or 0 for one in lengths)


def load_at_length(source: Written, overrides: Sequence[str] = (), steps: int | None = None) -> Recipe:
    """A recipe as `--steps` has it: one with a trunk in several stages is `steps` long in all (`scaled`), any other in
    every stage.

    Raises `UserError`.
    """
    recipe = load_recipe(source, overrides, steps=steps)
    if steps is None or len(recipe.stages) == 1 or trunk_of(recipe) is None:
        return recipe
    own = load_recipe(source, overrides)
    return recipe if recipe_steps(own) is None else scaled(own, steps)


def _fits(recipe: Recipe, trunk: Trunk, steps: int, decay: float) -> bool:
    """Whether so many steps from the trunk's stage on leave room for its warm-up, and for that of its decay."""
    falling = _decay_steps(steps, decay)
    if steps - falling < max(1, _warm_up_steps(recipe.stages[trunk.stage])):
        return False
    return trunk.is_one_stage or falling > _warm_up_steps(recipe.stages[trunk.branch])


def _warm_up_steps(stage: Stage) -> int:
    return 0 if stage.warm_up is None else stage.warm_up.steps


def _changes(recipe: Recipe, trunk: Trunk, steps: int, decay: float) -> list[str]:
    """The changes of its YAML that make the trunk and the decay `steps` long together."""
    prefix = "" if not _has_stages(recipe) else "stages[{}]."
    here, there = prefix.format(trunk.stage), prefix.format(trunk.branch)
    if not trunk.is_one_stage:
        falling = _decay_steps(steps, decay)
        return [f"{here}steps={steps - falling}", f"{there}steps={falling}"]
    changes = [f"{here}steps={steps}"]
    if decay != trunk.decay:
        arguments = {**recipe.stages[trunk.stage].schedule.arguments, "decay": decay}
        written = ", ".join(f"{key}: {value!r}" for key, value in arguments.items())
        changes.append(f"{here}schedule={{trunk: {{{written}}}}}")
    return changes


def _has_stages(recipe: Recipe) -> bool:
    return any(line.startswith("stages:") for line in recipe.text.splitlines())
