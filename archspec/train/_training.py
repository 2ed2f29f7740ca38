"""A training from its order to the folder it leaves; begun again, it goes on where it was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec import lower
from archspec.arrays import Array
from archspec.datasets import Dataset
from archspec.errors import Place, UserError, user_error
from archspec.graph import Graph, split_ranges
from archspec.network import Network
from archspec.record import interruption, write_records
from archspec.reporters import Column, Table, Tabular
from archspec.scoring import describe_missing
from archspec.train._checkpoint import Position, checkpoints, read_checkpoint, write_checkpoint
from archspec.train._checks import check_order
from archspec.train._class_validation import AnyScores, validator_for
from archspec.train._distillation import Distillation
from archspec.train._features import Features, cached_features, feature_batches, features_key
from archspec.train._fit import Fit, prepare, weights_in
from archspec.train._losses import class_weights
from archspec.train._optimizer import check_values
from archspec.train._order import Order, stage_batches, stage_steps
from archspec.train._progress import COLUMNS as LOG_COLUMNS
from archspec.train._progress import Log, TensorBoard, TrainingProgress
from archspec.train._recipe import Stage
from archspec.train._run import Run, training_records
from archspec.train._run_file import describe_duration
from archspec.train._stage_graph import carried, cut_graph, makes_masks, network_weights
from archspec.train._stage_run import Diverged, StageRun
from archspec.train._trunk import trunk_of
from archspec.train._trunk_folder import TrunkFolder, trunk_folder
from archspec.train._untrained_taps import describe_untrained_taps
from archspec.weights import save_weights

BatchesFrom = Callable[[int], Any]


CLASS_COLUMNS = (Column("class", "class"), Column("iou", "val IoU", kind="number", digits=4))


@dataclass(frozen=True)
class TrainingResult(Tabular):
    """What became of a run: `state` is `finished` or `failed`; `fresh` unless it was so before.

    As a table it is the validation IoU of each class, and their mean.
    """

    run: Run
    state: str
    about: dict[str, Any]
    fresh: bool

    @property
    def folder(self) -> Path:
        """Where everything of the run is."""
        return self.run.folder

    @property
    def miou(self) -> float | None:
        """Mean IoU of the validation split, 0..1; None of a training that failed."""
        found = self.about["metrics"].get("val_miou")
        return None if found is None else float(found)

    @property
    def top1(self) -> float | None:
        """Of a classifier, the share of validation images whose class has the highest score; else None."""
        found = self.about["metrics"].get("val_top1")
        return None if found is None else float(found)

    @cached_property
    def network(self) -> Network:
        """The network with its trained weights. Raises `UserError` for a training that failed: there are none."""
        if self.state != "finished":
            fact = f"this training failed ({self.about['error']}), so there are no trained weights"
            raise user_error(fact, "Train with a lower learning rate", place=Place(str(self.folder)))
        return Network.load(self.folder / "spec.yaml")

    @property
    def history(self) -> Table:
        """The log: stage, step, loss, learning rate, images a second, seconds, and the score where it was validated."""
        columns = tuple(Column(name, name, kind="number") for name in LOG_COLUMNS)
        rows = tuple(tuple(asdict(row).values()) for row in Log(self.run.log).rows())
        return Table(f"{self.folder.name}: log", columns, rows)

    def to_table(self) -> Table:
        """A row for each class, and one for their mean."""
        metrics = self.about["metrics"]
        if not metrics:
            return Table("", CLASS_COLUMNS, (), (f"failed: {self.about.get('error')}", f"run: {self.folder}"))
        if "val_top1" in metrics:
            return self._accuracies(metrics)
        partial = describe_missing(tuple(metrics["val_iou"].values()), tuple(metrics["val_iou"]))
        rows = (*metrics["val_iou"].items(), ("mean", metrics["val_miou"]))
        notes = (f"{metrics['val_images']} whole images", *filter(None, (partial,)), f"run: {self.folder}")
        return Table("", CLASS_COLUMNS, rows, notes)

    def _accuracies(self, metrics: Mapping[str, Any]) -> Table:
        """Of a classifier: the accuracy of each class, and of all images."""
        rows = (*metrics["val_accuracy"].items(), ("top-1", metrics["val_top1"]), ("top-5", metrics["val_top5"]))
        notes = (f"{metrics['val_images']} validation images", f"run: {self.folder}")
        columns = (Column("class", "class"), Column("accuracy", "val accuracy", kind="number", digits=4))
        return Table("", columns, rows, notes)


class Training:
    """One run. `train` begins or resumes it, and leaves a finished or failed one as it is."""

    def __init__(
        self,
        order: Order,
        root: Path,
        progress: TrainingProgress | None = None,
        *,
        tensorboard: bool = False,
        checked: bool = False,
        keeps_checkpoints: bool = True,
    ) -> None:
        """`checked`: `check_order` has been asked already. Without `keeps_checkpoints` a finished run has none."""
        self.order = order
        self._checked = checked
        self._keeps_checkpoints = keeps_checkpoints
        self._root = root
        self.run = Run(root / order.name)
        self.steps = tuple(stage_steps(order, stage) for stage in order.recipe.stages)
        self.progress = progress or TrainingProgress()
        self._tensorboard = tensorboard

    def train(self) -> TrainingResult:
        """Train to the end. Raises `KeyboardInterrupt` after Ctrl-C, with a checkpoint of the last step."""
        if self._is_done():
            self._clear()
            return TrainingResult(self.run, self.run.about()["state"], self.run.about(), fresh=False)
        if not self._checked:
            check_order(self.order)
        for stage in self.order.recipe.stages:
            check_values(stage.optimizer)
        for line in self.order.label_cautions():
            self.progress.message(f"caution: {line}")
        with self.run.locked(), self._running():
            if self._tensorboard:
                self.progress = TensorBoard(self.run.folder / "tensorboard", self.progress, self.steps)
            prepare(self.order.seed)
            try:
                with interruption() as wanted:
                    scores, weights = self._stages(wanted.is_set)
            except Diverged as fault:
                self.run.fail(fault.reason, fault.checkpoint)
                return TrainingResult(self.run, "failed", self.run.about(), fresh=True)
            self._finish(scores, weights)
            self._clear()
            return TrainingResult(self.run, "finished", self.run.about(), fresh=True)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """The run is running inside. Whatever ends it early, Ctrl-C too, leaves it stopped, with the reason."""
        if self.run.about():
            self.run.resume()
        else:
            self.run.begin(self.order, self.steps)
        try:
            yield
        except BaseException as error:
            with suppress(UserError):  # a full disk
                self.run.stop(error)
            raise

    def _is_done(self) -> bool:
        return self.run.about().get("state") in ("finished", "failed")

    def _stages(self, stopped: Callable[[], bool]) -> tuple[AnyScores, dict[str, Array]]:
        position, state = self._newest_state()
        weights = self.order.start_weights() if position is None else weights_in(state)
        seconds = 0.0 if position is None else position.seconds
        for number in range(position.stage if position else 0, len(self.steps)):
            stage = self.order.recipe.stages[number]
            if position is not None and self._is_over(position):
                position = None
                continue
            one = self._prepared(number, stage, weights, stopped)
            first, one.seconds = 0, seconds
            if position is not None:
                one.fit.restore(state)
                first = position.step
                one.last_checkpoint = checkpoints(self.run.checkpoints)[-1]
                self.progress.message(f"resumed after step {first} of stage '{stage.name}'")
            else:
                one.begin()
                one.keep(0)
            one.train(first)
            weights, position, seconds = one.fit.weights(), None, one.seconds
            self.run.note(seconds=seconds)
        return one.scores or one.validator.score(weights), weights  # of the last step, unless that was before

    def _is_over(self, position: Position) -> bool:
        """Whether a stage before the last is done, and the weights of the state are all that the next one needs."""
        done = position.step == self.steps[position.stage]
        return done and position.stage < len(self.steps) - 1 and self.order.recipe.stages[position.stage].ema is None

    def _prepared(self, number: int, stage: Stage, weights: dict[str, Array], stopped: Callable[[], bool]) -> StageRun:
        """A stage with its model, which begins with `weights` and what they lack afresh."""
        dataset = self.order.dataset(stage)[1]
        network = self.order.network(stage)
        graph = network.graph
        whole, fresh = carried(weights, network, self.order.seed)
        if stage.quantization is not None:
            whole |= split_ranges(weights)[1]
            self.progress.message(f"stage '{stage.name}' trains through int8: its scores are those of int8 arithmetic")
        if fresh:
            self.progress.message(f"stage '{stage.name}' begins with fresh {', '.join(fresh)}")
        warning = describe_untrained_taps(self.order, stage, dataset, graph)
        if warning:
            self.progress.message(warning)
        for fault in network.cautions:
            self.progress.message(f"caution: stage '{stage.name}': {fault}")
        seed = self.order.seed + number
        fit, batches = self._fit(stage, graph, whole, dataset, seed)
        validator = validator_for(self.order.spec, dataset, stage.validation, quantised=stage.quantization is not None)
        count, steps = len(self.steps), self.steps[number]
        return StageRun(
            self.run, stage, number, count, steps, fit, batches, validator, self.progress, stopped, self._trunk
        )

    def _fit(
        self, stage: Stage, graph: Graph, weights: dict[str, Array], dataset: Dataset, seed: int
    ) -> tuple[Fit, BatchesFrom]:
        """The model in training, and where its batches come from: images, or features of the frozen part."""
        steps = stage_steps(self.order, stage)
        weighting, heads = class_weights(stage, dataset), self.order.auxiliary_weights(stage)
        if stage.cache_features is None:
            fit = Fit(
                stage, graph, weights, class_weights=weighting, seed=seed, auxiliary_weights=heads,
                distillation=self._distillation(stage, cached=False), steps=steps,
            )  # fmt: skip
            return fit, lambda first: stage_batches(dataset, stage, seed, steps, first)
        cut = cut_graph(graph, stage.freeze)
        front, rear = cut.split(weights)
        features = self._features("features", stage, cut.front, front, dataset, seed)
        teacher = self.order.teacher(stage)
        taught = None
        if teacher is not None:
            taught = self._features("what the teacher says", stage, teacher.graph, teacher.weights, dataset, seed)
        fit = Fit(
            stage, cut.rear, rear, class_weights=weighting, seed=seed, auxiliary_weights=heads, fixed=front,
            distillation=self._distillation(stage, cached=True),
        )  # fmt: skip
        return fit, lambda first: feature_batches(features, stage.batch_size, seed, steps, first, taught)

    def _distillation(self, stage: Stage, *, cached: bool) -> Distillation | None:
        teacher = self.order.teacher(stage)
        if teacher is None or stage.teacher is None:
            return None
        self.progress.message(f"stage '{stage.name}' learns from {teacher.name} too, by its {stage.teacher.on}")
        return Distillation(
            stage.teacher, teacher, upsample_logits=stage.upsample_logits, masks=makes_masks(self.order.spec),
            cached=cached,
        )  # fmt: skip

    def _features(
        self, what: str, stage: Stage, front: Graph, weights: dict[str, Array], dataset: Dataset, seed: int
    ) -> Features:
        digest = self.order.fingerprints[f"{dataset.name} {stage.split}"]
        folder = (
            self.run.folder.parent
            / "features"
            / features_key(front, weights, digest, stage, seed, dataset.form.deep_range)
        )
        known = folder.is_dir()
        features = cached_features(folder, front, weights, dataset, stage, seed, self.progress.caching)
        size = f"{len(features.labels)} samples, {features.bytes / 1e6:.0f} MB in {folder}"
        self.progress.message(f"{what} {'found' if known else 'computed once'}: {size}")
        return features

    @cached_property
    def _trunk(self) -> TrunkFolder | None:
        """Where the trunk is that trainings of other lengths share; None for a recipe without one."""
        return trunk_folder(self.order, trunk_of(self.order.recipe, self.steps), self._root)

    def _newest_state(self) -> tuple[Position | None, dict[str, Array]]:
        """That of the run's last checkpoint, or of a trunk that is further and not past where this training branches
        off; it is the run's own from then on."""
        position, state = self._last_checkpoint()
        shared = None if self._trunk is None else self._trunk.newest(after=position)
        if self._trunk is None or shared is None:
            return position, state
        position, state = shared
        name, folder = self.order.recipe.stages[position.stage].name, self._trunk.folder
        steps = sum(self.steps[: position.stage]) + position.step
        place = {"folder": f"{folder.parent.name}/{folder.name}", "stage": name, "step": position.step}
        self.run.note(trunk={**place, "steps": steps, "seconds": position.seconds})
        self._trunk.copy_log(position, Log(self.run.log))
        write_checkpoint(self.run.checkpoints, position, state)
        self.progress.message(f"branches off from the trunk after step {position.step} of stage '{name}': {folder}")
        return position, state

    def _clear(self) -> None:
        """Remove the checkpoints of a finished run where nobody wants them."""
        if not self._keeps_checkpoints and self.run.about()["state"] == "finished":
            shutil.rmtree(self.run.checkpoints, ignore_errors=True)

    def _last_checkpoint(self) -> tuple[Position | None, dict[str, Array]]:
        """The newest that can be read; the log is cut back to it."""
        found = checkpoints(self.run.checkpoints)
        for path in reversed(found):
            with suppress(UserError):
                position, state = read_checkpoint(path)
                Log(self.run.log).cut(position)
                return position, state
            self.progress.message(f"{path} is damaged: the checkpoint before it is used")
            path.unlink()
        Log(self.run.log).cut(Position(0, 0))
        return None, {}

    def _finish(self, scores: AnyScores, weights: dict[str, Array]) -> None:
        """The trained network, as others load it, and its scores."""
        network = Network(self.order.trained_spec)
        weights = network_weights(weights, network.graph)
        save_weights(self.run.weights, weights, network.graph, source=f"trained: {self.run.folder.name}")
        lower.save_keras(network.to_keras(output="spec", weights=weights), self.run.model)
        duration = describe_duration(self.run.about())
        write_records(self.run.records, training_records(self.order, scores, self.steps, duration))
        self.run.finish(scores.metrics(self.order.final.classes.names))
