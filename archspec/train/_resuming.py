"""From the folder of a run back to what was asked of it."""

from __future__ import annotations

from pathlib import Path

from archspec.catalog import Catalog
from archspec.datasets import open_dataset
from archspec.errors import Place, user_error
from archspec.spec import parse
from archspec.train._order import Order
from archspec.train._recipe_reading import load_recipe
from archspec.train._run import Run


def resumed_order(folder: Path, catalog: Catalog) -> Order:
    """The order of a run. Raises `UserError` when it is none, or when its data or its weights are not the same now."""
    about = Run(folder).about()
    if not about:
        raise user_error("no run.json here", "Name the folder of a run", place=Place(str(folder)))
    spec = parse(about["spec"], file=str(folder / "run.json"), catalog=catalog)
    recipe = load_recipe(folder / "recipe.yaml", name=about["recipe"])
    order = Order(spec, recipe, {one: open_dataset(one) for one in about["data"]}, about["seed"])
    if order.name != folder.resolve().name:
        raise user_error(
            f"what it was trained with has changed: it would be '{order.name}' now",
            "Bring back its data and weights, or train anew",
            place=Place(str(folder)),
        )
    return order
