"""How fast training is: ours with data read, augmented and kept repeatable, against a plain Keras `fit` on arrays in
memory; and heads on cached features against end-to-end training.

All in one process on the same network, in turns: a round is some steps of each.
"""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.networks import CATALOG

from archspec.devices import median
from archspec.reporters import Column, Table
from archspec.spec import load
from archspec.train import Order, load_recipe
from archspec.train._recipe import CacheFeatures, Stage

FIT, OURS = "Keras fit, arrays in memory", "archspec train"
SCORES, CACHED = "archspec train, loss at the scores' own size", "the same, head alone on cached features"
AGAINST = {OURS: FIT, CACHED: SCORES}
BARS = {OURS: 0.95, CACHED: 5.0}
COLUMNS = (
    Column("what", "What"),
    Column("median_ms", "Median step", "ms", "number", 1),
    Column("min_ms", "Fastest round, a step", "ms", "number", 1),
    Column("cpu_ms", "CPU a step", "ms", "number", 1),
    Column("images_per_second", "Images / s", "", "number", 1),
    Column("against", "Against"),
    Column("ratio", "Its time / this", "", "number", 3),
    Column("cpu_ratio", "in CPU time", "", "number", 3),
    Column("bar", "Bar"),
    Column("met", "Met"),
)


@dataclass(frozen=True)
class Timed:
    """Milliseconds of a step in each round, on the wall and of the process's processor time."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]


def training(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it, and is no failure of the command."""
    from archspec.train._fit import prepare

    prepare(0)
    steps, rounds = (2, 2) if arguments.quick else (arguments.steps, arguments.rounds)
    order = _order(arguments)
    stage = order.recipe.stages[0]
    with tempfile.TemporaryDirectory() as folder:
        contestants = {
            FIT: _fit(order, stage, steps),
            OURS: _ours(order, stage, steps * (rounds + 2), arguments.quick),
            SCORES: _ours(order, replace(stage, upsample_logits=False), steps * (rounds + 2), arguments.quick),
            CACHED: _cached(order, stage, steps * (rounds + 2), Path(folder), arguments.quick),
        }
        found = _in_turns(contestants, steps, rounds)
    rows = [_row(what, found, stage.batch_size) for what in contestants]
    height, width = stage.augmentation.size
    notes = conditions(
        network=f"{order.spec.name}, {height} × {width}, batch {stage.batch_size}, {order.final.name}",
        losses="at the image's size in the first two rows; DeepLab's upsample_logits=False in the others",
        optimizer=f"{stage.optimizer.name}, losses {', '.join(term.name for term in stage.loss)}, no XLA anywhere",
        ours="decoded images kept in memory after the first epoch, each batch augmented anew; deterministic operators",
        ratios=f"medians of {rounds} rounds of {steps} steps each, paired round by round; CPU time of the process",
    )
    return Table("Speed of training", COLUMNS, tuple(rows), notes), True


def _order(arguments: Namespace) -> Order:
    from archspec.datasets import open_dataset

    dataset = open_dataset(arguments.data)
    size = "augmentation.crop=[64,96]" if arguments.quick else f"augmentation.crop={arguments.crop}"
    recipe = load_recipe(arguments.recipe, [size, "batch_size=2"] if arguments.quick else [size])
    return Order(load(arguments.spec, catalog=CATALOG), recipe, {arguments.data: dataset}, 0)


Steps = Callable[[int], None]


def _fit(order: Order, stage: Stage, steps: int) -> Steps:
    """Keras's own loop with the same network, losses and optimizer, on batches that are already there."""
    from archspec import lower
    from archspec.datasets import training_batches
    from archspec.graph.weights import initialise
    from archspec.lower.framework import keras
    from archspec.train._losses import total_loss

    graph = order.graph(stage)
    model = lower.to_keras(graph, initialise(graph, 0))
    loss = total_loss(stage.loss, None)
    decay = stage.weight_decay.value if stage.weight_decay else 0.0
    optimizer = keras.optimizers.AdamW(stage.learning_rate, weight_decay=decay)
    model.compile(optimizer=optimizer, loss=lambda labels, logits: loss(logits, labels), jit_compile=False)
    batches = list(_batches(training_batches, order, stage, steps))
    images, labels = (np.concatenate([np.asarray(batch[part]) for batch in batches]) for part in (0, 1))

    def take(count: int) -> None:
        some = count * stage.batch_size
        model.fit(images[:some], labels[:some], batch_size=stage.batch_size, epochs=1, shuffle=False, verbose=0)

    return take


def _batches(training_batches: Any, order: Order, stage: Stage, steps: int) -> Any:
    return training_batches(
        order.final, stage.split, augmentation=stage.augmentation, batch_size=stage.batch_size, seed=0, steps=steps
    )


def _ours(order: Order, stage: Stage, steps: int, quick: bool) -> Steps:
    """As `archspec train` does, its data read and augmented meanwhile."""
    from archspec.datasets import training_batches
    from archspec.graph.weights import initialise
    from archspec.train._fit import Fit

    graph = order.graph(stage)
    fit = Fit(stage, graph, initialise(graph, 0), class_weights=None, seed=0)
    epoch = 0 if quick else -(-len(order.final.examples(stage.split)) // stage.batch_size)
    batches = iter(fit.distributed(_batches(training_batches, order, stage, epoch + steps)))
    tell("reading the data once …" if epoch else "reading data …")
    for _ in range(epoch):
        next(batches)
    return _stepping(fit, stage, batches, steps)


def _cached(order: Order, stage: Stage, steps: int, folder: Path, quick: bool) -> Steps:
    """The same recipe with the backbone frozen and its features on disk."""
    from archspec.graph.weights import initialise
    from archspec.train._features import cached_features, feature_batches
    from archspec.train._fit import Fit
    from archspec.train._stage_graph import cut_graph

    stage = replace(stage, freeze=("backbone",), cache_features=CacheFeatures(), upsample_logits=False)
    stage = replace(stage, split="val") if quick else stage
    graph = order.graph(stage)
    cut = cut_graph(graph, stage.freeze)
    front, rear = cut.split(initialise(graph, 0))
    tell("computing features once …")
    features = cached_features(folder / "features", cut.front, front, order.final, stage, 0, lambda _, __: None)
    fit = Fit(stage, cut.rear, rear, class_weights=None, seed=0, fixed=front)
    return _stepping(fit, stage, iter(fit.distributed(feature_batches(features, stage.batch_size, 0, steps, 0))), steps)


def _stepping(fit: Any, stage: Stage, batches: Iterator[Any], steps: int) -> Steps:
    from archspec.train._optimizer import learning_rate

    done = iter(range(steps))

    def take(count: int) -> None:
        for _ in range(count):
            inputs, labels = next(batches)
            fit.step(inputs, labels, learning_rate(stage, next(done), steps))

    return take


def _in_turns(contestants: dict[str, Steps], steps: int, rounds: int) -> dict[str, Timed]:
    """A round of each to warm up (tracing takes long), then rounds in turns."""
    for what, take in contestants.items():
        tell(f"warming up: {what} …")
        take(steps)
    times: dict[str, list[tuple[float, float]]] = {what: [] for what in contestants}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds} …")
        for what, take in contestants.items():
            cpu, start = time.process_time(), time.perf_counter()
            take(steps)
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            times[what].append((1e3 * wall / steps, 1e3 * cpu / steps))
    return {what: Timed(tuple(w for w, _ in found), tuple(c for _, c in found)) for what, found in times.items()}


def _row(what: str, found: dict[str, Timed], batch_size: int) -> tuple[Any, ...]:
    timed, other = found[what], AGAINST.get(what, "")
    bar = BARS.get(what)
    ratio = _paired(found[other].wall, timed.wall) if other else None
    cpu_ratio = _paired(found[other].cpu, timed.cpu) if other else None
    return (
        what,
        median(timed.wall),
        min(timed.wall),
        median(timed.cpu),
        1e3 * batch_size / median(timed.wall),
        other,
        ratio,
        cpu_ratio,
        "" if bar is None else f"≥ {bar:g}",
        "" if bar is None or ratio is None else "yes" if ratio >= bar else "no",
    )


def _paired(theirs: tuple[float, ...], ours: tuple[float, ...]) -> float:
    return float(median([one / other for one, other in zip(theirs, ours, strict=True)]))


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("spec", nargs="?", default="camvid_shufflenetv2_05", help="a bundled name or a file")
    parser.add_argument("--recipe", default="proxy_short", help="a bundled name or a file; its first stage")
    parser.add_argument("--data", default="synthetic_streets", help="NAME or NAME:DIR")
    parser.add_argument("--crop", default="[180,240]", help="height and width of what is trained on")
    parser.add_argument("--steps", type=int, default=10, help="a round of each")
    parser.add_argument("--rounds", type=int, default=12, help="how many")
    run(training, parser.parse_args())
