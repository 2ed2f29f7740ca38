"""Trainings as measures: a recipe, the settings' data and seed; their mean IoU on whole validation images."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from archspec.errors import user_error
from archspec.graph import Graph
from archspec.measures._case import Case, Reading, opened
from archspec.record import Plain, package_versions

if TYPE_CHECKING:
    from archspec.measures._settings import Settings
    from archspec.train import Order, Recipe

PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu")
FROM_GRAPH = ("momentum", "initializer")


def recipe_of(settings: Settings, metric: str, usual: str = "") -> Recipe:
    """The recipe of a metric that trains. Raises `UserError` where none is named, and for its faults."""
    from archspec.train import load_recipe

    name = settings.recipes.get(metric, usual)
    if not name:
        raise user_error(f"'{metric}' trains, and no recipe is named for it", f"Name one in recipes, under {metric}")
    return load_recipe(name)


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
        return Order(case.network.spec, recipe, case.datasets, case.settings.seed)

    return case.once(f"order {metric}", make)


def training_conditions(case: Case, metric: str, usual: str = "") -> dict[str, Plain]:
    """Data, recipe, seed, start and versions."""
    order = order_of(case, metric, usual)
    stage, dataset = order.recipe.stages[-1], order.final
    return {
        **case.network_conditions,
        "data": dataset.name,
        "split": stage.validation.split,
        "data_fingerprint": order.fingerprints[f"{dataset.name} {stage.validation.split}"],
        "training_fingerprint": order.fingerprints[f"{dataset.name} {stage.split}"],
        "classes": len(dataset.classes),
        "recipe_digest": order.recipe.digest,
        "seed": order.seed,
        "weights_digest": None if order.imported is None else order.imported.digest,
        "start": start_of(case.network.graph),
        **package_versions(PACKAGES),
    }


def trained(case: Case, metric: str, usual: str = "") -> Reading:
    """Train, or go on, or read what was trained in this folder. Raises `UserError`; one that diverges has no value."""
    from archspec.train import Training

    order = order_of(case, metric, usual)
    outcome = Training(order, case.output).train()
    circumstances: dict[str, Plain] = {
        "recipe": order.recipe.name,
        "run": outcome.run.folder.name,
        "start_said": order.describe_start(),
    }
    if outcome.state == "failed":
        return Reading(None, circumstances, fault=f"the training diverged: {outcome.about.get('error')}")
    metrics: dict[str, Any] = outcome.about["metrics"]
    circumstances["val_images"] = metrics["val_images"]
    found = list(metrics["val_iou"].values())
    looks_wrong = "; ".join(order.label_cautions())
    if looks_wrong:
        circumstances["cautions"] = looks_wrong
    if None in found:
        circumstances["val_classes"] = f"{len(found) - found.count(None)} of {len(found)}"
    return Reading(float(metrics["val_miou"]), circumstances)


def start_of(graph: Graph) -> str:
    """8 hexadecimal letters for what a training depends on and the network's hash leaves out: how layers begin."""
    import hashlib

    found = Counter(
        (type(node.layer).__name__, *((key, repr(value)) for key, value in node.layer.config.items() if _is_start(key)))
        for node in graph.nodes
        if node.layer.weights(node)
    )
    return hashlib.blake2b(repr(sorted(found.items())).encode(), digest_size=4).hexdigest()


def _is_start(key: str) -> bool:
    return key.endswith(FROM_GRAPH)
