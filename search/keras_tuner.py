"""A space for KerasTuner: its tuners (Hyperband, BayesianOptimization, ...) run over specs and recipes.

KerasTuner adds several objectives into one number, has no Pareto front and no hard limits: `archspec search` has. It
is for those who have KerasTuner's tuners and distribution in use; `sampler: keras_tuner` of a study has its oracles. A
Hyperband trial goes on with its optimizer's moments and rate, since ours is built before KerasTuner 1.4.8 loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.datasets import Dataset
from archspec.errors import Problem, UserError, user_error
from archspec.measures import Limit, Settings, screen
from archspec.search.candidates import Decision
from archspec.search.hyperparameters import declared
from archspec.search.space import Space
from archspec.spec import Spec
from archspec.train import KerasFit, Order, Recipe, load_recipe, no_model

if TYPE_CHECKING:
    import keras_tuner

OBJECTIVE = "val_miou"
RECIPE = "recipe."
_NEEDED = ("keras_tuner", "tensorboard", "sklearn")


def hyper_model(
    space: Space,
    recipe: str,
    data: Mapping[str, Dataset],
    *,
    recipe_parameters: Sequence[Decision] = (),
    limits: Sequence[Limit] = (),
    steps_per_epoch: int | None = None,
    seed: int = 0,
) -> keras_tuner.HyperModel:
    """A `keras_tuner.HyperModel` whose `build` makes the network of a spec, compiled as the recipe says.

    `data` are data sets by their references; `recipe_parameters` are decisions in the recipe (`learning_rate`), by its
    paths. Its `fit` takes no data: call `tuner.search(epochs=N)` with `Objective("val_miou", "max")`; an epoch is
    `steps_per_epoch` updates (None: a tenth of the recipe). A network beyond a limit, or one that cannot be, fails its
    trial, and is neither built nor trained. `spec(hp)` gives the spec of a trial. Raises `UserError` where KerasTuner,
    or a package that it needs, is not installed.
    """
    missing = [name for name in _NEEDED if not _is_installed(name)]
    if missing:
        fact = f"KerasTuner cannot run: {', '.join(missing)} missing"
        raise user_error(fact, "Install them: pip install keras-tuner tensorboard scikit-learn")
    import keras_tuner

    class SpecHyperModel(_Trials, keras_tuner.HyperModel):  # type: ignore[misc, unused-ignore]
        """KerasTuner wraps `build` when it is made."""

        def __init__(self, trials: _Trials) -> None:
            self.__dict__.update(vars(trials))
            keras_tuner.HyperModel.__init__(self, name=trials.space.spec.name, tunable=True)

    return SpecHyperModel(
        _Trials(space, recipe, dict(data), tuple(recipe_parameters), tuple(limits), steps_per_epoch, seed)
    )


@dataclass
class _Trials:
    """Declares every decision; builds, trains and scores as `archspec train` does."""

    space: Space
    recipe_name: str
    data: Mapping[str, Dataset]
    recipe_parameters: tuple[Decision, ...]
    limits: tuple[Limit, ...]
    steps_per_epoch: int | None
    seed: int
    _made: tuple[Any, KerasFit | str] | None = None  # the model in hand: KerasTuner trains one at a time

    def spec(self, hp: keras_tuner.HyperParameters) -> Spec:
        """The spec that these hyperparameters stand for. Raises `UserError`."""
        return self.space.closed(declared(hp, self.space.decisions))

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        """The recipe with these hyperparameters."""
        taken = declared(hp, self.recipe_parameters, RECIPE)
        return load_recipe(self.recipe_name, [f"{name}={value}" for name, value in taken.items()])

    def build(self, hp: keras_tuner.HyperParameters) -> Any:
        """The compiled model; an empty one, which `fit` refuses, where there is none within the limits."""
        try:
            order = Order(self.spec(hp), self.recipe(hp), self.data, self.seed)
            refusal = _refusal(order.trained_spec, self.limits)
        except (UserError, Problem) as error:
            refusal = str(error)
        if refusal:  # a tuner builds the defaults before there is a trial to fail
            self._made = (no_model(), refusal)
        else:
            length = order.recipe.stages[0].steps or 10
            training = KerasFit(order, self.steps_per_epoch or max(1, length // 10))
            self._made = (training.model, training)
        return self._made[0]

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: Any,
        *_: Any,
        epochs: int = 1,
        initial_epoch: int = 0,
        callbacks: Sequence[Any] = (),
        verbose: Any = 0,
        **unknown: Any,
    ) -> Any:
        """Keras's history. Raises `UserError` for arguments that mean nothing here."""
        import keras_tuner

        if unknown:
            fact = f"tuner.search was given {', '.join(unknown)}"
            raise user_error(fact, "Data, batches and validation are the recipe's: leave them out")
        if self._made is None or self._made[0] is not model:
            raise user_error("this model is not the last that was built", "Let the tuner call build and fit")
        training = self._made[1]
        if isinstance(training, str):
            raise keras_tuner.errors.FailedTrialError(training)
        return training.fit(epochs, initial_epoch, list(callbacks), verbose)


def _refusal(spec: Spec, limits: tuple[Limit, ...]) -> str:
    """Why a network goes no further; empty where it may."""
    settings = Settings(metrics=tuple(dict.fromkeys(limit.metric for limit in limits)), limits=limits)
    rejected = screen(spec, settings).rejected if limits else None
    return rejected.reason if rejected else ""


def _is_installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
