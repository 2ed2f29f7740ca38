"""`train`: a network by a recipe on data, to a result with the trained network."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.api.networks import Plugins, Source, load, names
from archspec.datasets import open_dataset
from archspec.files import is_file
from archspec.ledger import read_records_today, shared_ledger
from archspec.network import Network
from archspec.record import check_folder
from archspec.spec import Written
from archspec.train import Order, check_order, load_at_length

if TYPE_CHECKING:
    from archspec.ledger import KnownNumbers
    from archspec.train import TrainingProgress, TrainingResult


def train(
    network: Source,
    recipe: Written,
    *,
    data: str | Sequence[str],
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    seed: int = 0,
    steps: int | None = None,
    recipe_overrides: Sequence[str] = (),
    output: str | os.PathLike[str] = "runs",
    ledger: str = "",
    tensorboard: bool = False,
    plugins: Plugins = (),
    progress: TrainingProgress | None = None,
) -> TrainingResult:
    """Train a network; the same call goes on where it was stopped, and does not repeat what is finished.

    Args:
        network: as of `archspec.load`. Its classes become those of the data.
        recipe: how: the name of a bundled recipe, a path, YAML text, or a mapping with the keys of a recipe.
        data: what on: `"NAME:FOLDER"` of a data set, or several for a recipe of several stages.
        weights: a file to start from, or `{"file": FILE, "format": FORMAT}`; else those that the spec names, or fresh.
        seed: of fresh weights, the order of the data, augmentation and dropout.
        steps: updates of each stage, whatever the recipe says; of all stages together where the recipe has a trunk.
        recipe_overrides: changes of the recipe, such as `["learning_rate=0.001"]`.
        output: the run is the folder `output/<name>-<recipe>-<hash>-s<seed>`.
        ledger: where the scores are kept too: a file, or a database's URL; else `ledger.db` in the folder of runs.
        tensorboard: write events for TensorBoard too.
        plugins: folders of your own blocks, losses, data sets, …
        progress: is called back after each step.

    Returns:
        A result with `network` (a `Network` with the trained weights), `miou` (0..1, of whole validation images),
        `history` (the log; `history.to_frame()`), `folder`, and `to_frame()` (the IoU of each class). Where the loss
        came apart `state` is `"failed"` and there is no network.

    Raises:
        UserError: for a spec, a recipe or data that cannot be used, before anything slow.

    Example:
        >>> import archspec
        >>> run = archspec.train("camvid_shufflenetv2_05", "synthetic_quick", data="synthetic_streets", steps=1,
        ...                      recipe_overrides=["batch_size=2", "validation.images=1"])
        >>> run.state, list(run.history.to_frame().columns[:3])
        ('finished', ['stage', 'step', 'loss'])
        >>> run.network
        <Network camvid_shufflenetv2_05: 360 x 480 x 3, ... parameters, ... GFLOPs>
    """
    net = load(network, {} if weights is None else {"weights": weights}, plugins=plugins)
    order = order_of(net, recipe, names(data), seed=seed, steps=steps, recipe_overrides=recipe_overrides)
    check(order, Path(output))
    with shared_ledger(ledger, Path(output), warnings.warn) as kept:
        return run(order, Path(output), progress, ledger=kept, tensorboard=tensorboard)


def order_of(
    network: Network,
    recipe: Written,
    data: Sequence[str],
    *,
    seed: int,
    steps: int | None,
    recipe_overrides: Sequence[str] = (),
) -> Order:
    """What is trained, how and on what. Raises `UserError`."""
    found = load_at_length(recipe, recipe_overrides, steps)
    return Order(network.spec, found, {one: open_dataset(one) for one in data}, seed)


def check(order: Order, root: Path) -> None:
    """Raises `UserError` with what is wrong, before TensorFlow is imported."""
    check_folder(root)
    check_order(order)
    order.label_cautions()  # a split without any is refused


def run(
    order: Order,
    root: Path,
    progress: TrainingProgress | None = None,
    *,
    ledger: KnownNumbers | None = None,
    tensorboard: bool = False,
) -> TrainingResult:
    """Train what was checked, or go on with it; its scores are added to the ledger. Imports TensorFlow."""
    from archspec.train import Training

    result = Training(order, root, progress, tensorboard=tensorboard, checked=True).train()
    if ledger is not None and is_file(result.run.records):
        ledger.add(read_records_today(result.run.records))
    return result
