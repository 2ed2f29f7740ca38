"""`archspec train`: from a spec, a recipe and data to a folder with trained weights and their scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import (
    catalog,
    data_option,
    ledger_option,
    plugins_option,
    put_table,
    set_option,
    weights_changes,
    weights_options,
    wide_option,
)
from archspec.cli._paths import OutputFolder
from archspec.cli._terminal import say, spinner

if TYPE_CHECKING:
    from archspec.network import Network
    from archspec.train import Order, TrainingResult

FAILED = 1


@click.command()
@click.argument("spec", required=False)
@click.option("--recipe", metavar="RECIPE", help="Recipe to train by: a path, or a bundled recipe's name.")
@data_option
@weights_options("File of weights to start from; the same as --set weights=FILE.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Seed of fresh weights, data order, augmentation and dropout.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1),
              help="Train each stage for this many steps, or all together where the recipe has a trunk.")  # fmt: skip
@click.option("--output", "root", type=OutputFolder(), default=Path("runs"), show_default=True, metavar="FOLDER",
              help="Write the run to FOLDER/<name>-<recipe>-<hash>-s<seed>/.")  # fmt: skip
@click.option("--resume", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUN",
              help="Go on with the run of this folder, instead of SPEC, --recipe and --data.")  # fmt: skip
@click.option("--tensorboard", is_flag=True, help="Also write events for TensorBoard.")
@ledger_option("the folder of --output")
@click.option("--set-recipe", "changes", metavar="PATH=VALUE", multiple=True,
              help="Change a value of the recipe, e.g. --set-recipe learning_rate=0.001. Repeatable.")  # fmt: skip
@set_option
@plugins_option
@wide_option
def train(
    spec: str | None,
    recipe: str | None,
    references: tuple[str, ...],
    weights: Path | None,
    weights_format: str | None,
    seed: int,
    steps: int | None,
    root: Path,
    resume: Path | None,
    tensorboard: bool,
    ledger: str,
    changes: tuple[str, ...],
    overrides: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Train SPEC (a path, or a bundled name) by a recipe.

    A training that was stopped, by Ctrl-C or a crash, goes on with the same command and ends with the same weights. A
    finished run is not repeated; another spec, recipe, start or data set makes another run. The command exits with 1
    when the loss is no longer finite.
    """
    if resume is not None:
        if spec or recipe or references or weights or steps or changes or overrides:
            raise click.UsageError("--resume RUN knows its spec, recipe and data. Leave the others out")
        from archspec.train import resumed_order

        order, root = resumed_order(resume, catalog(plugins)), resume.parent
    else:
        if not spec or not recipe or not references:
            raise _missing(SPEC=spec, recipe=recipe, data=references)
        from archspec.api.training import order_of

        network = _network(spec, overrides, weights, weights_format, plugins)
        order = order_of(network, recipe, references, seed=seed, steps=steps, recipe_overrides=changes)
    _run(order, root, tensorboard, ledger)


def _missing(**given: object) -> click.UsageError:
    """The fault that names everything that was not given."""
    missing = [name if name.isupper() else f"--{name}" for name, value in given.items() if not value]
    named = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    usage = "archspec train SPEC --recipe RECIPE --data NAME:DIR, or --resume RUN"
    return click.UsageError(f"{named} {'is' if len(missing) == 1 else 'are'} missing. Write {usage}")


def _network(
    name: str, overrides: tuple[str, ...], weights: Path | None, weights_format: str | None, plugins: tuple[Path, ...]
) -> Network:
    from archspec.network import Network

    network = Network.load(name, overrides, catalog=catalog(plugins))
    for change in weights_changes(weights, weights_format):
        network = network.changed(change)
    return network


def _run(order: Order, root: Path, tensorboard: bool, ledger: str) -> None:
    from archspec.api.training import check, run
    from archspec.cli._training_progress import training_progress
    from archspec.ledger import shared_ledger

    with spinner("looking at the labels"):
        check(order, root)
    with spinner("loading TensorFlow"):
        from archspec.train import Training  # noqa: F401
    with shared_ledger(ledger, root, say) as kept, training_progress(order) as progress:
        result = run(order, root, progress, ledger=kept, tensorboard=tensorboard)
    put_result(result)
    if result.state == "failed":
        raise click.exceptions.Exit(FAILED)


def put_result(result: TrainingResult) -> None:
    """What became of it, and where it is."""
    about = result.about
    if result.state == "failed":
        say(f"failed: {about['error']}")
        last = about["last_good_checkpoint"]
        say(f"last good checkpoint: {result.folder / last if last else 'none'}")
        return
    if not result.fresh:
        print(f"finished before ({about['finished']}): not trained again")
    put_table(result.to_table(), "table", None)
