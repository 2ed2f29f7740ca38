"""Trainings as measures: a recipe, the settings' data and seed; their mean IoU on whole validation images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archspec.errors import user_error
from archspec.graph.task import CLASSIFICATION, SEGMENTATION, describe_task
from archspec.measures._case import Case, Measurement, opened
from archspec.measures._worker import report_step
from archspec.record import Plain
from archspec.spec import override

if TYPE_CHECKING:
    from archspec.measures._settings import Settings
    from archspec.spec import Spec
    from archspec.train import Order, Recipe, StepReport, TrainingProgress

OF_CLASSIFIERS = ("top1", "top5")
SAME_TRAINING = {"top5": "top1"}  # whose recipe is theirs where none is named
Check = Callable[["Settings"], None]
Refusal = Callable[[Case], str]
Conditions = Callable[[Case], dict[str, Plain]]
Measuring = Callable[[Case], Measurement]


def of_training(
    metric: str, rung: str, seconds: float, usual: str = ""
) -> tuple[str, str, str, float, bool, Check, Refusal, Conditions, Measuring]:
    """What the file of a score after a training holds: UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal,
    conditions, measure. The recipe is the one that the settings name for the metric, else the `usual` one."""

    def check(settings: Settings) -> None:
        check_training(settings, metric, usual)

    def refusal(case: Case) -> str:
        return training_refusal(case, metric, usual)

    def conditions(case: Case) -> dict[str, Plain]:
        return training_conditions(case, metric, usual)

    def measure(case: Case) -> Measurement:
        return trained(case, metric, usual)

    return "", "more", rung, seconds, True, check, refusal, conditions, measure


def recipe_of(settings: Settings, metric: str, usual: str = "") -> Recipe:
    """The recipe of a metric that trains, at the length that the settings ask for.

    Raises `UserError` where none is named, for its faults, and for one without a trunk at another length.
    """
    from archspec.train import load_recipe, scaled

    name = settings.recipes.get(metric) or settings.recipes.get(SAME_TRAINING.get(metric, "")) or usual
    if not name:
        raise user_error(f"'{metric}' trains, and no recipe is named for it", f"Name one in recipes, under {metric}")
    recipe = load_recipe(name)
    steps = settings.training_steps
    return scaled(recipe, steps, settings.training_decay) if steps else recipe


def check_training(settings: Settings, metric: str, usual: str = "") -> None:
    """Raises `UserError` for a recipe that cannot be read, and without data that can."""
    recipe_of(settings, metric, usual)
    if not settings.data:
        raise user_error(f"'{metric}' needs data", "Name a data set, such as camvid:DIR or synthetic_streets")
    for reference in settings.data:
        opened(reference)


def order_of(case: Case, metric: str, usual: str = "") -> Order:
    """The training of a metric. Raises `UserError`."""
    from archspec.train import Order

    def make() -> Order:
        check_training(case.settings, metric, usual)
        recipe = recipe_of(case.settings, metric, usual)
        found = Order(_trained_spec(case, recipe), recipe, case.datasets, case.settings.seed)
        _check_task(metric, found)
        return found

    return case.once(f"order {metric}", make)


def _trained_spec(case: Case, recipe: Recipe) -> Spec:
    """The spec without how an int8 file is made of it, which no training in float32 looks at: networks that differ in
    that alone are trained once."""
    spec = case.network.spec
    quantises = any(getattr(stage, "quantization", "") for stage in recipe.stages)
    return spec if quantises or not case.network.quantization_digest else override(spec, {"quantization": {}})


def training_refusal(case: Case, metric: str, usual: str = "") -> str:
    """Why the training of a metric would say nothing of the network, if so: kernels that its crops cannot train.

    Raises `UserError`.
    """
    from archspec.train import describe_never_trained

    return describe_never_trained(order_of(case, metric, usual))


def _check_task(metric: str, order: Order) -> None:
    """Raises `UserError` for a score of another kind of labels than the data have."""
    wanted = CLASSIFICATION if metric in OF_CLASSIFIERS else SEGMENTATION
    if order.final.task != wanted:
        fact = f"'{metric}' is of data with {describe_task(wanted)}, and {order.final.name} has"
        remedy = f"Ask for {'top1' if wanted == SEGMENTATION else 'miou'}, or name other data"
        raise user_error(f"{fact} {describe_task(order.final.task)}", remedy)


def training_conditions(case: Case, metric: str, usual: str = "") -> dict[str, Plain]:
    """Data, recipe, seed, start and versions. Raises `UserError`."""
    return order_of(case, metric, usual).conditions(case.network)


def _reporting(metric: str) -> TrainingProgress:
    """Reports every step of a training under the name of its metric."""
    from archspec.train import TrainingProgress

    class Reporting(TrainingProgress):
        def step(self, report: StepReport) -> None:
            which = f" (stage {report.stage} of {report.stages})" if report.stages > 1 else ""
            report_step(f"{metric}{which}", report.step, report.steps)

        def caching(self, done: int, samples: int) -> None:
            report_step(f"features for {metric}", done, samples)

    return Reporting()


def training_folders(case: Case) -> tuple[str, ...]:
    """The folders below `case.output` that the trainings of a case leave: runs, and trunks that longer ones go on from.

    Raises `UserError`.
    """
    from archspec.measures import measure_named
    from archspec.train import TRUNKS, trunk_folder, trunk_of

    found = []
    for name in case.settings.asked:
        measure = measure_named(name)
        if not measure.trains:
            continue
        measure.conditions(case)  # which makes the order
        order: Order | None = case.made(f"order {name}")
        if order is None:
            continue
        trunk = trunk_folder(order, trunk_of(order.recipe), case.output)
        found += [order.name, *([f"{TRUNKS}/{trunk.folder.name}"] if trunk is not None else [])]
    return tuple(dict.fromkeys(found))


def trained(case: Case, metric: str, usual: str = "") -> Measurement:
    """Train, or go on, or read what was trained in this folder. Raises `UserError`; one that diverges has no value."""
    from archspec.train import Training, describe_duration

    order = order_of(case, metric, usual)
    outcome = Training(order, case.output, _reporting(metric), keeps_checkpoints=False).train()
    circumstances: dict[str, Plain] = {
        "recipe": order.recipe.name,
        "run": outcome.run.folder.name,
        "start_said": order.describe_start(),
        **describe_duration(outcome.about),
    }
    if outcome.state == "failed":
        return Measurement(None, circumstances, fault=f"the training diverged: {outcome.about.get('error')}")
    metrics: dict[str, Any] = outcome.about["metrics"]
    circumstances["val_images"] = metrics["val_images"]
    score, parts = (f"val_{metric}", "val_accuracy") if metric in OF_CLASSIFIERS else ("val_miou", "val_iou")
    found = list(metrics[parts].values())
    looks_wrong = "; ".join(order.label_cautions())
    if looks_wrong:
        circumstances["cautions"] = looks_wrong
    if None in found:
        circumstances["val_classes"] = f"{len(found) - found.count(None)} of {len(found)}"
    return Measurement(float(metrics[score]), circumstances)
